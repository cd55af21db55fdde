import numpy as np

from kit.evaluation.texts._words import coloured, word_weights
from kit.tokenizers import Bytes, WordPiece

PIECES = WordPiece(["[PAD]", "[UNK]", "[START]", "[END]", "so", "##ft", "tea", "!"])


def test_pieces_of_a_word_are_summed_and_the_text_stays_as_written():
    text = "  Soft, Tea! "
    weights = np.array([1.0, 2.0, 0.5, -4.0, 8.0])
    found = word_weights(PIECES, text, weights, 20)
    assert "".join(part for part, _ in found) == text
    assert [(part, weight) for part, weight in found if weight is not None] == [
        ("Soft", 3.0),
        (",", 0.5),
        ("Tea", -4.0),
        ("!", 8.0),
    ]


def test_what_was_not_read_has_no_number():
    # Five pieces, of which the first and the last three were read.
    found = word_weights(PIECES, "tea so soft !", np.array([1.0, 2.0, 3.0, 4.0]), 6)
    weights = [weight for part, weight in found if part != " "]
    assert np.isnan(weights[1])
    assert [weights[n] for n in (0, 2, 3)] == [1.0, 5.0, 4.0]
    assert "so" in coloured(found)


def test_bytes_are_grouped_by_words():
    found = word_weights(Bytes(), "\u8336 x", np.array([1.0, 1, 1, 0, 5]), 9)
    assert found == [("\u8336", 3.0), (" ", 0.0), ("x", 5.0)]


def test_words_are_escaped_and_faint_ones_left_plain():
    html = coloured([("<b>", 2.0), (" & ", None), ("x", 0.01)])
    assert "&lt;b&gt;</mark> &amp; x" in html
    assert coloured([("a", None), ("b", 0.0)]) == "ab"

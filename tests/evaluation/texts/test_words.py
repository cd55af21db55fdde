import numpy as np

from kit.evaluation.texts._words import coloured, word_weights
from kit.tokenizers import Bytes, WordPiece

PIECES = WordPiece(["[PAD]", "[UNK]", "[START]", "[END]", "so", "##ft", "tea", "!"])


def test_pieces_of_a_word_are_summed_and_the_text_stays_as_written():
    text = "  Soft, Tea! "
    weights = np.array([1.0, 2.0, 0.5, -4.0, 8.0])
    found = word_weights(PIECES, text, weights)
    assert "".join(part for part, _ in found) == text
    assert [(part, weight) for part, weight in found if weight is not None] == [
        ("Soft", 3.0),
        (",", 0.5),
        ("Tea", -4.0),
        ("!", 8.0),
    ]


def test_what_was_cut_off_has_no_weight():
    found = word_weights(PIECES, "soft tea", np.array([1.0, 2.0]))
    assert found == [("soft", 3.0), (" ", None), ("tea", None)]
    assert word_weights(PIECES, "soft", np.array([1.0])) == [("soft", None)]


def test_bytes_are_grouped_by_words():
    found = word_weights(Bytes(), "\u8336 x", np.array([1.0, 1, 1, 0, 5]))
    assert found == [("\u8336", 3.0), (" ", 0.0), ("x", 5.0)]


def test_words_are_escaped_and_faint_ones_left_plain():
    html = coloured([("<b>", 2.0), (" & ", None), ("x", 0.01)])
    assert "&lt;b&gt;</mark> &amp; x" in html
    assert coloured([("a", None), ("b", 0.0)]) == "ab"

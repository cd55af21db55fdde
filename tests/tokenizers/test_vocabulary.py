import pytest

from kit.tokenizers import SPECIAL_TOKENS, WordPiece, train_wordpiece

TEXTS = ["The lowest tide", "lower and lower still", "the newest, the newer", "Été"] * 3


def test_marks_come_first_and_all_words_can_be_cut() -> None:
    pieces = train_wordpiece(TEXTS, 60)
    assert tuple(pieces[: len(SPECIAL_TOKENS)]) == SPECIAL_TOKENS
    assert len(pieces) <= 60
    numbers = WordPiece(pieces).tokenize([*TEXTS, "lowtide"])
    assert 1 not in numbers.flat_values.numpy()


def test_the_order_of_texts_does_not_matter() -> None:
    assert train_wordpiece(TEXTS, 60) == train_wordpiece(TEXTS[::-1], 60)


def test_letters_stay_as_they_are_where_asked() -> None:
    pieces = train_wordpiece(TEXTS, 80, lower=False, plain=False)
    assert {"T", "É"} <= set(pieces)


@pytest.mark.parametrize("texts", [[], ["", " \n"]])
def test_texts_without_a_word_are_refused(texts: list[str]) -> None:
    with pytest.raises(ValueError, match="no word"):
        train_wordpiece(texts, 60)

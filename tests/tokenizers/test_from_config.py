import pytest

from kit.tokenizers import Bytes, WordPiece, tokenizer_of, train_wordpiece

WORDS = WordPiece(train_wordpiece(["so new", "Newest and newer"], 40), lower=False)


@pytest.mark.parametrize("tokens", [Bytes(), WORDS])
def test_each_is_made_again_from_its_config(tokens):
    again = tokenizer_of(tokens.get_config())
    assert type(again) is type(tokens)
    assert again.size == tokens.size
    text = ["So new!"]
    assert again.tokenize(text).to_list() == tokens.tokenize(text).to_list()


@pytest.mark.parametrize("tokens", [Bytes(), WORDS])
def test_parts_have_the_pieces_of_the_text(tokens):
    for text in ("newest, and so: newer", "", "  x "):
        pieces = sum(count for _, count in tokens.pieces(text))
        assert pieces == tokens.tokenize([text]).row_lengths()[0]

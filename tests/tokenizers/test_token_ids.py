import numpy as np

from kit.tokenizers import Bytes, TokenIds, _token_ids, encode_batch


def test_texts_are_as_the_tokenizer_pads_them(monkeypatch):
    monkeypatch.setattr(_token_ids, "TEXTS_AT_ONCE", 2)
    texts = ["a", "", "abcdefg", "xy", "z"]
    found = encode_batch(Bytes(), texts, 6)
    assert len(found) == 5
    assert found.lengths.tolist() == [3, 2, 6, 4, 3]
    expected = Bytes().padded(texts, 6, ends=True).numpy()
    np.testing.assert_array_equal(found.padded(np.arange(5)), expected)


def test_some_rows_are_padded_to_their_longest():
    numbers = TokenIds(np.arange(1, 7, dtype=np.int32), np.array([0, 3, 4, 6]))
    assert numbers.padded(np.array([2, 1])).tolist() == [[5, 6], [4, 0]]


def test_no_text_at_all():
    assert len(encode_batch(Bytes(), [], 6)) == 0

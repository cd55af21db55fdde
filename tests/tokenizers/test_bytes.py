import tensorflow as tf

from kit.tokenizers import Bytes

TEXTS = ["", "a b", "Čaj 茶 🫖\n"]


def test_bytes_there_and_back():
    tokens = Bytes()
    numbers = tokens.padded(TEXTS, 30)
    assert tokens.detokenize(numbers).numpy().tolist() == [text.encode() for text in TEXTS]
    assert int(tf.reduce_max(numbers)) < tokens.size
    assert tokens.tokenize(TEXTS).row_lengths().numpy().tolist() == [
        len(text.encode()) for text in TEXTS
    ]


def test_parts_make_up_the_text():
    parts = Bytes().pieces(TEXTS[2])
    assert "".join(part for part, _ in parts) == TEXTS[2]
    assert [count for _, count in parts] == [4, 1, 3, 1, 4, 1]


def test_any_bytes_are_taken():
    assert Bytes().tokenize([b"\xff\x00"]).to_list() == [[259, 4]]

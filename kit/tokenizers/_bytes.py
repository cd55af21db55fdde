"""Texts as their bytes."""

import re
from typing import Any

import tensorflow as tf

from kit.tokenizers._tokenizer import Tokenizer
from kit.tokenizers._vocabulary import SPECIAL_TOKENS

FIRST = len(SPECIAL_TOKENS)


class Bytes(Tokenizer):
    """Texts as numbers of their bytes in UTF-8, and back: no vocabulary, nothing unknown.

    Sequences are long, some five times those of subword tokens. Everything is of TensorFlow's
    core.

    Source: Xue et al. (2022), ByT5: towards a token-free future with pre-trained byte-to-byte
    models.

    Example:

    >>> tokens = Bytes()
    >>> tokens.padded(["né"], 6).numpy().tolist()
    [[2, 114, 199, 173, 3, 0]]
    >>> tokens.detokenize([[2, 114, 199, 173, 3, 0]]).numpy()[0].decode()
    'né'
    """

    padding, unknown, start, end = range(FIRST)
    size = FIRST + 256

    def __init__(self) -> None:
        super().__init__()
        self._bytes = tf.constant([b""] * FIRST + [bytes([value]) for value in range(256)])

    def get_config(self) -> dict[str, Any]:
        """What makes the same tokenizer again: `Bytes(**config)`."""
        return {}

    def tokenize(self, texts: Any) -> tf.RaggedTensor:
        """Numbers of bytes, without marks.

        Args:
            texts: string [batch].

        Returns:
            int32 [batch, (bytes)].
        """
        values = tf.strings.bytes_split(texts)
        numbers = tf.io.decode_raw(values.flat_values, tf.uint8)
        return values.with_flat_values(tf.cast(tf.reshape(numbers, [-1]), tf.int32) + FIRST)

    def pieces(self, text: str) -> list[tuple[str, int]]:
        """Words and the spaces between them, each with the number of its bytes.

        Args:
            text: one.
        """
        return [(part, len(part.encode())) for part in re.findall(r"\s+|\S+", text)]

    def detokenize(self, numbers: Any) -> Any:
        """The text of bytes; marks are left out, and what follows an end.

        Args:
            numbers: int32 [batch, bytes].

        Returns:
            string [batch].
        """
        numbers = tf.convert_to_tensor(numbers)
        pieces = tf.where(self.is_text(numbers), tf.gather(self._bytes, numbers), b"")
        return tf.strings.reduce_join(pieces, axis=-1)

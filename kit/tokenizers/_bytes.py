"""Texts as their bytes."""

import re
from typing import Any

import tensorflow as tf

from kit.tokenizers._rectangle import rectangle, with_marks
from kit.tokenizers._vocabulary import MARKS

FIRST = len(MARKS)


class Bytes(tf.Module):
    """Texts as numbers of their bytes in UTF-8, and back: no vocabulary, nothing unknown.

    Sequences are long, some five times those of pieces of words. Everything is of TensorFlow's
    core.

    Source: Xue et al. (2022), ByT5: towards a token-free future with pre-trained byte-to-byte
    models.

    Example:

    >>> tokens = Bytes()
    >>> tokens.padded(["né"], 6).numpy().tolist()
    [[2, 114, 199, 173, 3, 0]]
    >>> tokens.text_of([[2, 114, 199, 173, 3, 0]]).numpy()[0].decode()
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

    def padded(
        self,
        texts: Any,
        length: int | Any,
        *,
        marked: bool = True,
        shortest: bool = False,
        ends: bool = False,
    ) -> Any:
        """Numbers of bytes as a rectangle, see `WordPiece.padded`."""
        pieces = self.tokenize(texts)
        if not marked:
            return rectangle(pieces, self.padding, length, shortest)
        rows = with_marks(pieces, self.start, self.end, length, ends)
        return rectangle(rows, self.padding, length, shortest)

    def parts_of(self, text: str) -> list[tuple[str, int]]:
        """Words and the spaces between them, each with the number of its bytes.

        Args:
            text: one.
        """
        return [(part, len(part.encode())) for part in re.findall(r"\s+|\S+", text)]

    def text_of(self, numbers: Any) -> Any:
        """The text of bytes; marks are left out, and what follows an end.

        Args:
            numbers: int32 [batch, bytes].

        Returns:
            string [batch].
        """
        numbers = tf.convert_to_tensor(numbers)
        ended = tf.cumsum(tf.cast(numbers == self.end, tf.int32), axis=1) > 0
        pieces = tf.where(ended, b"", tf.gather(self._bytes, numbers))
        return tf.strings.reduce_join(pieces, axis=-1)

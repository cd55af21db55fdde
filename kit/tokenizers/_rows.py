"""Rows of pieces as a model takes them, of any tokenizer."""

from abc import abstractmethod
from typing import Any

import tensorflow as tf

from kit.tokenizers._rectangle import rectangle, with_marks


class PieceRows(tf.Module):
    """What is the same for all tokenizers once the numbers of pieces are known.

    Attributes:
        padding: number of what stands for nothing.
        start: number before every text.
        end: number after every text.
    """

    padding: int
    start: int
    end: int

    @abstractmethod
    def tokenize(self, texts: Any) -> tf.RaggedTensor:
        """Numbers of pieces, without marks.

        Args:
            texts: string [batch].

        Returns:
            int32 [batch, (pieces)].
        """

    def marked(self, texts: Any, length: int | Any) -> tf.RaggedTensor:
        """Numbers of pieces between a start and an end: what is too long loses its last pieces.

        Args:
            texts: string [batch].
            length: most pieces of a row, with its marks.

        Returns:
            int32 [batch, (pieces)].
        """
        return with_marks(self.tokenize(texts), self.start, self.end, length)

    def padded(
        self,
        texts: Any,
        length: int | Any,
        *,
        marked: bool = True,
        shortest: bool = False,
        ends: bool = False,
    ) -> Any:
        """Numbers of pieces as a rectangle: what is too long loses its end.

        Args:
            texts: string [batch].
            length: of every row, with its marks.
            marked: whether the start and the end are marked.
            shortest: whether rows are no longer than the longest needs; `length` is the most then.
            ends: whether a marked text too long keeps its end and loses its middle.

        Returns:
            int32 [batch, length].
        """
        pieces = self.tokenize(texts)
        if marked:
            pieces = with_marks(pieces, self.start, self.end, length, ends)
        return rectangle(pieces, self.padding, length, shortest)

    def is_text(self, numbers: Any) -> Any:
        """Which of numbers are of the text: no marks, and nothing behind an end.

        Args:
            numbers: int32 [batch, pieces].

        Returns:
            bool [batch, pieces].
        """
        ended = tf.cumsum(tf.cast(numbers == self.end, tf.int32), axis=1) > 0
        return ~ended & (numbers != self.padding) & (numbers != self.start)

"""What every tokenizer does."""

from abc import abstractmethod
from collections.abc import Callable
from typing import Any

import tensorflow as tf

from kit.tokenizers._rectangle import rectangle, with_marks


class Tokenizer(tf.Module):
    """Texts to numbers inside the graph, and back.

    Attributes:
        padding: number of what stands for nothing.
        unknown: number of what is not known.
        start: number before every text.
        end: number after every text.
    """

    padding: int
    unknown: int
    start: int
    end: int

    @property
    @abstractmethod
    def size(self) -> int:
        """How many different numbers there are."""

    @abstractmethod
    def get_config(self) -> dict[str, Any]:
        """What makes the same tokenizer again."""

    @abstractmethod
    def tokenize(self, texts: Any) -> tf.RaggedTensor:
        """Numbers of pieces, without marks.

        Args:
            texts: string [batch].

        Returns:
            int32 [batch, (pieces)].
        """

    @abstractmethod
    def pieces(self, text: str) -> list[tuple[str, int]]:
        """The words of a text as they are written, each with the number of its pieces.

        Args:
            text: one.
        """

    @abstractmethod
    def detokenize(self, numbers: Any) -> Any:
        """The text of pieces; marks are left out, and what follows an end.

        Args:
            numbers: int32 [batch, pieces].

        Returns:
            string [batch].
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


def pieces_of_words(
    words: tf.RaggedTensor, cut: Callable[[Any], tf.RaggedTensor]
) -> tf.RaggedTensor:
    """Ids of subword tokens, each different word cut once.

    Args:
        words: string [batch, (words)].
        cut: numbers of the pieces of each word, int32 [words, (pieces)].

    Returns:
        int32 [batch, (pieces)].
    """
    different, place = tf.unique(words.flat_values)
    return words.with_flat_values(tf.gather(cut(different), place)).merge_dims(1, 2)


def with_counts(words: Any, pieces: tf.RaggedTensor) -> list[tuple[str, int]]:
    """Words, each with the number of its pieces.

    Args:
        words: string [words].
        pieces: int32 [words, (pieces)].
    """
    counts = pieces.row_lengths().numpy()
    return [(word.decode(), int(count)) for word, count in zip(words.numpy(), counts, strict=True)]

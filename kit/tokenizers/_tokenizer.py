"""What tokenizers share."""

from abc import abstractmethod
from collections.abc import Callable
from typing import Any

import tensorflow as tf

# An empty batch, too, has some columns.
NARROWEST = 2


def truncate_middle(length: int | Any) -> tuple[Any, Any]:
    """How many pieces of the start and of the end of a text too long are kept, without marks.

    A quarter of the start and the rest of the end: what a text comes to stands there.

    Args:
        length: of the longest row, with its marks.

    Source: Sun et al. (2019), How to fine-tune BERT for text classification?

    Example:

    >>> truncate_middle(258)
    (64, 192)
    """
    start = (length - 2) // 4
    return start, length - 2 - start


def with_special_tokens(
    pieces: tf.RaggedTensor, start: int, end: int, length: int | Any, ends: bool = False
) -> tf.RaggedTensor:
    """A start before every row and an end after it; a row too long for both is cut.

    Args:
        pieces: int32 [batch, (pieces)].
        start: number of the mark.
        end: number of the mark.
        length: of the longest row, with its marks.
        ends: whether a row too long loses its middle, not its end.
    """
    if ends:
        first, last = truncate_middle(length)
        lengths = pieces.row_lengths()
        places = tf.ragged.range(lengths).flat_values
        of_row = tf.gather(lengths, pieces.value_rowids())
        kept = (places < first) | (places >= of_row - last)
        pieces = tf.RaggedTensor.from_row_lengths(
            tf.boolean_mask(pieces.flat_values, kept),
            tf.minimum(lengths, first + last),
            validate=False,
        )
    else:
        pieces = pieces[:, : length - 2]
    rows = pieces.nrows()
    return tf.concat([tf.fill([rows, 1], start), pieces, tf.fill([rows, 1], end)], axis=1)


def rectangle(pieces: tf.RaggedTensor, padding: int, length: int | Any, shortest: bool) -> Any:
    """Rows filled up with padding, or cut.

    Args:
        pieces: int32 [batch, (pieces)].
        padding: number of the mark.
        length: of every row.
        shortest: whether rows are no longer than the longest needs; `length` is the most then.

    Returns:
        int32 [batch, length].
    """
    if not shortest:
        return pieces.to_tensor(padding, shape=[None, length])
    found = pieces[:, :length].to_tensor(padding)
    missing = tf.maximum(NARROWEST - tf.shape(found)[1], 0)
    return tf.pad(found, [[0, 0], [0, missing]], constant_values=padding)


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
        return with_special_tokens(self.tokenize(texts), self.start, self.end, length)

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
            pieces = with_special_tokens(pieces, self.start, self.end, length, ends)
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

"""The base class of tokenizers, truncation and padding."""

from abc import abstractmethod
from collections.abc import Callable
from typing import Any

import tensorflow as tf

# Minimum number of columns, which an empty batch has, too.
NARROWEST = 2


def truncate_middle(length: int | Any) -> tuple[Any, Any]:
    """How many tokens to keep of the start and of the end of a text that is too long.

    A quarter of the tokens comes from the start and the rest from the end, where the conclusion of
    a text usually is.

    Args:
        length: maximum number of tokens of a text, its two special tokens included.

    Returns:
        The two numbers of tokens, special tokens not counted.

    Source: Sun et al. (2019), How to fine-tune BERT for text classification?

    Example:

    >>> truncate_middle(258)
    (64, 192)
    """
    start = (length - 2) // 4
    return start, length - 2 - start


def with_special_tokens(
    tokens: tf.RaggedTensor, start: int, end: int, length: int | Any, ends: bool = False
) -> tf.RaggedTensor:
    """Add a start and an end token to every row, truncating rows that are too long.

    Args:
        tokens: int32 [batch, (tokens)], ragged token ids.
        start: id of the start token.
        end: id of the end token.
        length: maximum number of tokens of a row, the two special tokens included.
        ends: whether to truncate the middle of a row that is too long instead of its end.

    Returns:
        int32 [batch, (tokens)], ragged.
    """
    if ends:
        first, last = truncate_middle(length)
        lengths = tokens.row_lengths()
        positions = tf.ragged.range(lengths).flat_values
        row_lengths = tf.gather(lengths, tokens.value_rowids())
        mask = (positions < first) | (positions >= row_lengths - last)
        tokens = tf.RaggedTensor.from_row_lengths(
            tf.boolean_mask(tokens.flat_values, mask),
            tf.minimum(lengths, first + last),
            validate=False,
        )
    else:
        tokens = tokens[:, : length - 2]
    rows = tokens.nrows()
    return tf.concat([tf.fill([rows, 1], start), tokens, tf.fill([rows, 1], end)], axis=1)


def rectangle(tokens: tf.RaggedTensor, padding: int, length: int | Any, shortest: bool) -> Any:
    """Pad or truncate rows to one length.

    Args:
        tokens: int32 [batch, (tokens)], ragged token ids.
        padding: id of the padding token.
        length: number of columns.
        shortest: whether to use only as many columns as the longest row needs; `length` is then
            the maximum.

    Returns:
        int32 [batch, length].
    """
    if not shortest:
        return tokens.to_tensor(padding, shape=[None, length])
    padded = tokens[:, :length].to_tensor(padding)
    missing = tf.maximum(NARROWEST - tf.shape(padded)[1], 0)
    return tf.pad(padded, [[0, 0], [0, missing]], constant_values=padding)


class Tokenizer(tf.Module):
    """Base class: texts to token ids inside the graph, and back.

    Attributes:
        padding: id of the padding token.
        unknown: id of the unknown token.
        start: id of the token before every text.
        end: id of the token after every text.
    """

    padding: int
    unknown: int
    start: int
    end: int

    @property
    @abstractmethod
    def size(self) -> int:
        """Number of token ids: the size of the vocabulary."""

    @abstractmethod
    def get_config(self) -> dict[str, Any]:
        """The configuration, from which `tokenizer_of` makes an equal tokenizer."""

    @abstractmethod
    def tokenize(self, texts: Any) -> tf.RaggedTensor:
        """Token ids of texts, without special tokens.

        Args:
            texts: string [batch].

        Returns:
            int32 [batch, (tokens)], ragged.
        """

    @abstractmethod
    def pieces(self, text: str) -> list[tuple[str, int]]:
        """The words of a text as they are written, each with its number of tokens.

        Args:
            text: a single text.
        """

    @abstractmethod
    def detokenize(self, token_ids: Any) -> Any:
        """Texts of token ids, without special tokens and without what follows the end token.

        Args:
            token_ids: int32 [batch, tokens].

        Returns:
            string [batch].
        """

    def marked(self, texts: Any, length: int | Any) -> tf.RaggedTensor:
        """Token ids with a start and an end token; the end of a text that is too long is truncated.

        Args:
            texts: string [batch].
            length: maximum number of tokens of a text, special tokens included.

        Returns:
            int32 [batch, (tokens)], ragged.
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
        """Token ids, padded or truncated to one length.

        Args:
            texts: string [batch].
            length: number of columns, special tokens included.
            marked: whether to add the start and the end token.
            shortest: whether to use only as many columns as the longest text needs; `length` is
                then the maximum.
            ends: whether to truncate the middle of a text that is too long instead of its end;
                only with `marked`.

        Returns:
            int32 [batch, length].
        """
        tokens = self.tokenize(texts)
        if marked:
            tokens = with_special_tokens(tokens, self.start, self.end, length, ends)
        return rectangle(tokens, self.padding, length, shortest)

    def is_text(self, token_ids: Any) -> Any:
        """Which tokens belong to the text: no padding, no start, nothing from the end token on.

        Args:
            token_ids: int32 [batch, tokens].

        Returns:
            bool [batch, tokens].
        """
        ended = tf.cumsum(tf.cast(token_ids == self.end, tf.int32), axis=1) > 0
        return ~ended & (token_ids != self.padding) & (token_ids != self.start)


def pieces_of_words(
    words: tf.RaggedTensor, cut: Callable[[Any], tf.RaggedTensor]
) -> tf.RaggedTensor:
    """Token ids of words; each distinct word is tokenized once.

    Args:
        words: string [batch, (words)], ragged.
        cut: tokenizes words: string [words] -> int32 [words, (tokens)], ragged.

    Returns:
        int32 [batch, (tokens)], ragged.
    """
    distinct, index = tf.unique(words.flat_values)
    return words.with_flat_values(tf.gather(cut(distinct), index)).merge_dims(1, 2)


def with_counts(words: Any, tokens: tf.RaggedTensor) -> list[tuple[str, int]]:
    """Words, each with its number of tokens.

    Args:
        words: string [words].
        tokens: int32 [words, (tokens)], ragged.
    """
    counts = tokens.row_lengths().numpy()
    return [(word.decode(), int(count)) for word, count in zip(words.numpy(), counts, strict=True)]

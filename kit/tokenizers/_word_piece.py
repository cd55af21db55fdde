"""WordPiece tokenizer."""

from collections.abc import Sequence
from typing import Any

import tensorflow as tf

from kit.tokenizers._tokenizer import Tokenizer, pieces_of_words, with_counts
from kit.tokenizers._vocabulary import END, JOINED, PADDING, START, UNKNOWN
from kit.tokenizers._words import AFTER_SPACE, words_of

# A longer word becomes the unknown token, as in BERT.
MOST_CHARACTERS = 100
NONE = -1


class WordPiece(Tokenizer):
    """WordPiece tokenizer: texts to token ids, and back.

    Each word is split from the left into the longest tokens of the vocabulary. A word that cannot
    be split completely becomes one unknown token. The graph contains only core TensorFlow
    operations, so it runs wherever TensorFlow does.

    Args:
        vocabulary: tokens, in the order of their ids; those that continue a word begin with "##".
        lower: whether to lowercase.
        plain: whether to strip accents.
        spaced: whether tokens after white space begin with "\u2581". `detokenize` then restores the
            text, except that it collapses runs of white space.
        padding: the padding token.
        unknown: the token for unknown words.
        start: the token before every text.
        end: the token after every text.

    Raises:
        ValueError: a special token is not in the vocabulary, or a token occurs twice.

    Source: Schuster and Nakajima (2012); Devlin et al. (2019), BERT.

    Example:

    >>> vocabulary = ["[PAD]", "[UNK]", "[START]", "[END]", "un", "##known", "##ly", "!"]
    >>> tokenizer = WordPiece(vocabulary)
    >>> tokenizer.tokenize(["Unknownly unknown!", "xyz"]).to_list()
    [[4, 5, 6, 4, 5, 7], [1]]
    >>> tokenizer.padded(["Unknown!"], 8).numpy().tolist()
    [[2, 4, 5, 7, 3, 0, 0, 0]]
    >>> tokenizer.detokenize([[2, 4, 5, 7, 3, 0, 0, 0]]).numpy().tolist()
    [b'unknown !']
    """

    def __init__(
        self,
        vocabulary: Sequence[str],
        *,
        lower: bool = True,
        plain: bool = True,
        spaced: bool = False,
        padding: str = PADDING,
        unknown: str = UNKNOWN,
        start: str = START,
        end: str = END,
    ) -> None:
        super().__init__()
        # A tf.Module would wrap a list.
        self.vocabulary = tuple(vocabulary)
        id_of = {token: number for number, token in enumerate(vocabulary)}
        if len(id_of) < len(self.vocabulary):
            raise ValueError("A token occurs twice in the vocabulary.")
        if missing := [token for token in (padding, unknown, start, end) if token not in id_of]:
            raise ValueError(f"The vocabulary has no {missing[0]}.")
        self.lower, self.plain, self.spaced = lower, plain, spaced
        self.padding, self.unknown = id_of[padding], id_of[unknown]
        self.start, self.end = id_of[start], id_of[end]
        self._longest = max(len(token.removeprefix(JOINED)) for token in self.vocabulary)
        self._first = _id_table(id_of, is_first=True)
        self._later = _id_table(id_of, is_first=False)
        # With `spaced`, tokens are joined as they are; else "##" tells which ones continue a word.
        shown = [token.removeprefix(JOINED) if spaced else token for token in self.vocabulary]
        self._tokens = tf.constant(shown)

    def get_config(self) -> dict[str, Any]:
        """The configuration, from which `WordPiece(**config)` makes an equal tokenizer."""
        special_tokens = {name: self.vocabulary[getattr(self, name)] for name in _NAMES}
        return {
            "vocabulary": list(self.vocabulary),
            "lower": self.lower,
            "plain": self.plain,
            "spaced": self.spaced,
            **special_tokens,
        }

    @property
    def size(self) -> int:
        """Number of token ids: the size of the vocabulary."""
        return len(self.vocabulary)

    def tokenize(self, texts: Any) -> tf.RaggedTensor:
        """Token ids of texts, without special tokens.

        Args:
            texts: string [batch].

        Returns:
            int32 [batch, (tokens)], ragged.
        """
        words = words_of(texts, lower=self.lower, plain=self.plain, spaced=self.spaced)
        return pieces_of_words(words, self._cut)

    def pieces(self, text: str) -> list[tuple[str, int]]:
        """The words of a text as they are written, each with its number of tokens.

        Args:
            text: a single text.
        """
        words = words_of([text], lower=False, plain=False).flat_values
        return with_counts(words, self.tokenize(words))

    def detokenize(self, token_ids: Any) -> Any:
        """Texts of token ids, without special tokens and without what follows the end token.

        Words are separated by spaces; with `spaced`, spaces stand where they were.

        Args:
            token_ids: int32 [batch, tokens].

        Returns:
            string [batch].
        """
        token_ids = tf.convert_to_tensor(token_ids)
        rows = tf.ragged.boolean_mask(tf.gather(self._tokens, token_ids), self.is_text(token_ids))
        if self.spaced:
            joined = tf.strings.reduce_join(rows, axis=-1)
            return tf.strings.strip(tf.strings.regex_replace(joined, AFTER_SPACE, " "))
        joined = tf.strings.reduce_join(rows, axis=-1, separator=" ")
        return tf.strings.regex_replace(joined, f" {JOINED}", "")

    def _cut(self, words: Any) -> tf.RaggedTensor:
        """Token ids of words: string [words] -> int32 [words, (tokens)], ragged."""
        whole = self._first.lookup(words)
        lengths = tf.strings.length(words, unit="UTF8_CHAR")
        hard = tf.reshape(tf.where((whole == NONE) & (lengths <= MOST_CHARACTERS)), [-1])
        split = self._cut_hard(tf.gather(words, hard), tf.gather(lengths, hard))
        easy = tf.where(whole == NONE, self.unknown, whole)[:, None]
        rows = tf.pad(easy, [[0, 0], [0, tf.shape(split)[1] - 1]], constant_values=NONE)
        rows = tf.tensor_scatter_nd_update(rows, hard[:, None], split)
        return tf.ragged.boolean_mask(rows, rows != NONE)

    def _cut_hard(self, words: Any, lengths: Any) -> Any:
        """Token ids of words that are not tokens themselves, int32 [words, n].

        Each iteration finds the next token of every word. Rows may have `NONE` in between.
        """
        sizes = tf.range(self._longest, 0, -1)

        def is_unfinished(begun: Any, failed: Any, tokens: Any) -> Any:
            return tf.reduce_any((begun < lengths) & ~failed)

        def take(begun: Any, failed: Any, tokens: Any) -> Any:
            # The longest first. A part that would reach beyond the end of the word is truncated by
            # `substr`; `fits` rules it out, as the same part is found at its actual length.
            parts = tf.strings.substr(
                tf.repeat(words, self._longest),
                tf.repeat(tf.minimum(begun, lengths), self._longest),
                tf.tile(sizes, tf.shape(words)),
                unit="UTF8_CHAR",
            )
            is_first = tf.repeat(begun == 0, self._longest)
            token_ids = tf.where(is_first, self._first.lookup(parts), self._later.lookup(parts))
            token_ids = tf.reshape(token_ids, [-1, self._longest])
            fits = (token_ids != NONE) & (begun[:, None] + sizes <= lengths[:, None])
            best = tf.argmax(fits, axis=1, output_type=tf.int32)
            is_found = tf.reduce_any(fits, axis=1)
            at_work = (begun < lengths) & ~failed
            longest = tf.gather(token_ids, best, batch_dims=1)
            taken = tf.where(at_work & is_found, longest, NONE)
            begun += tf.where(at_work & is_found, tf.gather(sizes, best), 0)
            return (
                begun,
                failed | (at_work & ~is_found),
                tf.concat([tokens, taken[:, None]], axis=1),
            )

        rows = tf.size(words)
        _, failed, tokens = tf.while_loop(
            is_unfinished,
            take,
            [tf.zeros([rows], tf.int32), tf.zeros([rows], tf.bool), tf.zeros([rows, 0], tf.int32)],
            shape_invariants=[
                tf.TensorShape([None]),
                tf.TensorShape([None]),
                tf.TensorShape([None, None]),
            ],
        )
        tokens = tf.where(failed[:, None], NONE, tokens)
        unknown = tf.where(failed, self.unknown, NONE)[:, None]
        return tf.concat([unknown, tokens], axis=1)


_NAMES = ("padding", "unknown", "start", "end")


def _id_table(id_of: dict[str, int], *, is_first: bool) -> tf.lookup.StaticHashTable:
    """The table of ids of tokens that begin a word, or of those that continue one."""
    ids = {
        token.removeprefix(JOINED) if not is_first else token: number
        for token, number in id_of.items()
        if token.startswith(JOINED) != is_first
    }
    # A lookup table must not be empty.
    ids = ids or {"": NONE}
    keys = tf.constant(list(ids), tf.string)
    values = tf.constant(list(ids.values()), tf.int32)
    return tf.lookup.StaticHashTable(
        tf.lookup.KeyValueTensorInitializer(keys, values), default_value=NONE
    )

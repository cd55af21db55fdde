"""Words as pieces that a model knows."""

from collections.abc import Sequence
from typing import Any

import tensorflow as tf

from kit.tokenizers._tokenizer import Tokenizer, pieces_of_words, with_counts
from kit.tokenizers._vocabulary import END, JOINED, PADDING, START, UNKNOWN
from kit.tokenizers._words import AFTER_SPACE, words_of

# A longer word is unknown, as in BERT.
MOST_CHARACTERS = 100
NONE = -1


class WordPiece(Tokenizer):
    """Texts as ids of subword tokens, and back.

    A word is cut from the left into the longest pieces of the vocabulary; one that cannot be cut
    to its end is unknown as a whole. Everything is of TensorFlow's core, so that a graph with it
    runs wherever TensorFlow does.

    Args:
        vocabulary: pieces, by number; those that go on a word begin with "##".
        lower: whether letters are made small.
        plain: whether letters lose their accents.
        spaced: whether a piece says if white space was before it, by a first "\u2581". The text
            of pieces is then the text that was cut, but for runs of white space.
        padding: the piece that stands for nothing.
        unknown: the piece for unknown words.
        start: the piece before every text.
        end: the piece after every text.

    Raises:
        ValueError: one of the four marks is not in the vocabulary, or a piece comes twice.

    Source: Schuster and Nakajima (2012); Devlin et al. (2019), BERT.

    Example:

    >>> tokens = WordPiece(["[PAD]", "[UNK]", "[START]", "[END]", "un", "##known", "##ly", "!"])
    >>> tokens.tokenize(["Unknownly unknown!", "xyz"]).to_list()
    [[4, 5, 6, 4, 5, 7], [1]]
    >>> tokens.padded(["Unknown!"], 8).numpy().tolist()
    [[2, 4, 5, 7, 3, 0, 0, 0]]
    >>> tokens.detokenize([[2, 4, 5, 7, 3, 0, 0, 0]]).numpy().tolist()
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
        number_of = {piece: number for number, piece in enumerate(vocabulary)}
        if len(number_of) < len(self.vocabulary):
            raise ValueError("A piece comes twice in the vocabulary.")
        if missing := [mark for mark in (padding, unknown, start, end) if mark not in number_of]:
            raise ValueError(f"The vocabulary has no {missing[0]}.")
        self.lower, self.plain, self.spaced = lower, plain, spaced
        self.padding, self.unknown = number_of[padding], number_of[unknown]
        self.start, self.end = number_of[start], number_of[end]
        self._longest = max(len(piece.removeprefix(JOINED)) for piece in self.vocabulary)
        self._first = _numbers(number_of, is_first=True)
        self._later = _numbers(number_of, is_first=False)
        # Where spaces are told, what goes on a word is put behind it as it is.
        shown = [piece.removeprefix(JOINED) if spaced else piece for piece in self.vocabulary]
        self._pieces = tf.constant(shown)

    def get_config(self) -> dict[str, Any]:
        """What makes the same tokenizer again: `WordPiece(**config)`."""
        marks = {name: self.vocabulary[getattr(self, name)] for name in _NAMES}
        return {
            "vocabulary": list(self.vocabulary),
            "lower": self.lower,
            "plain": self.plain,
            "spaced": self.spaced,
            **marks,
        }

    @property
    def size(self) -> int:
        """How many different numbers there are."""
        return len(self.vocabulary)

    def tokenize(self, texts: Any) -> tf.RaggedTensor:
        """Numbers of pieces, without marks.

        Args:
            texts: string [batch].

        Returns:
            int32 [batch, (pieces)].
        """
        words = words_of(texts, lower=self.lower, plain=self.plain, spaced=self.spaced)
        return pieces_of_words(words, self._cut)

    def pieces(self, text: str) -> list[tuple[str, int]]:
        """The words of a text as they are written, each with the number of its pieces.

        Args:
            text: one.
        """
        words = words_of([text], lower=False, plain=False).flat_values
        return with_counts(words, self.tokenize(words))

    def detokenize(self, numbers: Any) -> Any:
        """Words of pieces; marks are left out, and what follows an end.

        Spaces stand between all words, or where they were if pieces tell.

        Args:
            numbers: int32 [batch, pieces].

        Returns:
            string [batch].
        """
        numbers = tf.convert_to_tensor(numbers)
        rows = tf.ragged.boolean_mask(tf.gather(self._pieces, numbers), self.is_text(numbers))
        if self.spaced:
            joined = tf.strings.reduce_join(rows, axis=-1)
            return tf.strings.strip(tf.strings.regex_replace(joined, AFTER_SPACE, " "))
        joined = tf.strings.reduce_join(rows, axis=-1, separator=" ")
        return tf.strings.regex_replace(joined, f" {JOINED}", "")

    def _cut(self, words: Any) -> tf.RaggedTensor:
        """Pieces of words."""
        whole = self._first.lookup(words)
        lengths = tf.strings.length(words, unit="UTF8_CHAR")
        hard = tf.reshape(tf.where((whole == NONE) & (lengths <= MOST_CHARACTERS)), [-1])
        found = self._cut_hard(tf.gather(words, hard), tf.gather(lengths, hard))
        easy = tf.where(whole == NONE, self.unknown, whole)[:, None]
        rows = tf.pad(easy, [[0, 0], [0, tf.shape(found)[1] - 1]], constant_values=NONE)
        rows = tf.tensor_scatter_nd_update(rows, hard[:, None], found)
        return tf.ragged.boolean_mask(rows, rows != NONE)

    def _cut_hard(self, words: Any, lengths: Any) -> Any:
        """Pieces of words that are none themselves, one round for the next piece of every word.

        Rows have gaps of `NONE`.
        """
        sizes = tf.range(self._longest, 0, -1)

        def go_on(begun: Any, failed: Any, pieces: Any) -> Any:
            return tf.reduce_any((begun < lengths) & ~failed)

        def take(begun: Any, failed: Any, pieces: Any) -> Any:
            # The longest first; what would reach beyond the end is the rest, and found as such.
            parts = tf.strings.substr(
                tf.repeat(words, self._longest),
                tf.repeat(tf.minimum(begun, lengths), self._longest),
                tf.tile(sizes, tf.shape(words)),
                unit="UTF8_CHAR",
            )
            is_first = tf.repeat(begun == 0, self._longest)
            numbers = tf.where(is_first, self._first.lookup(parts), self._later.lookup(parts))
            numbers = tf.reshape(numbers, [-1, self._longest])
            fits = (numbers != NONE) & (begun[:, None] + sizes <= lengths[:, None])
            best = tf.argmax(fits, axis=1, output_type=tf.int32)
            is_found = tf.reduce_any(fits, axis=1)
            at_work = (begun < lengths) & ~failed
            number = tf.gather(numbers, best, batch_dims=1)
            taken = tf.where(at_work & is_found, number, NONE)
            begun += tf.where(at_work & is_found, tf.gather(sizes, best), 0)
            return (
                begun,
                failed | (at_work & ~is_found),
                tf.concat([pieces, taken[:, None]], axis=1),
            )

        rows = tf.size(words)
        _, failed, pieces = tf.while_loop(
            go_on,
            take,
            [tf.zeros([rows], tf.int32), tf.zeros([rows], tf.bool), tf.zeros([rows, 0], tf.int32)],
            shape_invariants=[
                tf.TensorShape([None]),
                tf.TensorShape([None]),
                tf.TensorShape([None, None]),
            ],
        )
        pieces = tf.where(failed[:, None], NONE, pieces)
        unknown = tf.where(failed, self.unknown, NONE)[:, None]
        return tf.concat([unknown, pieces], axis=1)


_NAMES = ("padding", "unknown", "start", "end")


def _numbers(number_of: dict[str, int], *, is_first: bool) -> tf.lookup.StaticHashTable:
    pieces = {
        piece.removeprefix(JOINED) if not is_first else piece: number
        for piece, number in number_of.items()
        if piece.startswith(JOINED) != is_first
    }
    # A table is never empty.
    pieces = pieces or {"": NONE}
    keys = tf.constant(list(pieces), tf.string)
    values = tf.constant(list(pieces.values()), tf.int32)
    return tf.lookup.StaticHashTable(
        tf.lookup.KeyValueTensorInitializer(keys, values), default_value=NONE
    )

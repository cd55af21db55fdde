"""Words as pieces that were made by merging bytes, as in GPT-2, RoBERTa and BART."""

from collections.abc import Sequence
from functools import cache
from typing import Any

import tensorflow as tf

from kit.tokenizers._tokenizer import Tokenizer, pieces_of_words, with_counts

# What is cut apart before bytes are merged; a mark stands where one part ends and the next begins.
# It is no character, so that texts have none; where one has, it goes.
MARK = "\ufdd0"
WHITE = r"\t-\r\x{85}\p{Z}"
BEFORE_LAST_SPACE = rf"([{WHITE}])([^{WHITE}])"
PARTS = (
    r"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+"
    rf"| ?[^{WHITE}\p{{L}}\p{{N}}{MARK}]+|[{WHITE}]+)"
)
# Longer parts, which are no words, are merged a stretch at a time.
STRETCH = 64
NOTHING = -1
NEVER = 2**31 - 1


class BytePairs(Tokenizer):
    """Texts as numbers of pieces of their bytes, and back: nothing is unknown.

    A text is cut into words, with the space before them, numbers, punctuation and white space. The
    bytes of each part are merged two by two, the pair first that comes first among the merges.
    Everything is of TensorFlow's core, so that a graph with it runs wherever TensorFlow does.

    Args:
        vocabulary: pieces, by number; each byte is written as one character, see `byte_signs`.
        merges: pairs of pieces with a space between them, in the order in which they are merged.
        padding: the piece that stands for nothing.
        unknown: the piece for bytes that the vocabulary has not.
        start: the piece before every text.
        end: the piece after every text.

    Raises:
        ValueError: one of the four marks is not in the vocabulary, a piece comes twice, or a merge
            is not of two pieces.

    Source: Sennrich et al. (2016), Neural machine translation of rare words with subword units;
    of bytes: Radford et al. (2019), Language models are unsupervised multitask learners.

    Example:

    >>> pieces = ["<pad>", "<unk>", "<s>", "</s>", "a", "b", "c", "Ġ", "ab", "Ġab"]
    >>> tokens = BytePairs(pieces, ["a b", "Ġ ab"])
    >>> tokens.tokenize(["ab abc", "cab!"]).to_list()
    [[8, 9, 6], [6, 8, 1]]
    >>> tokens.detokenize([[2, 8, 9, 6, 3, 0]]).numpy()
    array([b'ab abc'], dtype=object)
    """

    def __init__(
        self,
        vocabulary: Sequence[str],
        merges: Sequence[str],
        *,
        padding: str = "<pad>",
        unknown: str = "<unk>",
        start: str = "<s>",
        end: str = "</s>",
    ) -> None:
        super().__init__()
        # A tf.Module would wrap lists.
        self.vocabulary, self.merges = tuple(vocabulary), tuple(merges)
        self.special_tokens = (padding, unknown, start, end)
        number_of = {piece: number for number, piece in enumerate(vocabulary)}
        if len(number_of) < len(self.vocabulary):
            raise ValueError("A piece comes twice in the vocabulary.")
        if missing := [token for token in self.special_tokens if token not in number_of]:
            raise ValueError(f"The vocabulary has no {missing[0]}.")
        self.padding, self.unknown, self.start, self.end = (
            number_of[m] for m in self.special_tokens
        )
        self._pieces = tf.constant([self._bytes_of(piece) for piece in self.vocabulary])
        # What merges need and the vocabulary has not, becomes unknown at the end.
        self._bytes = tf.constant(
            [number_of.setdefault(sign, len(number_of)) for sign in byte_signs()]
        )
        self._add_merges(number_of)

    def _add_merges(self, number_of: dict[str, int]) -> None:
        made: list[int] = []
        keys: dict[tuple[int, int], int] = {}
        for merge in self.merges:
            pair = merge.split(" ")
            if len(pair) != 2:
                raise ValueError(f"A merge is of two pieces with a space between; got {merge!r}.")
            left, right = (number_of.setdefault(piece, len(number_of)) for piece in pair)
            keys.setdefault((left, right), len(made))
            made.append(number_of.setdefault("".join(pair), len(number_of)))
        self._symbols = len(number_of)
        # A table is never empty.
        self._made = tf.constant(made or [NOTHING])
        pairs = [left * self._symbols + right for left, right in keys] or [NOTHING]
        self._rank = tf.lookup.StaticHashTable(
            tf.lookup.KeyValueTensorInitializer(
                tf.constant(pairs, tf.int64), tf.constant(list(keys.values()) or [NEVER], tf.int32)
            ),
            default_value=NEVER,
        )

    def _bytes_of(self, piece: str) -> bytes:
        if piece in self.special_tokens:
            return b""
        return b"".join(byte_signs().get(sign, sign.encode()) for sign in piece)

    def get_config(self) -> dict[str, Any]:
        """What makes the same tokenizer again: `BytePairs(**config)`."""
        names = ("padding", "unknown", "start", "end")
        return {
            "vocabulary": list(self.vocabulary),
            "merges": list(self.merges),
            **dict(zip(names, self.special_tokens, strict=True)),
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
        return pieces_of_words(self._parts(texts), self._merged)

    def pieces(self, text: str) -> list[tuple[str, int]]:
        """The parts of a text as they are written, each with the number of its pieces.

        Args:
            text: one.
        """
        parts = self._parts([text]).flat_values
        return with_counts(parts, self._merged(parts))

    def detokenize(self, numbers: Any) -> Any:
        """The text of pieces; marks are left out, and what follows an end.

        Args:
            numbers: int32 [batch, pieces].

        Returns:
            string [batch], without white space around it; bytes that are no UTF-8 are replaced.
        """
        numbers = tf.convert_to_tensor(numbers)
        pieces = tf.where(self.is_text(numbers), tf.gather(self._pieces, numbers), b"")
        return tf.strings.strip(_valid(tf.strings.reduce_join(pieces, axis=-1)))

    def _parts(self, texts: Any) -> tf.RaggedTensor:
        """Words, numbers, punctuation and white space, string [batch, (parts)]."""
        texts = tf.strings.regex_replace(_valid(texts), MARK, "")
        texts = tf.strings.regex_replace(texts, BEFORE_LAST_SPACE, rf"{MARK}\1\2")
        texts = tf.strings.regex_replace(texts, PARTS, rf"\1{MARK}")
        parts = tf.strings.split(texts, MARK)
        return tf.ragged.boolean_mask(parts, parts != "")

    def _merged(self, parts: Any) -> tf.RaggedTensor:
        """Numbers of the pieces of each part, int32 [parts, (pieces)]."""
        values = tf.strings.bytes_split(parts)
        numbers = tf.reshape(tf.io.decode_raw(values.flat_values, tf.uint8), [-1])
        numbers = tf.gather(self._bytes, tf.cast(numbers, tf.int32))
        begins = tf.ragged.range(values.row_lengths()).flat_values % STRETCH == 0
        stretches = tf.RaggedTensor.from_row_starts(
            numbers, tf.reshape(tf.where(begins), [-1]), validate=False
        )
        rows = self._merged_rows(stretches.to_tensor(NOTHING))
        found = tf.ragged.boolean_mask(rows, rows != NOTHING)
        found = found.with_flat_values(
            tf.where(found.flat_values < self.size, found.flat_values, self.unknown)
        )
        counts = -(-values.row_lengths() // STRETCH)
        return tf.RaggedTensor.from_row_lengths(found, counts, validate=False).merge_dims(1, 2)

    def _merged_rows(self, rows: Any) -> Any:
        """Rows of bytes after all merges; a round is the next merge of every row."""

        def best_of(rows: Any) -> tuple[Any, Any]:
            following = tf.pad(rows[:, 1:], [[0, 0], [0, 1]], constant_values=NOTHING)
            pairs = tf.cast(rows, tf.int64) * self._symbols + tf.cast(following, tf.int64)
            ranks = tf.where(following == NOTHING, NEVER, self._rank.lookup(pairs))
            place = tf.argmin(ranks, axis=1, output_type=tf.int32)
            return place, tf.gather(ranks, place, batch_dims=1)

        def go_on(rows: Any, place: Any, rank: Any) -> Any:
            return tf.reduce_any(rank != NEVER)

        def merge(rows: Any, place: Any, rank: Any) -> tuple[Any, Any, Any]:
            merges = (rank != NEVER)[:, None]
            column = tf.range(tf.shape(rows)[1])[None]
            made = tf.gather(self._made, tf.where(rank != NEVER, rank, 0))[:, None]
            moved = tf.pad(rows[:, 1:], [[0, 0], [0, 1]], constant_values=NOTHING)
            after = tf.where(column > place[:, None], moved, rows)
            after = tf.where(column == place[:, None], made, after)
            rows = tf.where(merges, after, rows)
            return rows, *best_of(rows)

        # An empty batch, too, has a column to look for the best in.
        rows = tf.pad(rows, [[0, 0], [0, 1]], constant_values=NOTHING)
        free = tf.TensorShape([None])
        return tf.while_loop(
            go_on,
            merge,
            [rows, *best_of(rows)],
            shape_invariants=[tf.TensorShape([None, None]), free, free],
        )[0]


@cache
def byte_signs() -> dict[str, bytes]:
    """The character by which each byte is written, in the order of bytes.

    Bytes that are visible characters of Latin-1 stand for themselves, the others for characters
    from U+0100 on; "Ġ" is the space.

    Source: Radford et al. (2019), Language models are unsupervised multitask learners, its code.

    Example:

    >>> [sign for sign, byte in byte_signs().items() if byte in (b" ", b"a")]
    ['Ġ', 'a']
    """
    visible = {*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)}
    hidden = (byte for byte in range(256) if byte not in visible)
    sign_of = {byte: chr(byte) for byte in visible}
    sign_of |= {byte: chr(256 + place) for place, byte in enumerate(hidden)}
    return {sign_of[byte]: bytes([byte]) for byte in range(256)}


def _valid(texts: Any) -> Any:
    return tf.strings.unicode_transcode(texts, "UTF-8", "UTF-8", errors="replace")

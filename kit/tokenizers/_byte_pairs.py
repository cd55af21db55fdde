"""Byte-level byte-pair encoding (BPE), as in GPT-2, RoBERTa and BART."""

from collections.abc import Sequence
from functools import cache
from typing import Any

import tensorflow as tf

from kit.tokenizers._tokenizer import Tokenizer, pieces_of_words, with_counts

# Separates the parts that are split before bytes are merged. It is a noncharacter of Unicode,
# which texts do not contain; where one does, it is removed.
BOUNDARY = "\ufdd0"
WHITE = r"\t-\r\x{85}\p{Z}"
BEFORE_LAST_SPACE = rf"([{WHITE}])([^{WHITE}])"
PARTS = (
    r"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+"
    rf"| ?[^{WHITE}\p{{L}}\p{{N}}{BOUNDARY}]+|[{WHITE}]+)"
)
# Longer parts, which are not words, are split into stretches of this many bytes before merging.
STRETCH = 64
NOTHING = -1
NEVER = 2**31 - 1


class BytePairs(Tokenizer):
    """Byte-level BPE tokenizer: texts to token ids, and back.

    A text is split into words (with the space before them), numbers, punctuation and white space.
    Within each part, adjacent pairs are merged in the order of `merges`, starting from bytes. With
    every byte and every merged token in the vocabulary, nothing is unknown. The graph contains only
    core TensorFlow operations, so it runs wherever TensorFlow does.

    Args:
        vocabulary: tokens, in the order of their ids; each byte is written as one character, see
            `byte_signs`.
        merges: pairs of tokens separated by a space, in the order in which they are merged.
        padding: the padding token.
        unknown: the token for what is not in the vocabulary.
        start: the token before every text.
        end: the token after every text.

    Raises:
        ValueError: a special token is not in the vocabulary, a token occurs twice, or a merge does
            not consist of two tokens.

    Source: Sennrich et al. (2016), Neural machine translation of rare words with subword units;
    of bytes: Radford et al. (2019), Language models are unsupervised multitask learners.

    Example:

    >>> vocabulary = ["<pad>", "<unk>", "<s>", "</s>", "a", "b", "c", "Ġ", "ab", "Ġab"]
    >>> tokenizer = BytePairs(vocabulary, ["a b", "Ġ ab"])
    >>> tokenizer.tokenize(["ab abc", "cab!"]).to_list()
    [[8, 9, 6], [6, 8, 1]]
    >>> tokenizer.detokenize([[2, 8, 9, 6, 3, 0]]).numpy()
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
        id_of = {token: number for number, token in enumerate(vocabulary)}
        if len(id_of) < len(self.vocabulary):
            raise ValueError("A token occurs twice in the vocabulary.")
        if missing := [token for token in self.special_tokens if token not in id_of]:
            raise ValueError(f"The vocabulary has no {missing[0]}.")
        self.padding, self.unknown, self.start, self.end = (
            id_of[token] for token in self.special_tokens
        )
        self._token_bytes = tf.constant([self._bytes_of(token) for token in self.vocabulary])
        # Merges may pass through tokens that the vocabulary lacks. These get ids above it, which
        # become the unknown token at the end.
        self._bytes = tf.constant([id_of.setdefault(sign, len(id_of)) for sign in byte_signs()])
        self._add_merges(id_of)

    def _add_merges(self, id_of: dict[str, int]) -> None:
        made: list[int] = []
        keys: dict[tuple[int, int], int] = {}
        for merge in self.merges:
            pair = merge.split(" ")
            if len(pair) != 2:
                raise ValueError(
                    f"A merge consists of two tokens with a space between; got {merge!r}."
                )
            left, right = (id_of.setdefault(token, len(id_of)) for token in pair)
            keys.setdefault((left, right), len(made))
            made.append(id_of.setdefault("".join(pair), len(id_of)))
        self._symbols = len(id_of)
        # A lookup table must not be empty.
        self._made = tf.constant(made or [NOTHING])
        pairs = [left * self._symbols + right for left, right in keys] or [NOTHING]
        self._rank = tf.lookup.StaticHashTable(
            tf.lookup.KeyValueTensorInitializer(
                tf.constant(pairs, tf.int64), tf.constant(list(keys.values()) or [NEVER], tf.int32)
            ),
            default_value=NEVER,
        )

    def _bytes_of(self, token: str) -> bytes:
        if token in self.special_tokens:
            return b""
        return b"".join(byte_signs().get(sign, sign.encode()) for sign in token)

    def get_config(self) -> dict[str, Any]:
        """The configuration, from which `BytePairs(**config)` makes an equal tokenizer."""
        names = ("padding", "unknown", "start", "end")
        return {
            "vocabulary": list(self.vocabulary),
            "merges": list(self.merges),
            **dict(zip(names, self.special_tokens, strict=True)),
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
        return pieces_of_words(self._parts(texts), self._merged)

    def pieces(self, text: str) -> list[tuple[str, int]]:
        """The parts of a text as they are written, each with its number of tokens.

        Args:
            text: a single text.
        """
        parts = self._parts([text]).flat_values
        return with_counts(parts, self._merged(parts))

    def detokenize(self, token_ids: Any) -> Any:
        """Texts of token ids, without special tokens and without what follows the end token.

        Args:
            token_ids: int32 [batch, tokens].

        Returns:
            string [batch], stripped of white space; invalid UTF-8 is replaced by U+FFFD.
        """
        token_ids = tf.convert_to_tensor(token_ids)
        tokens = tf.where(self.is_text(token_ids), tf.gather(self._token_bytes, token_ids), b"")
        return tf.strings.strip(_valid(tf.strings.reduce_join(tokens, axis=-1)))

    def _parts(self, texts: Any) -> tf.RaggedTensor:
        """Words, numbers, punctuation and white space: string [batch, (parts)]."""
        texts = tf.strings.regex_replace(_valid(texts), BOUNDARY, "")
        texts = tf.strings.regex_replace(texts, BEFORE_LAST_SPACE, rf"{BOUNDARY}\1\2")
        texts = tf.strings.regex_replace(texts, PARTS, rf"\1{BOUNDARY}")
        parts = tf.strings.split(texts, BOUNDARY)
        return tf.ragged.boolean_mask(parts, parts != "")

    def _merged(self, parts: Any) -> tf.RaggedTensor:
        """Token ids of each part: string [parts] -> int32 [parts, (tokens)]."""
        values = tf.strings.bytes_split(parts)
        flat_bytes = tf.reshape(tf.io.decode_raw(values.flat_values, tf.uint8), [-1])
        byte_ids = tf.gather(self._bytes, tf.cast(flat_bytes, tf.int32))
        begins = tf.ragged.range(values.row_lengths()).flat_values % STRETCH == 0
        stretches = tf.RaggedTensor.from_row_starts(
            byte_ids, tf.reshape(tf.where(begins), [-1]), validate=False
        )
        rows = self._merged_rows(stretches.to_tensor(NOTHING))
        merged = tf.ragged.boolean_mask(rows, rows != NOTHING)
        merged = merged.with_flat_values(
            tf.where(merged.flat_values < self.size, merged.flat_values, self.unknown)
        )
        counts = -(-values.row_lengths() // STRETCH)
        return tf.RaggedTensor.from_row_lengths(merged, counts, validate=False).merge_dims(1, 2)

    def _merged_rows(self, rows: Any) -> Any:
        """Rows of byte ids after all merges; each iteration applies the next merge of every row."""

        def next_merge(rows: Any) -> tuple[Any, Any]:
            following = tf.pad(rows[:, 1:], [[0, 0], [0, 1]], constant_values=NOTHING)
            pairs = tf.cast(rows, tf.int64) * self._symbols + tf.cast(following, tf.int64)
            ranks = tf.where(following == NOTHING, NEVER, self._rank.lookup(pairs))
            place = tf.argmin(ranks, axis=1, output_type=tf.int32)
            return place, tf.gather(ranks, place, batch_dims=1)

        def is_unfinished(rows: Any, place: Any, rank: Any) -> Any:
            return tf.reduce_any(rank != NEVER)

        def merge(rows: Any, place: Any, rank: Any) -> tuple[Any, Any, Any]:
            merges = (rank != NEVER)[:, None]
            column = tf.range(tf.shape(rows)[1])[None]
            made = tf.gather(self._made, tf.where(rank != NEVER, rank, 0))[:, None]
            moved = tf.pad(rows[:, 1:], [[0, 0], [0, 1]], constant_values=NOTHING)
            after = tf.where(column > place[:, None], moved, rows)
            after = tf.where(column == place[:, None], made, after)
            rows = tf.where(merges, after, rows)
            return rows, *next_merge(rows)

        # `argmin` needs at least one column, also for an empty batch.
        rows = tf.pad(rows, [[0, 0], [0, 1]], constant_values=NOTHING)
        free = tf.TensorShape([None])
        return tf.while_loop(
            is_unfinished,
            merge,
            [rows, *next_merge(rows)],
            shape_invariants=[tf.TensorShape([None, None]), free, free],
        )[0]


@cache
def byte_signs() -> dict[str, bytes]:
    """Character to byte, for the characters that write bytes in a vocabulary, in byte order.

    Visible characters of Latin-1 write their own byte. The other bytes are written as characters
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

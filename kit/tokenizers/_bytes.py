"""Byte tokenizer."""

import re
from typing import Any

import tensorflow as tf

from kit.tokenizers._tokenizer import Tokenizer
from kit.tokenizers._vocabulary import SPECIAL_TOKENS

FIRST = len(SPECIAL_TOKENS)


class Bytes(Tokenizer):
    """Byte tokenizer: each byte of a text's UTF-8 is a token.

    There is no vocabulary to learn and no unknown token, but sequences are about five times as long
    as those of subword tokens. The graph contains only core TensorFlow operations.

    Source: Xue et al. (2022), ByT5: towards a token-free future with pre-trained byte-to-byte
    models.

    Example:

    >>> tokenizer = Bytes()
    >>> tokenizer.padded(["né"], 6).numpy().tolist()
    [[2, 114, 199, 173, 3, 0]]
    >>> tokenizer.detokenize([[2, 114, 199, 173, 3, 0]]).numpy()[0].decode()
    'né'
    """

    padding, unknown, start, end = range(FIRST)
    size = FIRST + 256

    def __init__(self) -> None:
        super().__init__()
        self._bytes = tf.constant([b""] * FIRST + [bytes([value]) for value in range(256)])

    def get_config(self) -> dict[str, Any]:
        """The configuration, from which `Bytes(**config)` makes an equal tokenizer."""
        return {}

    def tokenize(self, texts: Any) -> tf.RaggedTensor:
        """Token ids of texts, without special tokens: the value of each byte plus 4.

        Args:
            texts: string [batch].

        Returns:
            int32 [batch, (bytes)], ragged.
        """
        values = tf.strings.bytes_split(texts)
        flat_bytes = tf.io.decode_raw(values.flat_values, tf.uint8)
        return values.with_flat_values(tf.cast(tf.reshape(flat_bytes, [-1]), tf.int32) + FIRST)

    def pieces(self, text: str) -> list[tuple[str, int]]:
        """Words and the white space between them, each with its number of bytes.

        Args:
            text: a single text.
        """
        return [(part, len(part.encode())) for part in re.findall(r"\s+|\S+", text)]

    def detokenize(self, token_ids: Any) -> Any:
        """Texts of token ids, without special tokens and without what follows the end token.

        Args:
            token_ids: int32 [batch, bytes].

        Returns:
            string [batch].
        """
        token_ids = tf.convert_to_tensor(token_ids)
        tokens = tf.where(self.is_text(token_ids), tf.gather(self._bytes, token_ids), b"")
        return tf.strings.reduce_join(tokens, axis=-1)

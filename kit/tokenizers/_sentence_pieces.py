"""SentencePiece tokenizer, through TensorFlow Text."""

from base64 import b64decode, b64encode
from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from kit.tokenizers._tokenizer import Tokenizer, with_counts


class SentencePieces(Tokenizer):
    """Tokenizer with a trained SentencePiece model.

    It uses operations of TensorFlow Text, so a graph with it runs only where TensorFlow Text of the
    same version is loaded. Stock TensorFlow Serving has them; the C library does not.

    Args:
        model: serialized SentencePiece model, as base64.
        order: for each token id of this tokenizer, the model's id; padding, unknown and end have
            the ids 0, 1 and 3 here.
        start: id of the token before every text; one above all others if the model has none.

    Attributes:
        custom_ops: the custom operations needed, by the Python module that registers them.

    Source: Kudo and Richardson (2018), SentencePiece: a simple and language independent subword
    tokenizer and detokenizer for neural text processing.
    """

    custom_ops = {  # noqa: RUF012
        "tensorflow_text": [
            "SentencepieceDetokenizeOp",
            "SentencepieceOp",
            "SentencepieceTokenizeOp",
        ]
    }
    padding, unknown, _, end = range(4)

    def __init__(self, model: str, order: Sequence[int], start: int) -> None:
        import tensorflow_text as text

        super().__init__()
        self.model, self.order, self.start = model, tuple(order), start
        self._tokenizer = text.SentencepieceTokenizer(model=b64decode(model), out_type=tf.int32)
        # Tracked as an attribute, the model is saved with the graph.
        self._resource = self._tokenizer._model_resource
        id_of = np.full(max(order) + 1, self.unknown, np.int32)
        id_of[list(order)] = np.arange(len(order))
        self._id_of = tf.constant(id_of)
        self._model_id_of = tf.constant(self.order)

    @classmethod
    def of_model(cls, model: bytes, order: Sequence[int], start: int) -> "SentencePieces":
        """Create a tokenizer from the bytes of a model file."""
        return cls(b64encode(model).decode(), order, start)

    def get_config(self) -> dict[str, Any]:
        """The configuration, from which `SentencePieces(**config)` makes an equal tokenizer."""
        return {"model": self.model, "order": list(self.order), "start": self.start}

    @property
    def size(self) -> int:
        """Number of token ids: the size of the vocabulary."""
        return max(len(self.order), self.start + 1)

    def tokenize(self, texts: Any) -> tf.RaggedTensor:
        """Token ids of texts, without special tokens.

        Args:
            texts: string [batch].

        Returns:
            int32 [batch, (tokens)], ragged.
        """
        tokens = self._tokenizer.tokenize(tf.convert_to_tensor(texts))
        return tokens.with_flat_values(tf.gather(self._id_of, tokens.flat_values))

    def pieces(self, text: str) -> list[tuple[str, int]]:
        """The words of a text as they are written, each with its number of tokens.

        Args:
            text: a single text.
        """
        words = tf.constant(text.split(), tf.string)
        return with_counts(words, self.tokenize(words))

    def detokenize(self, token_ids: Any) -> Any:
        """Texts of token ids, without special tokens and without what follows the end token.

        Args:
            token_ids: int32 [batch, tokens].

        Returns:
            string [batch].
        """
        token_ids = tf.convert_to_tensor(token_ids)
        rows = tf.ragged.boolean_mask(token_ids, self.is_text(token_ids))
        tokens = rows.with_flat_values(tf.gather(self._model_id_of, rows.flat_values))
        return self._tokenizer.detokenize(tokens)

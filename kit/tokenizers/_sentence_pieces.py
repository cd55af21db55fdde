"""Pieces of SentencePiece, cut by TensorFlow Text."""

from base64 import b64decode, b64encode
from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from kit.tokenizers._tokenizer import Tokenizer, with_counts


class SentencePieces(Tokenizer):
    """Texts as numbers of pieces, and back, as a trained SentencePiece model cuts them.

    Its operations are none of TensorFlow's core: a graph with it runs where TensorFlow Text of the
    same version is loaded, which stock TensorFlow Serving does and the C library does not.

    Args:
        model: of SentencePiece, as base64.
        order: the model's number of each number here; padding, the unknown and the end are the
            numbers 0, 1 and 3.
        start: number before every text; the one behind the others if the model has none.

    Attributes:
        custom_ops: the operations needed, by the Python module that registers them.

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
        self._pieces = text.SentencepieceTokenizer(model=b64decode(model), out_type=tf.int32)
        # Its resource is saved with the graph.
        self._resource = self._pieces._model_resource
        number_of = np.full(max(order) + 1, self.unknown, np.int32)
        number_of[list(order)] = np.arange(len(order))
        self._number_of = tf.constant(number_of)
        self._model_number_of = tf.constant(self.order)

    @classmethod
    def of_model(cls, model: bytes, order: Sequence[int], start: int) -> "SentencePieces":
        """From the bytes of a model's file."""
        return cls(b64encode(model).decode(), order, start)

    def get_config(self) -> dict[str, Any]:
        """What makes the same tokenizer again: `SentencePieces(**config)`."""
        return {"model": self.model, "order": list(self.order), "start": self.start}

    @property
    def size(self) -> int:
        """How many different numbers there are."""
        return max(len(self.order), self.start + 1)

    def tokenize(self, texts: Any) -> tf.RaggedTensor:
        """Numbers of pieces, without marks.

        Args:
            texts: string [batch].

        Returns:
            int32 [batch, (pieces)].
        """
        pieces = self._pieces.tokenize(tf.convert_to_tensor(texts))
        return pieces.with_flat_values(tf.gather(self._number_of, pieces.flat_values))

    def pieces(self, text: str) -> list[tuple[str, int]]:
        """The words of a text as they are written, each with the number of its pieces.

        Args:
            text: one.
        """
        words = tf.constant(text.split(), tf.string)
        return with_counts(words, self.tokenize(words))

    def detokenize(self, numbers: Any) -> Any:
        """The text of pieces; marks are left out, and what follows an end.

        Args:
            numbers: int32 [batch, pieces].

        Returns:
            string [batch].
        """
        numbers = tf.convert_to_tensor(numbers)
        rows = tf.ragged.boolean_mask(numbers, self.is_text(numbers))
        pieces = rows.with_flat_values(tf.gather(self._model_number_of, rows.flat_values))
        return self._pieces.detokenize(pieces)

"""Embedding of the features of users or items."""

from typing import Any

import keras
from keras import ops

from kit.layers._embedding import Embedding
from kit.layers._pooling import MaskedPooling

DROPPED = 0.7


@keras.saving.register_keras_serializable(package="kit")
class FeatureBag(keras.layers.Layer):
    """Embeds tokens of texts and categories from one table and adds a linear map of the numbers.

    The sum over a row's tokens is divided by the square root of their number, which balances long
    texts and single categories.

    Args:
        vocabulary_size: number of rows of the token table; row 0 is padding.
        dim: width of the output.
        entries: how many of the numbers, the last ones, are entries of precomputed vectors. A
            linear map of that many numbers could memorize every row, so they get dropout at a rate
            of 0.7.

    Call arguments:
        tokens: int32 [..., tokens]; 0 is padding.
        numbers: float32 [..., numbers], standardized.
        training: whether to apply dropout.

    Returns:
        float [..., dim]; zeros for a row without tokens whose numbers are all average.

    Source: Kula (2015), Metadata embeddings for user and item cold-start recommendations.

    Example:

    >>> import numpy as np
    >>> bag = FeatureBag(vocabulary_size=10, dim=4)
    >>> bag(np.array([[3, 7, 0]]), np.zeros((1, 2), "float32")).shape
    TensorShape([1, 4])
    """

    def __init__(self, vocabulary_size: int, dim: int, entries: int = 0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.autocast = False  # Tokens and numbers must not be cast to the compute dtype.
        self.vocabulary_size, self.dim, self.entries = vocabulary_size, dim, entries
        policy = self.dtype_policy
        self.table = Embedding(vocabulary_size, dim, dtype=policy, name="tokens")
        self.pooling = MaskedPooling(power=0.5, dtype=policy)
        self.numbers = keras.layers.Dense(dim, use_bias=False, dtype="float32", name="numbers")
        # In float32, so that dropout does not depend on the precision.
        self.dropout = keras.layers.Dropout(DROPPED, dtype="float32") if entries else None

    def build(
        self, tokens_shape: tuple[int | None, ...], numbers_shape: tuple[int | None, ...]
    ) -> None:
        self.table.build(tokens_shape)
        if numbers_shape[-1]:  # A kernel without rows would never get a gradient.
            self.numbers.build(numbers_shape)
        self.built = True

    def call(self, tokens: Any, numbers: Any, training: bool = False) -> Any:
        text = self.pooling(self.table(tokens), mask=ops.not_equal(tokens, 0))
        if not numbers.shape[-1]:
            return text
        if self.dropout is not None:
            plain, entries = ops.split(numbers, [numbers.shape[-1] - self.entries], axis=-1)
            entries = ops.cast(self.dropout(entries, training=training), plain.dtype)
            numbers = ops.concatenate([plain, entries], axis=-1)
        return text + ops.cast(self.numbers(numbers), text.dtype)

    def compute_output_shape(
        self, tokens_shape: tuple[int | None, ...], numbers_shape: tuple[int | None, ...]
    ) -> tuple[int | None, ...]:
        return (*tokens_shape[:-1], self.dim)

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        sizes = {"vocabulary_size": self.vocabulary_size, "dim": self.dim, "entries": self.entries}
        return {**config, **sizes}

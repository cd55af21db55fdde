"""Pooling over a list of vectors of which some are padding."""

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="kit")
class MaskedPooling(keras.layers.Layer):
    """Sum the vectors of a list and divide by a power of their number; padding does not count.

    Args:
        power: 1 gives the mean, 0 the sum, 0.5 keeps the variance of a sum of independent vectors.

    Call arguments:
        vectors: float [..., length, dim].
        mask: bool [..., length], False where the position is padding.

    Returns:
        float [..., dim]; zeros for a list that is all padding.

    Example:

    >>> import numpy as np
    >>> vectors = np.array([[[2.0], [4.0], [9.0]]], "float32")
    >>> print(MaskedPooling()(vectors, mask=np.array([[True, True, False]])).numpy())
    [[3.]]
    """

    def __init__(self, power: float = 1.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.power = power
        self.supports_masking = True
        # Nothing is left to build. Under a distribution strategy Keras calls a model that holds an
        # unbuilt layer on placeholders, which have not the types of the data.
        self.built = True

    def call(self, vectors: Any, mask: Any) -> Any:
        weights = ops.cast(mask, vectors.dtype)
        total = ops.einsum("...ld,...l->...d", vectors, weights)
        count = ops.maximum(ops.sum(weights, axis=-1, keepdims=True), 1)
        return total / count**self.power

    def compute_mask(self, vectors: Any, mask: Any = None) -> None:
        # One vector a list: were the mask handed on, a loss would take it for that of the lists.
        return None

    def compute_output_shape(self, vectors_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        return (*vectors_shape[:-2], vectors_shape[-1])

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "power": self.power}

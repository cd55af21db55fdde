"""Second-order interactions of a factorization machine."""

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="kit")
class FactorizationMachine(keras.layers.Layer):
    """Sum of the dot products of all pairs of vectors, in time linear in the number of vectors.

    Call arguments:
        vectors: float [..., fields, dim].

    Returns:
        float [..., 1].

    Source: Rendle (2010), Factorization machines.

    Example:

    >>> import numpy as np
    >>> vectors = np.array([[[1.0, 0.0], [2.0, 1.0], [0.0, 3.0]]], "float32")
    >>> print(FactorizationMachine()(vectors).numpy())
    [[5.]]
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.built = True  # It has no weights.

    def call(self, vectors: Any) -> Any:
        square_of_sum = ops.square(ops.sum(vectors, axis=-2))
        sum_of_squares = ops.sum(ops.square(vectors), axis=-2)
        return 0.5 * ops.sum(square_of_sum - sum_of_squares, axis=-1, keepdims=True)

    def compute_output_shape(self, vectors_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        return (*vectors_shape[:-2], 1)

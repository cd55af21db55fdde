"""Bilinear fusion of two vectors to a score."""

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="kit")
class BilinearFusion(keras.layers.Layer):
    """Score of two vectors: a linear term of each plus a bilinear term per head.

    Both vectors are split into heads, and only entries of the same head are multiplied. This takes
    1/heads of the weights and operations of a full bilinear form.

    Args:
        heads: number of heads; must divide both widths.

    Call arguments:
        first: float [batch, width].
        second: float [batch, another width].

    Returns:
        float [batch, 1].

    Raises:
        ValueError: a width is not a multiple of `heads`.

    Source: Mao et al. (2023), FinalMLP: an enhanced two-stream MLP model for CTR prediction.

    Example:

    >>> import tensorflow as tf
    >>> BilinearFusion(heads=2)(tf.ones([3, 4]), tf.ones([3, 6])).shape
    TensorShape([3, 1])
    """

    def __init__(self, heads: int = 1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.heads = heads
        self.of_first = keras.layers.Dense(1, dtype=self.dtype_policy, name="of_first")
        self.of_second = keras.layers.Dense(
            1, use_bias=False, dtype=self.dtype_policy, name="of_second"
        )

    def build(
        self, first_shape: tuple[int | None, ...], second_shape: tuple[int | None, ...]
    ) -> None:
        widths = (first_shape[-1] or 0, second_shape[-1] or 0)
        if any(width % self.heads for width in widths):
            raise ValueError(f"{self.heads} heads do not divide the widths {widths}.")
        self.of_first.build(first_shape)
        self.of_second.build(second_shape)
        head_widths = [width // self.heads for width in widths]
        # Glorot initialization per head; Keras would take the heads for a receptive field.
        limit = (6 / sum(head_widths)) ** 0.5
        self.products = self.add_weight(
            shape=(self.heads, *head_widths),
            initializer=keras.initializers.RandomUniform(-limit, limit),
            name="products",
        )
        self.built = True

    def call(self, first: Any, second: Any) -> Any:
        heads_of_first, heads_of_second = (
            ops.reshape(x, (-1, self.heads, x.shape[-1] // self.heads)) for x in (first, second)
        )
        mapped = ops.einsum("bhi,hij->bhj", heads_of_first, self.products)
        product = ops.sum(mapped * heads_of_second, axis=(1, 2))
        return self.of_first(first) + self.of_second(second) + product[:, None]

    def compute_output_shape(
        self, first_shape: tuple[int | None, ...], second_shape: tuple[int | None, ...]
    ) -> tuple[int | None, ...]:
        return (first_shape[0], 1)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "heads": self.heads}

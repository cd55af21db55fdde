"""Multilayer perceptron."""

from collections.abc import Sequence
from typing import Any

import keras


@keras.saving.register_keras_serializable(package="kit")
class Perceptron(keras.layers.Layer):
    """Multilayer perceptron: dense layers with ReLU and dropout.

    Args:
        units: width of each layer.
        dropout: dropout rate after each layer.

    Call arguments:
        inputs: float [..., width].

    Returns:
        float [..., units[-1]].

    Example:

    >>> import tensorflow as tf
    >>> Perceptron([8, 4])(tf.zeros([2, 3])).shape
    TensorShape([2, 4])
    """

    def __init__(self, units: Sequence[int], dropout: float = 0.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.units, self.dropout = tuple(units), dropout
        self.dense = [
            keras.layers.Dense(width, activation="relu", dtype=self.dtype_policy, name=f"dense_{n}")
            for n, width in enumerate(self.units)
        ]
        self.drop = keras.layers.Dropout(dropout, dtype=self.dtype_policy)

    def build(self, inputs_shape: tuple[int | None, ...]) -> None:
        for layer in self.dense:
            layer.build(inputs_shape)
            inputs_shape = layer.compute_output_shape(inputs_shape)
        self.built = True

    def call(self, inputs: Any, training: bool = False) -> Any:
        for layer in self.dense:
            inputs = self.drop(layer(inputs), training=training)
        return inputs

    def compute_output_shape(self, inputs_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        return (*inputs_shape[:-1], self.units[-1])

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "units": self.units, "dropout": self.dropout}

"""Multi-gate mixture of experts."""

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from kit.layers._perceptron import Perceptron


@keras.saving.register_keras_serializable(package="kit")
class MixtureOfExperts(keras.layers.Layer):
    """Multi-gate mixture of experts: each task mixes shared perceptrons with a gate of its own.

    Args:
        tasks: number of tasks.
        experts: number of experts, each a `Perceptron`.
        units: widths of each expert's layers.
        dropout: dropout rate after each layer of an expert.

    Call arguments:
        inputs: float [batch, width].

    Returns:
        float [batch, tasks, units[-1]].

    Source: Ma et al. (2018), Modeling task relationships in multi-task learning with multi-gate
    mixture-of-experts.

    Example:

    >>> import tensorflow as tf
    >>> MixtureOfExperts(tasks=2, experts=3, units=[8, 4])(tf.ones([5, 6])).shape
    TensorShape([5, 2, 4])
    """

    def __init__(
        self,
        tasks: int,
        experts: int,
        units: Sequence[int],
        dropout: float = 0.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.tasks, self.num_experts = tasks, experts
        self.units, self.dropout = tuple(units), dropout
        self.experts = [
            Perceptron(self.units, dropout, dtype=self.dtype_policy, name=f"expert_{number}")
            for number in range(experts)
        ]
        self.gates = keras.layers.Dense(tasks * experts, dtype=self.dtype_policy, name="gates")

    def build(self, inputs_shape: tuple[int | None, ...]) -> None:
        for layer in (*self.experts, self.gates):
            layer.build(inputs_shape)
        self.built = True

    def call(self, inputs: Any, training: bool = False) -> Any:
        outputs = ops.stack([expert(inputs, training=training) for expert in self.experts], axis=1)
        scores = ops.reshape(self.gates(inputs), (-1, self.tasks, self.num_experts))
        return ops.einsum("bte,beu->btu", ops.softmax(scores), outputs)

    def compute_output_shape(self, inputs_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        return (inputs_shape[0], self.tasks, self.units[-1])

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "tasks": self.tasks,
            "experts": self.num_experts,
            "units": self.units,
            "dropout": self.dropout,
        }

"""Feature gates of FinalMLP."""

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="kit")
class FeatureGate(keras.layers.Layer):
    """Scales every entry of the features by a factor between 0 and 2 that a small network computes.

    With a gate of their own, the two streams of FinalMLP select different features.

    Args:
        units: width of the network's hidden layer.

    Call arguments:
        features: float [batch, width].

    Returns:
        float [batch, width].

    Source: Mao et al. (2023), FinalMLP: an enhanced two-stream MLP model for CTR prediction. There
    the input of the gate may be a hand-picked subset of the features; here it is all of them.

    Example:

    >>> import tensorflow as tf
    >>> FeatureGate(units=8)(tf.ones([2, 5])).shape
    TensorShape([2, 5])
    """

    def __init__(self, units: int = 64, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.units = units
        self.hidden = keras.layers.Dense(
            units, activation="relu", dtype=self.dtype_policy, name="hidden"
        )

    def build(self, features_shape: tuple[int | None, ...]) -> None:
        self.hidden.build(features_shape)
        self.gate = keras.layers.Dense(
            features_shape[-1], activation="sigmoid", dtype=self.dtype_policy, name="gate"
        )
        self.gate.build((None, self.units))
        self.built = True

    def call(self, features: Any) -> Any:
        return 2 * ops.multiply(features, self.gate(self.hidden(features)))

    def compute_output_shape(
        self, features_shape: tuple[int | None, ...]
    ) -> tuple[int | None, ...]:
        return features_shape

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "units": self.units}

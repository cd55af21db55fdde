"""Two convolutions that learn what to add."""

from typing import Any

import keras

from kit.layers._convolution_block import ConvolutionBlock
from kit.layers._squeeze_excite import SqueezeExcite


@keras.saving.register_keras_serializable(package="kit")
class ResidualBlock(keras.layers.Layer):
    """Two convolutions of 3 by 3 around which a shortcut leads.

    Where the shape changes, the shortcut averages as many neighbours as the stride leaves out and
    mixes the channels by a convolution of 1 by 1.

    Args:
        filters: channels of the result.
        strides: of the first convolution.
        activation: name of a Keras activation.
        squeeze: ratio of a `SqueezeExcite` before the addition; 0 for none.

    Call arguments:
        maps: float [batch, height, width, channels].

    Returns:
        float [batch, height / strides, width / strides, filters].

    Source: He, Zhang, Ren and Sun (2016), Deep residual learning for image recognition; the
    shortcut that averages: He et al. (2019), Bag of tricks for image classification.

    Example:

    >>> import numpy as np
    >>> ResidualBlock(16, strides=2, squeeze=4)(np.ones((2, 9, 8, 3))).shape
    TensorShape([2, 5, 4, 16])
    """

    def __init__(
        self,
        filters: int,
        strides: int = 1,
        activation: str = "relu",
        squeeze: int = 0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.filters, self.strides = filters, strides
        self.activation, self.squeeze = activation, squeeze
        policy = self.dtype_policy
        self.first = ConvolutionBlock(
            filters, strides=strides, activation=activation, dtype=policy, name="first"
        )
        self.second = ConvolutionBlock(filters, activation=None, dtype=policy, name="second")
        self.gate = SqueezeExcite(squeeze, dtype=policy, name="gate") if squeeze else None
        self.activate = keras.activations.get(activation)

    def build(self, maps_shape: tuple[int | None, ...]) -> None:
        policy, inner = self.dtype_policy, self.compute_output_shape(maps_shape)
        self.first.build(maps_shape)
        self.second.build(inner)
        if self.gate is not None:
            self.gate.build(inner)
        self.average = self.mix = None
        if self.strides > 1:
            self.average = keras.layers.AveragePooling2D(
                self.strides, padding="same", dtype=policy, name="average"
            )
        if self.strides > 1 or maps_shape[-1] != self.filters:
            self.mix = ConvolutionBlock(
                self.filters, kernel=1, activation=None, dtype=policy, name="mix"
            )
            self.mix.build((*inner[:-1], maps_shape[-1]))
        self.built = True

    def call(self, maps: Any, training: bool = False) -> Any:
        added = self.second(self.first(maps, training=training), training=training)
        if self.gate is not None:
            added = self.gate(added)
        if self.average is not None:
            maps = self.average(maps)
        if self.mix is not None:
            maps = self.mix(maps, training=training)
        return self.activate(maps + added)

    def compute_output_shape(self, maps_shape: Any) -> Any:
        return self.first.compute_output_shape(maps_shape)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "filters": self.filters,
            "strides": self.strides,
            "activation": self.activation,
            "squeeze": self.squeeze,
        }

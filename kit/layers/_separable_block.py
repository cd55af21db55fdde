"""A convolution in two cheap steps: over space, then over channels."""

from typing import Any

import keras

from kit.layers._convolution_block import ConvolutionBlock


@keras.saving.register_keras_serializable(package="kit")
class SeparableBlock(keras.layers.Layer):
    """A depthwise convolution and one of 1 by 1, each with norm and activation.

    For a kernel of 3 it costs about an eighth of a whole convolution.

    Args:
        filters: channels of the result.
        kernel: height and width of the depthwise convolution.
        strides: of the depthwise convolution.
        activation: name of a Keras activation.

    Call arguments:
        maps: float [batch, height, width, channels].

    Returns:
        float [batch, height / strides, width / strides, filters].

    Source: Howard et al. (2017), MobileNets.

    Example:

    >>> import numpy as np
    >>> SeparableBlock(16, strides=2)(np.ones((2, 9, 8, 3))).shape
    TensorShape([2, 5, 4, 16])
    """

    def __init__(
        self,
        filters: int,
        kernel: int = 3,
        strides: int = 1,
        activation: str = "relu",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.filters, self.kernel, self.strides = filters, kernel, strides
        self.activation = activation
        policy = self.dtype_policy
        self.depthwise = keras.layers.DepthwiseConv2D(
            kernel,
            strides,
            padding="same",
            use_bias=False,
            depthwise_initializer="he_normal",
            dtype=policy,
            name="depthwise",
        )
        self.norm = keras.layers.BatchNormalization(
            momentum=0.9, epsilon=1e-5, dtype=policy, name="norm"
        )
        self.pointwise = ConvolutionBlock(
            filters, kernel=1, activation=activation, dtype=policy, name="pointwise"
        )
        self.activate = keras.activations.get(activation)

    def build(self, maps_shape: tuple[int | None, ...]) -> None:
        inner = self.depthwise.compute_output_shape(maps_shape)
        self.depthwise.build(maps_shape)
        self.norm.build(inner)
        self.pointwise.build(inner)
        self.built = True

    def call(self, maps: Any, training: bool = False) -> Any:
        maps = self.activate(self.norm(self.depthwise(maps), training=training))
        return self.pointwise(maps, training=training)

    def compute_output_shape(self, maps_shape: Any) -> Any:
        return (*self.depthwise.compute_output_shape(maps_shape)[:-1], self.filters)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "filters": self.filters,
            "kernel": self.kernel,
            "strides": self.strides,
            "activation": self.activation,
        }

"""The brick of networks for images: convolution, norm, activation."""

from typing import Any

import keras


@keras.saving.register_keras_serializable(package="kit")
class ConvolutionBlock(keras.layers.Layer):
    """A convolution, batch normalization and an activation.

    The convolution has no bias, as the norm has one. Under mixed precision the norm computes in
    float32; under a distribution strategy each replica normalizes its own part of the batch.

    Args:
        filters: channels of the result.
        kernel: height and width of the convolution.
        strides: steps of the convolution; the result is `1 / strides` as high and wide, rounded up.
        groups: in how many parts of its own the channels are mixed.
        activation: name of a Keras activation, or None.

    Call arguments:
        maps: float [batch, height, width, channels].

    Returns:
        float [batch, height / strides, width / strides, filters].

    Source: Ioffe and Szegedy (2015), Batch normalization.

    Example:

    >>> import numpy as np
    >>> ConvolutionBlock(16, strides=2)(np.ones((2, 9, 8, 3))).shape
    TensorShape([2, 5, 4, 16])
    """

    def __init__(
        self,
        filters: int,
        kernel: int = 3,
        strides: int = 1,
        groups: int = 1,
        activation: str | None = "relu",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.filters, self.kernel, self.strides = filters, kernel, strides
        self.groups, self.activation = groups, activation
        policy = self.dtype_policy
        self.convolution = keras.layers.Conv2D(
            filters,
            kernel,
            strides,
            padding="same",
            groups=groups,
            use_bias=False,
            kernel_initializer="he_normal",
            dtype=policy,
            name="convolution",
        )
        self.norm = keras.layers.BatchNormalization(
            momentum=0.9, epsilon=1e-5, dtype=policy, name="norm"
        )
        self.activate = keras.activations.get(activation)

    def build(self, maps_shape: tuple[int | None, ...]) -> None:
        self.convolution.build(maps_shape)
        self.norm.build(self.compute_output_shape(maps_shape))
        self.built = True

    def call(self, maps: Any, training: bool = False) -> Any:
        return self.activate(self.norm(self.convolution(maps), training=training))

    def compute_output_shape(self, maps_shape: Any) -> Any:
        return self.convolution.compute_output_shape(maps_shape)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "filters": self.filters,
            "kernel": self.kernel,
            "strides": self.strides,
            "groups": self.groups,
            "activation": self.activation,
        }

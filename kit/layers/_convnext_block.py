"""ConvNeXt V2 block."""

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="kit")
class ConvNextBlock(keras.layers.Layer):
    """ConvNeXt V2 block: depthwise convolution, layer norm, wide hidden layer, residual connection.

    The hidden layer has global response normalization: each channel is scaled by its norm over the
    image relative to the mean norm of all channels, which keeps channels diverse.

    Args:
        kernel: height and width of the depthwise convolution.
        expansion: width of the hidden layer, as a multiple of the number of channels.

    Call arguments:
        maps: float [batch, height, width, channels].

    Returns:
        float, same shape.

    Source: Woo et al. (2023), ConvNeXt V2.

    Example:

    >>> import numpy as np
    >>> ConvNextBlock()(np.ones((2, 9, 8, 3))).shape
    TensorShape([2, 9, 8, 3])
    """

    def __init__(self, kernel: int = 7, expansion: int = 4, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.kernel, self.expansion = kernel, expansion
        self.depthwise = keras.layers.DepthwiseConv2D(
            kernel, padding="same", dtype=self.dtype_policy, name="depthwise"
        )
        self.norm = keras.layers.LayerNormalization(
            epsilon=1e-6, dtype=self.dtype_policy, name="norm"
        )

    def build(self, maps_shape: tuple[int | None, ...]) -> None:
        channels, policy = maps_shape[-1], self.dtype_policy
        assert channels is not None, "the number of channels has to be known"
        hidden = self.expansion * channels
        self.widen = keras.layers.Dense(hidden, "gelu", dtype=policy, name="widen")
        self.narrow = keras.layers.Dense(channels, dtype=policy, name="narrow")
        self.depthwise.build(maps_shape)
        self.norm.build(maps_shape)
        self.widen.build(maps_shape)
        self.narrow.build((*maps_shape[:-1], hidden))
        self.strength = self.add_weight(shape=(hidden,), initializer="zeros", name="strength")
        self.shift = self.add_weight(shape=(hidden,), initializer="zeros", name="shift")
        self.built = True

    def call(self, maps: Any) -> Any:
        hidden = self.widen(self.norm(self.depthwise(maps)))
        # bfloat16 is too imprecise for sums over all positions.
        squares = ops.sum(ops.square(ops.cast(hidden, "float32")), axis=(1, 2), keepdims=True)
        response = ops.sqrt(squares + 1e-6)
        response /= ops.mean(response, axis=-1, keepdims=True)
        response = ops.cast(response, self.compute_dtype)
        return maps + self.narrow(hidden * (self.strength * response + 1) + self.shift)

    def compute_output_shape(self, maps_shape: Any) -> Any:
        return maps_shape

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "kernel": self.kernel, "expansion": self.expansion}

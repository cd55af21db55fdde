"""Which channels matter in this image."""

from typing import Any

import keras


@keras.saving.register_keras_serializable(package="kit")
class SqueezeExcite(keras.layers.Layer):
    """Each channel is scaled by a gate that sees the mean of all channels.

    Args:
        ratio: the hidden layer has `channels / ratio` units, 4 at least.

    Call arguments:
        maps: float [batch, height, width, channels].

    Returns:
        float, the same shape.

    Source: Hu, Shen and Sun (2018), Squeeze-and-excitation networks.

    Example:

    >>> import numpy as np
    >>> SqueezeExcite()(np.ones((2, 5, 4, 16))).shape
    TensorShape([2, 5, 4, 16])
    """

    def __init__(self, ratio: int = 8, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.ratio = ratio
        self.pool = keras.layers.GlobalAveragePooling2D(keepdims=True, dtype=self.dtype_policy)

    def build(self, maps_shape: tuple[int | None, ...]) -> None:
        channels, policy = maps_shape[-1], self.dtype_policy
        assert channels is not None, "the number of channels has to be known"
        hidden = max(4, channels // self.ratio)
        self.squeeze = keras.layers.Dense(hidden, "relu", dtype=policy, name="squeeze")
        self.excite = keras.layers.Dense(channels, "sigmoid", dtype=policy, name="excite")
        self.squeeze.build((None, 1, 1, channels))
        self.excite.build((None, 1, 1, hidden))
        self.built = True

    def call(self, maps: Any) -> Any:
        return maps * self.excite(self.squeeze(self.pool(maps)))

    def compute_output_shape(self, maps_shape: Any) -> Any:
        return maps_shape

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "ratio": self.ratio}

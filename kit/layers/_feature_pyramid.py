"""Feature pyramid network."""

from collections.abc import Sequence
from typing import Any

import keras

from kit.layers._convolution_block import ConvolutionBlock


@keras.saving.register_keras_serializable(package="kit")
class FeaturePyramid(keras.layers.Layer):
    """Top-down feature pyramid: adds to each feature map the next coarser one, upsampled.

    Fine maps locate edges, coarse maps recognize objects; detection at all scales needs both.

    Args:
        filters: channels of every output map.

    Call arguments:
        maps: list of float [batch, height, width, channels], from fine to coarse; each has half the
            height and width of the one before, rounded up.

    Returns:
        List of float [batch, height, width, filters], with the heights and widths of the inputs.

    Source: Lin et al. (2017), Feature pyramid networks for object detection.

    Example:

    >>> import tensorflow as tf
    >>> maps = FeaturePyramid(8)([tf.ones([2, 6, 4, 3]), tf.ones([2, 3, 2, 5])])
    >>> [tuple(one.shape) for one in maps]
    [(2, 6, 4, 8), (2, 3, 2, 8)]
    """

    def __init__(self, filters: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.filters = filters
        self.sides: list[ConvolutionBlock] = []
        self.mixed: list[ConvolutionBlock] = []

    def build(self, maps_shape: Sequence[tuple[int | None, ...]]) -> None:
        for number, shape in enumerate(maps_shape):
            side = ConvolutionBlock(self.filters, 1, dtype=self.dtype_policy, name=f"side_{number}")
            mix = ConvolutionBlock(self.filters, dtype=self.dtype_policy, name=f"mix_{number}")
            side.build(shape)
            mix.build((*shape[:-1], self.filters))
            self.sides.append(side)
            self.mixed.append(mix)
        self.built = True

    def call(self, maps: Sequence[Any], training: bool = False) -> list[Any]:
        sides = [side(one, training=training) for side, one in zip(self.sides, maps, strict=True)]
        pyramid = [sides[-1]]
        for fine in reversed(sides[:-1]):
            doubled = keras.ops.repeat(keras.ops.repeat(pyramid[0], 2, axis=1), 2, axis=2)
            height, width = keras.ops.shape(fine)[1:3]
            # If the finer map has an odd size, the upsampled one has an extra row or column.
            pyramid.insert(0, fine + doubled[:, :height, :width])
        return [mix(one, training=training) for mix, one in zip(self.mixed, pyramid, strict=True)]

    def compute_output_shape(
        self, maps_shape: Sequence[tuple[int | None, ...]]
    ) -> list[tuple[int | None, ...]]:
        return [(*shape[:-1], self.filters) for shape in maps_shape]

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "filters": self.filters}

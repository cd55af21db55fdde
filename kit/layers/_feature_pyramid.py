"""Feature maps of several sizes, each told what the coarser ones saw."""

from collections.abc import Sequence
from typing import Any

import keras

from kit.layers._convolution_block import ConvolutionBlock


@keras.saving.register_keras_serializable(package="kit")
class FeaturePyramid(keras.layers.Layer):
    """Adds to each feature map the next coarser one, doubled in height and width.

    A fine map sees where an edge is, a coarse one what it belongs to; an object of any size needs
    both.

    Args:
        filters: channels of every map of the result.

    Call arguments:
        maps: of float [batch, height, width, channels], from fine to coarse, each half as high and
            wide as the one before, rounded up.

    Returns:
        As many maps of the same heights and widths, float [batch, height, width, filters].

    Source: Lin et al. (2017), Feature pyramid networks for object detection.

    Example:

    >>> import tensorflow as tf
    >>> found = FeaturePyramid(8)([tf.ones([2, 6, 4, 3]), tf.ones([2, 3, 2, 5])])
    >>> [tuple(one.shape) for one in found]
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
        found = [sides[-1]]
        for fine in reversed(sides[:-1]):
            doubled = keras.ops.repeat(keras.ops.repeat(found[0], 2, axis=1), 2, axis=2)
            height, width = keras.ops.shape(fine)[1:3]
            # Where the finer map is odd, the doubled one has a row or column too many.
            found.insert(0, fine + doubled[:, :height, :width])
        return [mix(one, training=training) for mix, one in zip(self.mixed, found, strict=True)]

    def compute_output_shape(
        self, maps_shape: Sequence[tuple[int | None, ...]]
    ) -> list[tuple[int | None, ...]]:
        return [(*shape[:-1], self.filters) for shape in maps_shape]

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "filters": self.filters}

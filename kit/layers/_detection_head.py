"""Detection head: class scores and box distances at every cell of a feature map."""

from typing import Any

import keras

from kit.layers._convolution_block import ConvolutionBlock

# Initial biases: a score of 1 %, and boxes four cells wide.
RARE, TWO_CELLS = -4.6, 1.854


@keras.saving.register_keras_serializable(package="kit")
class DetectionHead(keras.layers.Layer):
    """Class logits and box distances of one feature map, by separate convolution branches.

    Args:
        classes: number of classes.
        filters: channels of the hidden convolutions.
        depth: number of hidden convolutions in each of the two branches.

    Call arguments:
        maps: float [batch, height, width, channels].

    Returns:
        Logits, float [batch, height * width, classes]; and the distances, in cells, from the centre
        of each cell to the left, top, right and bottom of its box, float [batch, height * width,
        4], above 0.

    Source: Tian et al. (2019), FCOS: fully convolutional one-stage object detection.

    Example:

    >>> import tensorflow as tf
    >>> logits, distances = DetectionHead(3, filters=8)(tf.ones([2, 6, 4, 5]))
    >>> tuple(logits.shape), tuple(distances.shape)
    ((2, 24, 3), (2, 24, 4))
    """

    def __init__(self, classes: int, filters: int = 64, depth: int = 1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.classes, self.filters, self.depth = classes, filters, depth
        self.score_blocks, self.box_blocks = (
            [
                ConvolutionBlock(filters, dtype=self.dtype_policy, name=f"{name}_{number}")
                for number in range(depth)
            ]
            for name in ("score", "box")
        )
        small = keras.initializers.RandomNormal(stddev=0.01, seed=0)
        self.score, self.box = (
            keras.layers.Conv2D(
                width,
                1,
                kernel_initializer=small,
                bias_initializer=keras.initializers.Constant(bias),
                dtype=self.dtype_policy,
                name=name,
            )
            for name, width, bias in (("score", classes, RARE), ("box", 4, TWO_CELLS))
        )

    def build(self, maps_shape: tuple[int | None, ...]) -> None:
        for blocks, last in ((self.score_blocks, self.score), (self.box_blocks, self.box)):
            shape = maps_shape
            for block in blocks:
                block.build(shape)
                shape = block.compute_output_shape(shape)
            last.build(shape)
        self.built = True

    def call(self, maps: Any, training: bool = False) -> tuple[Any, Any]:
        scores = boxes = maps
        for block in self.score_blocks:
            scores = block(scores, training=training)
        for block in self.box_blocks:
            boxes = block(boxes, training=training)
        cells = maps.shape[1] * maps.shape[2]
        scores = keras.ops.reshape(self.score(scores), [-1, cells, self.classes])
        boxes = keras.ops.reshape(self.box(boxes), [-1, cells, 4])
        return scores, keras.ops.softplus(boxes)

    def compute_output_shape(self, maps_shape: Any) -> Any:
        batch, height, width, _ = maps_shape
        cells = None if height is None or width is None else height * width
        return (batch, cells, self.classes), (batch, cells, 4)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "classes": self.classes,
            "filters": self.filters,
            "depth": self.depth,
        }

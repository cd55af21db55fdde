"""Resize images to a fixed shape, keeping their proportions."""

from typing import Any

import tensorflow as tf

GREY = 114.0
"""Value of the padding pixels around a letterboxed image."""


def letterbox(image: Any, shape: tuple[int, int]) -> tuple[Any, Any]:
    """Scale an image to fit, with its proportions, into the top left of a grey canvas.

    Args:
        image: [height, width, 3], 0 to 255, of any dtype.
        shape: height and width of the canvas.

    Returns:
        The canvas, float32 [height, width, 3], and the scale, float32 []: coordinates in the image
        times the scale are coordinates on the canvas.

    Example:

    >>> canvas, scale = letterbox(tf.zeros([100, 50, 3], tf.uint8), (50, 50))
    >>> canvas[10, :, 0].numpy()[[0, 24, 25]].tolist(), float(scale)
    ([0.0, 0.0, 114.0], 0.5)
    """
    height, width = shape
    sides = tf.cast(tf.shape(image)[:2], tf.float32)
    scale = tf.minimum(height / sides[0], width / sides[1])
    fitted = tf.cast(tf.round(sides * scale), tf.int32)
    fitted = tf.clip_by_value(fitted, 1, [height, width])
    small = tf.image.resize(image, fitted, antialias=True)
    below = [[0, height - fitted[0]], [0, width - fitted[1]], [0, 0]]
    canvas = tf.pad(small, below, constant_values=GREY)
    return tf.ensure_shape(canvas, [height, width, 3]), scale

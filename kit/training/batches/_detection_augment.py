"""Augmentation of images with boxes: zoom, crop, flip, colour and mosaic."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import tensorflow as tf

from kit.layers import GREY

LEAST_SEEN, LEAST_SIDE = 0.35, 2.0


@dataclass(frozen=True)
class BoxAugmentation:
    """Strength of the augmentation.

    Args:
        mosaic: share of the images that are composed of four.
        zoom: smallest and largest scale, relative to that at which the whole image fits.
        flip: mirror half of the images horizontally.
        upside_down: mirror half of them vertically, for images without an upright orientation.
        colour: largest change of brightness, contrast and saturation, as a share.
    """

    mosaic: float = 0.5
    zoom: tuple[float, float] = (0.7, 1.4)
    flip: bool = True
    upside_down: bool = False
    colour: float = 0.2


BOX_AUGMENTATION = BoxAugmentation()
NO_BOX_AUGMENTATION = BoxAugmentation(mosaic=0.0, zoom=(1.0, 1.0), flip=False, colour=0.0)
"""No augmentation."""


def augmented(
    image_of: Callable[[tf.Tensor], tuple[tf.Tensor, tf.Tensor]],
    boxes: Any,
    labels: Any,
    chosen: Any,
    *,
    shape: tuple[int, int],
    room: int,
    seed: Any,
    augmentation: BoxAugmentation,
) -> tuple[Any, Any, Any]:
    """One augmented image, from the first or from all four of the chosen ones.

    Boxes are clipped to the image's tile; a box of which less than a third is visible is dropped.

    Args:
        image_of: from a number to uint8 [height, width, 3] and the scale of its boxes.
        boxes: float [4, objects, 4], in pixels of the images before that scale.
        labels: int [4, objects], -1 where there is none.
        chosen: int [4], numbers of the images.
        shape: height and width of the result.
        room: maximum objects of the result.
        seed: int [2]; randomness depends on it alone.
        augmentation: the strength.

    Returns:
        uint8 [height, width, 3], float [room, 4], int [room].
    """
    draw = _Draw(seed)

    def tile(number: int, sides: tuple[Any, Any], offset: tuple[Any, Any]) -> tuple[Any, Any, Any]:
        image, scale = image_of(chosen[number])
        return _tile(
            image, boxes[number] * scale, labels[number], sides, offset, shape, draw, augmentation
        )

    def single() -> tuple[Any, Any, Any]:
        return _joined([tile(0, shape, (0, 0))], lambda parts: parts[0], shape, room)

    def four() -> tuple[Any, Any, Any]:
        down, right = (
            tf.cast(tf.round(side * draw.between(0.35, 0.65)), tf.int32) for side in shape
        )
        parts = [
            tile(2 * row + column, (height, width), (top, left))
            for row, (height, top) in enumerate([(down, 0), (shape[0] - down, down)])
            for column, (width, left) in enumerate([(right, 0), (shape[1] - right, right)])
        ]

        def join(pixels: list[Any]) -> Any:
            rows = [tf.concat(pixels[i : i + 2], axis=1) for i in (0, 2)]
            return tf.concat(rows, axis=0)

        return _joined(parts, join, shape, room)

    if not augmentation.mosaic:
        image, boxes, labels = single()
    else:
        image, boxes, labels = tf.cond(draw.between(0, 1) < augmentation.mosaic, four, single)
    image = _coloured(image, draw, augmentation.colour)
    return tf.cast(tf.clip_by_value(tf.round(image), 0, 255), tf.uint8), boxes, labels


class _Draw:
    """Random numbers that depend on the seed and on the count of previous ones."""

    def __init__(self, seed: Any) -> None:
        self.seed, self.count = seed, 0

    def between(self, low: float, high: float) -> Any:
        self.count += 1
        seed = tf.random.experimental.stateless_fold_in(self.seed, self.count)
        return tf.random.stateless_uniform([], seed, low, high)

    def coin(self) -> Any:
        return self.between(0, 1) < 0.5


def _tile(
    image: Any,
    boxes: Any,
    labels: Any,
    sides: tuple[Any, Any],
    offset: tuple[Any, Any],
    shape: tuple[int, int],
    draw: _Draw,
    augmentation: BoxAugmentation,
) -> tuple[Any, Any, Any]:
    """A window of an image in a tile of the result, and the boxes in pixels of the result."""
    size = tf.cast(tf.shape(image)[:2], tf.float32)
    fits = tf.minimum(shape[0] / size[0], shape[1] / size[1])
    low, high = augmentation.zoom
    scale = fits * tf.exp(draw.between(0, 1) * tf.math.log(high / low)) * low
    # In pixels of the image: the window has the size of the tile, at a random position in the
    # image; if the image is smaller, it is at a random position in the window.
    window = tf.cast(tf.stack(sides), tf.float32) / scale
    free = size - window
    start = free * tf.stack([draw.between(0, 1), draw.between(0, 1)])
    if augmentation == NO_BOX_AUGMENTATION:
        start = tf.minimum(start, 0) * 0
    end = start + window
    # The operation measures from the centre of the first pixel to that of the last.
    half = 0.5 / scale
    box = tf.concat([start + half - 0.5, end - half - 0.5], axis=0) / tf.tile(size - 1, [2])
    pixels = tf.image.crop_and_resize(
        image[None], box[None], [0], tf.stack(sides), extrapolation_value=GREY
    )[0]
    moved = (boxes - tf.tile(start[::-1], [2])) * scale

    height, width = (tf.cast(side, tf.float32) for side in sides)
    if augmentation.flip:
        turn = draw.coin()
        pixels = tf.cond(turn, lambda: tf.reverse(pixels, [1]), lambda: pixels)
        left, top, right, bottom = tf.unstack(moved, axis=1)
        moved = tf.where(turn, tf.stack([width - right, top, width - left, bottom], 1), moved)
    if augmentation.upside_down:
        turn = draw.coin()
        pixels = tf.cond(turn, lambda: tf.reverse(pixels, [0]), lambda: pixels)
        left, top, right, bottom = tf.unstack(moved, axis=1)
        moved = tf.where(turn, tf.stack([left, height - bottom, right, height - top], 1), moved)

    seen = tf.stack(
        [
            tf.clip_by_value(moved[:, 0], 0, width),
            tf.clip_by_value(moved[:, 1], 0, height),
            tf.clip_by_value(moved[:, 2], 0, width),
            tf.clip_by_value(moved[:, 3], 0, height),
        ],
        axis=1,
    )
    left = tf.reduce_prod(seen[:, 2:] - seen[:, :2], axis=1)
    whole = tf.reduce_prod(moved[:, 2:] - moved[:, :2], axis=1)
    large = tf.reduce_min(seen[:, 2:] - seen[:, :2], axis=1) >= LEAST_SIDE
    kept = (labels >= 0) & large & (left >= LEAST_SEEN * whole)
    top_left = tf.cast(tf.stack([offset[1], offset[0]]), tf.float32)
    return pixels, seen + tf.tile(top_left, [2]), tf.where(kept, labels, -1)


def _joined(
    tiles: list[tuple[Any, Any, Any]],
    join: Callable[[list[Any]], Any],
    shape: tuple[int, int],
    room: int,
) -> tuple[Any, Any, Any]:
    """Tiles as one image, with its boxes first and then padding."""
    image = tf.ensure_shape(join([pixels for pixels, _, _ in tiles]), [*shape, 3])
    boxes = tf.concat([boxes for _, boxes, _ in tiles], axis=0)
    labels = tf.concat([labels for _, _, labels in tiles], axis=0)
    kept = labels >= 0
    boxes, labels = tf.boolean_mask(boxes, kept)[:room], tf.boolean_mask(labels, kept)[:room]
    missing = room - tf.shape(labels)[0]
    boxes = tf.pad(boxes, [[0, missing], [0, 0]])
    labels = tf.pad(labels, [[0, missing]], constant_values=-1)
    return image, tf.ensure_shape(boxes, [room, 4]), tf.ensure_shape(labels, [room])


def _coloured(image: Any, draw: _Draw, most: float) -> Any:
    """Random brightness, contrast and saturation."""
    if not most:
        return image
    light, contrast, colour = (draw.between(1 - most, 1 + most) for _ in range(3))
    grey = tf.reduce_mean(image, axis=2, keepdims=True)
    image = grey + (image - grey) * colour
    middle = tf.reduce_mean(image)
    return (middle + (image - middle) * contrast) * light

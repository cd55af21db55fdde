"""Images as a model sees them in training: a little different each time."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import tensorflow as tf

FLIP, CROP, CUTOUT, MIXUP = "flip", "crop", "cutout", "mixup"
AUGMENTATIONS = (FLIP, CROP, CUTOUT, MIXUP)
"""Names of the image augmentations."""
MIXUP_ALPHA = 0.2


@dataclass(frozen=True)
class Augmentation:
    """Random changes of a batch of images that depend on seeds alone.

    * "flip": left and right are exchanged in every other image;
    * "crop": the image is moved by up to an eighth of its height and width, black behind it;
    * "cutout": a square of a quarter of the height and width, anywhere, becomes grey;
    * "mixup": an image and its target are mixed with another's, see `mixing`.

    Args:
        kinds: which of these.

    Raises:
        ValueError: an unknown kind.

    Source: DeVries and Taylor (2017), Improved regularization of convolutional neural networks
    with cutout; Zhang et al. (2018), mixup.

    Example:

    >>> augment = Augmentation(["flip", "crop"])
    >>> augment(tf.zeros([2, 8, 8, 3], tf.uint8), seed=[0, 1]).dtype
    tf.float32
    """

    kinds: Sequence[str]

    def __post_init__(self) -> None:
        if strange := set(self.kinds) - set(AUGMENTATIONS):
            raise ValueError(f"{min(strange)!r} is none of {', '.join(AUGMENTATIONS)}.")

    def __call__(self, images: Any, seed: Any, rows: slice = slice(None), of: int = 0) -> Any:
        """Change every image of a batch.

        Args:
            images: uint8 [images, height, width, channels].
            seed: int [2].
            rows: which rows of the batch the images are, where they are not all.
            of: rows of the batch, where the images are not all.

        Returns:
            float32, the same shape, from 0 to 255.
        """
        batch = of or images.shape[0]
        if FLIP in self.kinds or CROP in self.kinds:
            images = self._moved(images, seed, rows, batch)
        images = tf.cast(images, tf.float32)
        if CUTOUT in self.kinds:
            images = _cut_out(images, seed, rows, batch)
        return images

    def mixing(self, seed: Any, rows: slice, of: int) -> Any:
        """How much of each image stays when it is mixed with the next of the batch.

        Args:
            seed: int [2].
            rows: of the batch.
            of: rows of the batch.

        Returns:
            float32 [rows], drawn from Beta(.2, .2); or None where nothing is mixed.
        """
        if MIXUP not in self.kinds:
            return None
        drawn = tf.random.stateless_gamma([2, of], _other(seed, 5), MIXUP_ALPHA) + 1e-9
        return (drawn[0] / (drawn[0] + drawn[1]))[rows]

    def _moved(self, images: Any, seed: Any, rows: slice, batch: int) -> Any:
        height, width = images.shape[1:3]
        one, none = tf.ones([batch]), tf.zeros([batch])
        across, down, mirror = none, none, tf.zeros([batch], tf.bool)
        if CROP in self.kinds:
            across = _whole(batch, width // 8, _other(seed, 1))
            down = _whole(batch, height // 8, _other(seed, 2))
        if FLIP in self.kinds:
            mirror = tf.random.stateless_uniform([batch], _other(seed, 3)) < 0.5
        # Where each pixel of the result is taken from: x from a x + b y + c, y likewise.
        x = [tf.where(mirror, -one, one), none, tf.where(mirror, width - 1 + across, across)]
        y = [none, one, down]
        return tf.raw_ops.ImageProjectiveTransformV3(
            images=images,
            transforms=tf.stack([*x, *y, none, none], axis=1)[rows],
            output_shape=[height, width],
            fill_value=0.0,
            interpolation="NEAREST",
            fill_mode="CONSTANT",
        )


def _other(seed: Any, number: int) -> Any:
    return tf.random.experimental.stateless_fold_in(seed, number)


def _whole(batch: int, most: int, seed: Any) -> Any:
    """Whole numbers from -most to most, as float32 [batch]."""
    drawn = tf.random.stateless_uniform([batch], seed, -most, most + 1, tf.int32)
    return tf.cast(drawn, tf.float32)


def _cut_out(images: Any, seed: Any, rows: slice, batch: int) -> Any:
    height, width = images.shape[1:3]
    centres = tf.random.stateless_uniform([batch, 2, 1], _other(seed, 4))[rows]

    def inside(length: int, axis: int) -> Any:
        places = tf.range(length, dtype=tf.float32) + 0.5
        return tf.abs(places - centres[:, axis] * length) < length / 8

    hole = inside(height, 0)[:, :, None] & inside(width, 1)[:, None, :]
    return tf.where(hole[..., None], 128.0, images)

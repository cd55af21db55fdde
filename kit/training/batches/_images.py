"""Batches of images, augmented."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from kit.data.images import Images, decoded
from kit.training.batches._stream import WHOLE, Shard, digest

FLIP, CROP, CUTOUT, MIXUP = "flip", "crop", "cutout", "mixup"
AUGMENTATIONS = (FLIP, CROP, CUTOUT, MIXUP)
"""Names of the image augmentations."""
MIXUP_ALPHA = 0.2


@dataclass(frozen=True)
class Augmentation:
    """Random augmentation of a batch of images that depends on seeds alone.

    * "flip": half of the images are mirrored horizontally;
    * "crop": the image is shifted by up to an eighth of its height and width, padded with black;
    * "cutout": a square of a quarter of the height and width, at a random position, becomes grey;
    * "mixup": an image and its target are mixed with another's, see `mixing`.

    Args:
        kinds: some of these.

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
            rows: the rows of the batch that the images are, if they are a part of it.
            of: number of rows of the batch, if the images are a part of it.

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
        """The weight of each image when it is mixed with the next of the batch.

        Args:
            seed: int [2].
            rows: of the batch.
            of: rows of the batch.

        Returns:
            float32 [rows], sampled from Beta(.2, .2); or None without "mixup".
        """
        if MIXUP not in self.kinds:
            return None
        gammas = tf.random.stateless_gamma([2, of], _other(seed, 5), MIXUP_ALPHA) + 1e-9
        return (gammas[0] / (gammas[0] + gammas[1]))[rows]

    def _moved(self, images: Any, seed: Any, rows: slice, batch: int) -> Any:
        height, width = images.shape[1:3]
        one, none = tf.ones([batch]), tf.zeros([batch])
        across, down, mirror = none, none, tf.zeros([batch], tf.bool)
        if CROP in self.kinds:
            across = _whole(batch, width // 8, _other(seed, 1))
            down = _whole(batch, height // 8, _other(seed, 2))
        if FLIP in self.kinds:
            mirror = tf.random.stateless_uniform([batch], _other(seed, 3)) < 0.5
        # The source of each pixel of the result: x from a x + b y + c, y likewise.
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
    """Random whole numbers from -most to most, float32 [batch]."""
    return tf.cast(
        tf.random.stateless_uniform([batch], seed, -most, most + 1, tf.int32), tf.float32
    )


def _cut_out(images: Any, seed: Any, rows: slice, batch: int) -> Any:
    height, width = images.shape[1:3]
    centres = tf.random.stateless_uniform([batch, 2, 1], _other(seed, 4))[rows]

    def inside(length: int, axis: int) -> Any:
        places = tf.range(length, dtype=tf.float32) + 0.5
        return tf.abs(places - centres[:, axis] * length) < length / 8

    hole = inside(height, 0)[:, :, None] & inside(width, 1)[:, None, :]
    return tf.where(hole[..., None], 128.0, images)


@dataclass(frozen=True)
class ImageBatches:
    """An endless stream of images, each epoch over all of them in a new order.

    Order and augmentation depend on the seed and the number of the batch alone: the stream can
    begin at any batch, and any process can make its part of one. Images that are not in memory are
    read and decoded on demand.

    Args:
        images: of train.
        classes: number of classes.
        batch_size: images of a batch; at most the number of images.
        seed: of order and augmentation.
        augment: kinds of augmentation.
        class_weights: float32 [classes], the weight of an image of each class; None weighs all
            alike.

    Example:

    >>> pixels, labels = np.zeros((5, 8, 8, 1), np.uint8), np.arange(5, dtype=np.int32)
    >>> batches = ImageBatches(Images(None, pixels, "abcde", labels, (8, 8, 1)), 5, 2, seed=0)
    >>> images, targets, weights = next(iter(batches.stream()))
    >>> images.shape, targets.shape, batches.steps_per_epoch
    (TensorShape([2, 8, 8, 1]), TensorShape([2, 5]), 3)
    """

    images: Images
    classes: int
    batch_size: int
    seed: int
    augment: Sequence[str] = ()
    class_weights: NDArray[np.float32] | None = field(default=None)

    @property
    def steps_per_epoch(self) -> int:
        return -(-len(self.images) // self.batch_size)

    @property
    def examples_per_epoch(self) -> int:
        """Images."""
        return len(self.images)

    @property
    def content(self) -> dict[str, Any]:
        """Counts and a digest of pixels and labels; for files read on demand, of names."""
        names = blake2b("\n".join(map(str, self.images.names)).encode(), digest_size=8)
        pixels = self.images.pixels
        return {
            "images": len(self.images),
            "shape": list(self.images.shape),
            "names": names.hexdigest() if pixels is None else "",
            "content": digest(pixels, self.images.labels),
        }

    def stream(self, start_step: int = 0, shard: Shard = WHOLE) -> tf.data.Dataset:
        """Batches `(images, targets, weights)` without end.

        Images are float32 [rows, height, width, channels] from 0 to 255, targets float32 [rows,
        classes] with sum 1, weights float32 [rows].

        Args:
            start_step: number of the first batch.
            shard: the rows of each batch to make.
        """
        rows = shard.rows(self.batch_size)
        count = len(self.images)
        first_epoch, begun = divmod(start_step, self.steps_per_epoch)
        augmentation = Augmentation(self.augment)
        read = _reader(self.images)
        labels = tf.constant(self.images.labels)
        weights = tf.constant(
            np.ones(self.classes, np.float32) if self.class_weights is None else self.class_weights
        )

        def order(number: tf.Tensor) -> tf.data.Dataset:
            shuffled = tf.random.experimental.stateless_shuffle(
                tf.range(count), seed=[self.seed, tf.cast(number, tf.int32)]
            )
            # The last batch is completed with the first rows, so that all batches have one shape.
            missing = self.steps_per_epoch * self.batch_size - count
            filled = tf.concat([shuffled, shuffled[:missing]], axis=0)
            return tf.data.Dataset.from_tensor_slices(
                tf.reshape(filled, [self.steps_per_epoch, self.batch_size])
            )

        def batch(step: tf.Tensor, chosen: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
            seed = tf.random.experimental.stateless_fold_in([self.seed, 1], step)

            def changed(offset: int) -> tuple[tf.Tensor, tf.Tensor]:
                mine = tf.roll(chosen, -offset, axis=0)[rows]
                shifted = tf.random.experimental.stateless_fold_in(seed, offset)
                images = augmentation(read(mine), shifted, rows, self.batch_size)
                return images, tf.one_hot(tf.gather(labels, mine), self.classes)

            images, targets = changed(0)
            share = augmentation.mixing(seed, rows, self.batch_size)
            if share is not None:
                others, other_targets = changed(1)
                images += (1 - share)[:, None, None, None] * (others - images)
                targets += (1 - share)[:, None] * (other_targets - targets)
            return images, targets, tf.linalg.matvec(targets, weights)

        epochs = tf.data.Dataset.counter(first_epoch).flat_map(order).skip(begun)
        numbered = tf.data.Dataset.zip(tf.data.Dataset.counter(start_step), epochs)
        return numbered.map(batch, num_parallel_calls=2).prefetch(4)


def _reader(images: Images) -> Any:
    """Returns the pixels of rows, uint8 [rows, height, width, channels]."""
    if images.pixels is not None:
        pixels = tf.constant(images.pixels)
        return lambda rows: tf.gather(pixels, rows)
    assert images.contents is not None
    in_memory = bool(images.contents) and isinstance(images.contents[0], bytes)
    places = tf.constant([c if in_memory else str(c) for c in images.contents])

    def one(place: tf.Tensor) -> tf.Tensor:
        content = place if in_memory else tf.io.read_file(place)
        return decoded(content, *images.shape)

    signature = tf.TensorSpec(images.shape, tf.uint8)
    return lambda rows: tf.map_fn(one, tf.gather(places, rows), fn_output_signature=signature)

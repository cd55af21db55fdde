"""Training batches of images, augmented by what depends on the seed and the step alone."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from kit.data.images import Images, decoded
from kit.training._augment import Augmentation
from kit.training._batches import WHOLE, Shard, digest


@dataclass(frozen=True)
class ImageBatches:
    """An endless stream of images, each epoch over all of them in a new order.

    Order and augmentation depend on the seed and the number of the batch alone: the stream can
    begin at any batch, and any process can make its part of one. Images that are not held in
    memory are read and decoded on the way.

    Args:
        images: what to train on.
        classes: how many there are.
        batch_size: images of a batch; at most the number of images.
        seed: of order and augmentation.
        augment: kinds of augmentation.
        class_weights: float32 [classes], how much an image of each counts; None is all alike.

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
    def interactions_per_pass(self) -> int:
        """Images."""
        return len(self.images)

    @property
    def content(self) -> dict[str, Any]:
        """Counts and a digest of pixels and labels; of files that are read on the way, of names."""
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
            # The last batch is filled from the front, so that every batch has one shape.
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
    """Gives the pixels of rows, uint8 [rows, height, width, channels]."""
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

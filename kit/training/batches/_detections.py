"""Training batches of images with boxes, augmented."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b
from typing import Any

import numpy as np
import tensorflow as tf

from kit.data.detection import DetectionImage
from kit.data.images import decode_upright
from kit.layers import GREY
from kit.training.batches._detection_augment import BOX_AUGMENTATION, BoxAugmentation, augmented
from kit.training.batches._stream import WHOLE, Shard

KEPT_BYTES = 2 << 30


@dataclass(frozen=True)
class DetectionBatches:
    """An endless stream of images of one shape, each epoch over all of them in a new order.

    The augmentation of an image depends on the seed and its number in the stream alone: the stream
    can begin at any batch. Few images are kept decoded in memory, many are decoded on demand.

    Args:
        images: of train.
        shape: height and width.
        batch_size: images of a batch; at most the number of images.
        seed: of order and augmentation.
        augmentation: the strength of the augmentation.

    A batch is `(uint8 [batch, height, width, 3], {"boxes": float32 [batch, objects, 4], "labels":
    int32 [batch, objects], -1 where there is none}, ones [batch])`.

    Example:

    >>> from kit.data.detection import open_detection, split_detection
    >>> data = split_detection(open_detection("bccd"), limit=4)
    >>> batches = DetectionBatches(data.train, (96, 128), batch_size=2, seed=0)
    >>> images, targets, weights = next(iter(batches.stream()))
    >>> tuple(images.shape), targets["boxes"].shape[-1], batches.steps_per_epoch
    ((2, 96, 128, 3), 4, 2)
    """

    images: Sequence[DetectionImage]
    shape: tuple[int, int]
    batch_size: int
    seed: int
    augmentation: BoxAugmentation = BOX_AUGMENTATION

    @property
    def steps_per_epoch(self) -> int:
        return -(-len(self.images) // self.batch_size)

    @property
    def examples_per_epoch(self) -> int:
        """Images."""
        return len(self.images)

    @property
    def content(self) -> dict[str, Any]:
        """Counts and a digest of images, boxes and labels."""
        found = blake2b(digest_size=8)
        for one in self.images:
            found.update(one.encoded())
            found.update(one.boxes.tobytes())
            found.update(one.labels.tobytes())
        return {
            "images": len(self.images),
            "boxes": sum(len(one.boxes) for one in self.images),
            "content": found.hexdigest(),
        }

    def stream(self, start_step: int = 0, shard: Shard = WHOLE) -> tf.data.Dataset:
        """Batches `(images, targets, weights of 1)` without end.

        Args:
            start_step: number of the first batch.
            shard: the rows of each batch to make.
        """
        rows = shard.rows(self.batch_size)
        count, size = len(self.images), self.batch_size
        first_epoch, begun = divmod(start_step, self.steps_per_epoch)
        image_of, boxes, labels = self._image_of, *self._padded
        room = self.room

        def order(number: tf.Tensor) -> tf.data.Dataset:
            shuffled = tf.random.experimental.stateless_shuffle(
                tf.range(count), seed=[self.seed, tf.cast(number, tf.int32)]
            )
            # The last batch is completed with the first rows, so that all batches have one shape.
            missing = self.steps_per_epoch * size - count
            filled = tf.concat([shuffled, shuffled[:missing]], axis=0)
            places = tf.range(self.steps_per_epoch * size, dtype=tf.int64)
            numbered = places + number * self.steps_per_epoch * size
            parts = [
                tf.reshape(one, [self.steps_per_epoch, size])[begun_in(number) :, rows]
                for one in (filled, tf.cast(numbered, tf.int32))
            ]
            return tf.data.Dataset.from_tensor_slices(
                tuple(tf.reshape(part, [-1]) for part in parts)
            )

        def begun_in(number: tf.Tensor) -> tf.Tensor:
            return tf.where(number == first_epoch, begun, 0)

        def made(first: tf.Tensor, number: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
            seed = tf.stack([self.seed, number])
            others = tf.random.stateless_uniform([3], seed, maxval=count, dtype=tf.int32)
            chosen = tf.concat([[first], others], axis=0)
            return augmented(
                image_of,
                tf.gather(boxes, chosen),
                tf.gather(labels, chosen),
                chosen,
                shape=self.shape,
                room=room,
                seed=seed,
                augmentation=self.augmentation,
            )

        def as_batch(image: Any, boxes: Any, labels: Any) -> Any:
            ones = tf.ones(rows.stop - rows.start)
            return image, {"boxes": boxes, "labels": labels}, ones

        return (
            tf.data.Dataset.counter(first_epoch)
            .flat_map(order)
            .map(made, num_parallel_calls=2)
            .batch(rows.stop - rows.start, drop_remainder=True)
            .map(as_batch)
            .prefetch(2)
        )

    @property
    def room(self) -> int:
        """Boxes of an image of the stream; if a mosaic has more than fit, the last are dropped."""
        most = max(len(one.boxes) for one in self.images)
        return max(8, -(-2 * most // 8) * 8)

    @cached_property
    def _padded(self) -> tuple[tf.Tensor, tf.Tensor]:
        most = max(1, max(len(one.boxes) for one in self.images))
        boxes = np.zeros((len(self.images), most, 4), np.float32)
        labels = np.full((len(self.images), most), -1, np.int32)
        for number, one in enumerate(self.images):
            boxes[number, : len(one.boxes)] = one.boxes
            labels[number, : len(one.labels)] = one.labels
        return tf.constant(boxes), tf.constant(labels)

    @cached_property
    def _image_of(self) -> Callable[[tf.Tensor], tuple[tf.Tensor, tf.Tensor]]:
        """Function from an image's number to its pixels and the scale of its boxes."""
        scales = [self._scale(one) for one in self.images]
        sides = np.array(
            [
                [max(1, round(one.size[1] * scale)), max(1, round(one.size[0] * scale))]
                for one, scale in zip(self.images, scales, strict=True)
            ],
            np.int32,
        )
        scale_of, side_of = tf.constant(scales, tf.float32), tf.constant(sides)
        height, width = sides.max(axis=0)
        if len(sides) * int(height) * int(width) * 3 <= KEPT_BYTES:
            kept = np.full((len(sides), height, width, 3), GREY, np.uint8)
            for number, one in enumerate(self.images):
                h, w = sides[number]
                kept[number, :h, :w] = _small(one.encoded(), sides[number])
            pixels = tf.constant(kept)

            def image_of(number: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
                h, w = tf.unstack(side_of[number])
                return pixels[number, :h, :w], scale_of[number]

        else:
            in_files = not any(isinstance(one.content, bytes) for one in self.images)
            contents = tf.constant(
                [str(one.content) if in_files else one.encoded() for one in self.images]
            )

            def image_of(number: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
                content = tf.io.read_file(contents[number]) if in_files else contents[number]
                return _small(content, side_of[number]), scale_of[number]

        return image_of

    def _scale(self, image: DetectionImage) -> float:
        """Scale at which an image is cached: the size that the largest zoom needs."""
        width, height = image.size
        fitted = min(self.shape[0] / height, self.shape[1] / width)
        return min(1.0, fitted * self.augmentation.zoom[1])


def _small(content: Any, sides: Any) -> Any:
    image = decode_upright(content, 3)
    return tf.cast(tf.round(tf.image.resize(image, sides, antialias=True)), tf.uint8)


def default_images(images: int) -> int:
    """Images of a batch: an eighth of all, as a power of two between 4 and 16.

    Example:

    >>> default_images(36), default_images(185)
    (4, 16)
    """
    return int(np.clip(2 ** int(np.log2(max(images / 8, 1))), 4, 16))

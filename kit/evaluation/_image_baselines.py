"""Baselines of image classification."""

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from kit.data.images import ImageData, Images
from kit.evaluation._classes import ClassPredictions
from kit.progress import stage

SIDE, PASSES, RATE = 14, 10, 0.002
MOST_PICTURES = 20_000
AT_ONCE = 512


@stage("baselines")
def image_baselines(data: ImageData, *, seed: int = 0) -> dict[str, ClassPredictions]:
    """Predictions of each baseline for test, by name.

    * "most frequent": the shares of the classes in train;
    * "pixels, linear": a linear model of the pixels of the image resized to 14 by 14.

    Args:
        data: the split images.
        seed: of the linear model.
    """
    shares = np.bincount(data.train.labels, minlength=len(data.classes)) / len(data.train)
    always = np.tile(shares, (len(data.test), 1))
    return {
        "most frequent": ClassPredictions(data.test.labels, always),
        "pixels, linear": ClassPredictions(data.test.labels, _linear(data, seed)),
    }


def _linear(data: ImageData, seed: int) -> NDArray[np.float32]:
    rng = np.random.default_rng(seed)
    rows = rng.permutation(len(data.train))[:MOST_PICTURES]
    train = _small(data.train.take(rows))
    mean, spread = train.mean(axis=0), train.std(axis=0) + 0.05
    model = keras.Sequential(
        [
            keras.layers.Dense(
                len(data.classes),
                kernel_initializer=keras.initializers.GlorotUniform(seed),
                dtype="float32",
            )
        ]
    )
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(RATE), loss=loss, jit_compile=False)
    batches = tf.data.Dataset.from_tensor_slices(
        ((train - mean) / spread, data.train.labels[rows])
    ).shuffle(len(rows), seed=seed)
    model.fit(batches.batch(64), epochs=PASSES, verbose=0, shuffle=False)
    logits = model((_small(data.test) - mean) / spread)
    return np.asarray(keras.ops.softmax(logits), np.float32)


def _small(images: Images) -> NDArray[np.float32]:
    """Pixels from 0 to 1, float32 [images, numbers]."""
    height, width, _ = images.shape
    size = (min(height, SIDE), min(width, SIDE))
    parts = []
    for start in range(0, len(images), AT_ONCE):
        pixels = images.decoded(slice(start, start + AT_ONCE))
        small = tf.image.resize(pixels, size, antialias=True).numpy() / 255
        parts.append(small.reshape(len(small), -1))
    return np.concatenate(parts)

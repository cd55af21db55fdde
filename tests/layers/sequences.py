"""What every block over sequences is run through, besides the harness."""

from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf

from tests.layers.harness import check_layer

DIM = 8


def some(batch: int = 3, length: int = 6, seed: int = 0) -> tf.Tensor:
    """float32 [batch, length, DIM]."""
    values = np.random.default_rng(seed).normal(size=(batch, length, DIM))
    return tf.constant(values, tf.float32)


def check_sequence_layer(
    make: Callable[..., Any], *, causal: bool = True, padding: str = "both", tolerance: float = 2e-5
) -> None:
    """The harness; any length; a padded batch gives what an unpadded one gives; no look ahead.

    Args:
        make: makes the layer, and hands keyword arguments (`dtype`) on to it.
        causal: whether no position may see a later one.
        padding: "behind", or "both" where padding in front has to change nothing either.
        tolerance: largest difference between outputs that should be equal.
    """
    vectors = some()
    layer = check_layer(make, vectors, tolerance=tolerance)
    whole = layer(vectors)
    # Another length, and masks that hide what is wild.
    wild = 1e3 * some(3, 2, seed=1)
    front = {"behind": [False], "both": [False, True]}[padding]
    for is_front in front:
        parts = [wild, vectors] if is_front else [vectors, wild]
        seen = [np.zeros((3, 2), bool), np.ones((3, 6), bool)]
        mask = np.concatenate(seen if is_front else seen[::-1], axis=1)
        padded = layer(tf.concat(parts, axis=1), mask=tf.constant(mask))
        kept = padded[:, 2:] if is_front else padded[:, :6]
        np.testing.assert_allclose(kept, whole, rtol=0, atol=tolerance)
    if causal:
        for length in (1, 4):
            np.testing.assert_allclose(
                layer(vectors[:, :length]), whole[:, :length], rtol=0, atol=tolerance
            )
    else:
        assert np.abs(layer(vectors[:, :4]) - whole[:, :4]).max() > 1e-3


def check_pooling(make: Callable[..., Any], *, tolerance: float = 1e-5) -> None:
    """The harness; padding anywhere does not count; a list of padding gives zeros."""
    vectors = some()
    layer = check_layer(make, vectors, tolerance=tolerance)
    whole = layer(vectors)
    for place in (0, 3, 6):
        padded = np.insert(vectors.numpy(), [place, place], 1e3, axis=1)
        mask = np.insert(np.ones((3, 6), bool), [place, place], False, axis=1)
        pooled = layer(tf.constant(padded), mask=tf.constant(mask))
        np.testing.assert_allclose(pooled, whole, rtol=0, atol=tolerance)
    nothing = layer(vectors, mask=tf.zeros([3, 6], tf.bool))
    np.testing.assert_array_equal(nothing, np.zeros((3, DIM)))

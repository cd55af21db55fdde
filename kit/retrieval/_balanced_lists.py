"""Vectors divided into lists of near ones, none longer than its share allows."""

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

ROUNDS = 10
SAMPLED_PER_LIST = 40
PRICE = 0.01
ROWS_AT_ONCE = 16_384


def balanced_lists(
    vectors: NDArray[np.float32], num_lists: int, capacity: int, *, seed: int = 0
) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
    """Divide vectors by k-means with a price on crowded lists.

    Lloyd's rounds run on a sample; after each the price of a list rises with its share of the
    sample, so that lists come out about equally long. What finds its list full goes to the nearest
    one with room.

    Args:
        vectors: float32 [n, dim].
        num_lists: at most n.
        capacity: most vectors of a list; `num_lists * capacity` must hold all.
        seed: of the sample and of the first centroids.

    Returns:
        Centroids, float32 [lists, dim], each the mean of its list; and the list of each vector,
        int32 [n].

    Source: Lloyd (1982), Least squares quantization in PCM; prices as in Bertsekas (1988), The
    auction algorithm.

    Example:

    >>> points = np.float32([[0, 1], [5, 5], [0, 0], [5, 4]])
    >>> centroids, lists = balanced_lists(points, num_lists=2, capacity=2)
    >>> bool(lists[0] == lists[2] != lists[1] == lists[3])
    True
    """
    rng = np.random.default_rng(seed)
    wanted = min(len(vectors), num_lists * SAMPLED_PER_LIST)
    sample = vectors[np.sort(rng.choice(len(vectors), wanted, replace=False))]
    centroids = sample[rng.choice(wanted, num_lists, replace=False)]
    price = np.zeros(num_lists, np.float32)
    scale = float(sample.var(axis=0).sum()) or 1.0
    for _ in range(ROUNDS):
        nearest, _ = _nearest(sample, centroids, price)
        count = np.bincount(nearest, minlength=num_lists)
        centroids = _means(sample, nearest, centroids)
        crowded = np.clip(count * num_lists / wanted - 1, -1, 1)
        price += np.float32(PRICE * scale) * crowded.astype(np.float32)
    lists = _filled(vectors, centroids, price, capacity)
    return _means(vectors, lists, centroids), lists


def _nearest(
    vectors: NDArray[np.float32], centroids: NDArray[np.float32], price: NDArray[np.float32]
) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """The best list of each vector and how good it is."""
    doubled = tf.constant(2 * centroids.T)
    cost = tf.constant((centroids**2).sum(axis=1) + price)
    parts = [
        tf.math.top_k(tf.matmul(vectors[begin : begin + ROWS_AT_ONCE], doubled) - cost, k=1)
        for begin in range(0, len(vectors), ROWS_AT_ONCE)
    ]
    nearest = np.concatenate([part.indices.numpy()[:, 0] for part in parts])
    return nearest, np.concatenate([part.values.numpy()[:, 0] for part in parts])


def _means(
    vectors: NDArray[np.float32], lists: NDArray[np.int32], centroids: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Mean vector of each list; an empty list keeps its centroid."""
    sums = tf.math.unsorted_segment_sum(vectors, lists, len(centroids)).numpy()
    count = np.bincount(lists, minlength=len(centroids))[:, None]
    return np.where(count > 0, sums / np.maximum(count, 1), centroids).astype(np.float32)


def _filled(
    vectors: NDArray[np.float32],
    centroids: NDArray[np.float32],
    price: NDArray[np.float32],
    capacity: int,
) -> NDArray[np.int32]:
    """The nearest list with room for each vector; who is nearer has the right of way."""
    lists = np.full(len(vectors), -1, np.int32)
    room = np.full(len(centroids), capacity)
    left = np.arange(len(vectors))
    while len(left):
        open_lists = np.flatnonzero(room)
        nearest, value = _nearest(vectors[left], centroids[open_lists], price[open_lists])
        wish = open_lists[nearest]
        order = np.lexsort((-value, wish))
        wish = wish[order]
        rank = np.arange(len(wish)) - np.searchsorted(wish, wish)
        admitted = rank < room[wish]
        lists[left[order[admitted]]] = wish[admitted]
        room -= np.bincount(wish[admitted], minlength=len(room))
        left = left[order[~admitted]]
    return lists

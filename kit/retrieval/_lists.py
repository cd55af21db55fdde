"""Inverted lists: balanced partitions and scores within them."""

from typing import Any

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
    """Partition vectors by k-means with a penalty on crowded lists.

    Lloyd's algorithm runs on a sample. After each iteration the price of a list rises with its
    share of the sample, so lists become about equally long. A vector whose nearest list is full
    goes to the nearest list with room.

    Args:
        vectors: float32 [n, dim].
        num_lists: number of lists, at most n.
        capacity: maximum length of a list; `num_lists * capacity` must be at least n.
        seed: random seed of the sample and of the initial centroids.

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
    """The best list of each vector, int32 [n], and its value, float32 [n]."""
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
    """The nearest list with room for each vector; nearer vectors are admitted first."""
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


QUERIES_A_BLOCK = 8
# Cost model in microseconds, of which only the ratios matter: of a list in a product with all lists
# (fixed and per query), and of a block of queries in a product with gathered lists.
DENSE, DENSE_QUERY, GATHERED = 8.0, 0.5, 16.0


def list_scores(queries: Any, lists: Any, rows: Any, dtype: Any) -> Any:
    """Dot products of each query with the vectors of its lists.

    Queries that probe the same list share one matrix product. If the batch probes most of the
    lists, they are not gathered first.

    Args:
        queries: float [batch, dim].
        lists: int32 [batch, probes], indices into `rows`.
        rows: [lists, dim, length], the vectors of each list as columns.
        dtype: dtype of the product; `rows` of another dtype are cast after gathering.

    Returns:
        dtype [batch, probes * length].

    Example:

    >>> rows = tf.reshape(tf.range(8.0), [2, 2, 2])
    >>> list_scores(tf.constant([[1.0, 0.0]]), tf.constant([[1]]), rows, tf.float32).numpy()
    array([[4., 5.]], dtype=float32)
    """
    queries = tf.cast(queries, dtype)
    flat = tf.reshape(lists, [-1])
    order = tf.argsort(flat, stable=True)
    ordered = tf.gather(flat, order)
    rank = tf.range(tf.size(flat)) - tf.searchsorted(ordered, ordered)
    # The queries of each list, in blocks.
    begins = tf.equal(rank % QUERIES_A_BLOCK, 0)
    block = tf.cumsum(tf.cast(begins, tf.int32)) - 1
    most = tf.reduce_max(tf.pad(rank + 1, [[0, 1]]))

    def scored(width: Any, block: Any, block_rows: Any) -> Any:
        slot = block * width + rank % width
        slots = tf.shape(block_rows, out_type=tf.int32)[0] * width
        asking = tf.scatter_nd(slot[:, None], order // tf.shape(lists)[1] + 1, [slots])
        # Query 0 is padding, for empty slots.
        asked = tf.gather(tf.pad(queries, [[1, 0], [0, 0]]), asking)
        products = tf.matmul(tf.reshape(asked, [-1, width, rows.shape[1]]), block_rows)
        slot_of_pair = tf.reshape(
            tf.scatter_nd(order[:, None], slot, tf.shape(flat)), tf.shape(lists)
        )
        scores = tf.gather(tf.reshape(products, [-1, rows.shape[2]]), slot_of_pair)
        return tf.reshape(scores, [tf.shape(lists)[0], tf.shape(lists)[1] * rows.shape[2]])

    def gathered() -> Any:
        block_rows = tf.gather(rows, tf.boolean_mask(ordered, begins))
        return scored(QUERIES_A_BLOCK, block, tf.cast(block_rows, dtype))

    if rows.dtype != dtype:
        # Casting all rows would undo the memory savings.
        return gathered()
    all_lists = rows.shape[0] * (DENSE + DENSE_QUERY * tf.cast(most, tf.float32))
    num_blocks = tf.math.count_nonzero(begins, dtype=tf.float32)
    return tf.cond(all_lists < GATHERED * num_blocks, lambda: scored(most, ordered, rows), gathered)

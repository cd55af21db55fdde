"""Search by its definition, in NumPy, and vectors to search in."""

import numpy as np

LOWEST = float(np.finfo(np.float32).min)


def by_definition(scores, excluded, k):
    """Best first, ties by the smaller code; -1 and the lowest float where a list ends."""
    lists, values = [], []
    for row, out in zip(scores, excluded, strict=True):
        order = np.argsort(-row, kind="stable")
        order = order[~np.isin(order, out)][:k]
        lists.append([*order, *[-1] * (k - len(order))])
        values.append([*row[order], *[LOWEST] * (k - len(order))])
    shape = (len(scores), k)
    return np.reshape(lists, shape), np.reshape(np.float32(values), shape)


def clustered(size, dim=16, clusters=None, spread=0.5, seed=0):
    """Vectors around centres, and queries of the same kind."""
    rng = np.random.default_rng(seed)
    clusters = clusters or max(1, size // 50)
    centres = rng.normal(size=(clusters, dim))
    points = centres[rng.integers(0, clusters, size + 300)]
    points = (points + spread * rng.normal(size=points.shape)).astype(np.float32)
    return points[:size], points[size:]


def agree(found, scores, excluded, k):
    """Whether a search found the right scores, each belonging to its item.

    Items of equal score may change places, so scores are compared, and items with their scores.
    """
    values, items = (np.asarray(x) for x in found)
    expected_items, expected = by_definition(scores, excluded, k)
    size = np.abs(scores).max(initial=1e-30)
    np.testing.assert_allclose(values, expected, rtol=1e-5, atol=1e-5 * size)
    np.testing.assert_array_equal(items < 0, expected_items < 0)
    for row, item, out in zip(range(len(items)), items, excluded, strict=True):
        real = item[item >= 0]
        assert len(set(real)) == len(real)
        assert not set(real) & set(out)
        own = scores[row, real]
        np.testing.assert_allclose(values[row, item >= 0], own, rtol=1e-5, atol=1e-5 * size)

"""Metrics of groupings."""

import numpy as np
from numpy.typing import NDArray

from kit.metrics._checks import groups_of, same_length


def adjusted_rand(one: NDArray[np.integer], other: NDArray[np.integer]) -> float:
    """Adjusted Rand index: how far two groupings agree; 1 if they are the same, 0 by chance.

    Args:
        one: int [rows], the group of each row, from 0.
        other: int [rows], of another grouping of the same rows.

    Raises:
        InvalidInputError: a group is not a whole number from 0, or the lengths differ.

    Source: Hubert and Arabie (1985), Comparing Partitions.

    Example:

    >>> adjusted_rand(np.array([0, 0, 1, 1]), np.array([1, 1, 0, 0]))
    1.0
    """
    one, other = groups_of(one, "groups"), groups_of(other, "other groups")
    same_length(**{"groups": one, "other groups": other})
    width = int(other.max(initial=0)) + 1
    together = _pairs(np.bincount(one * width + other))
    in_one, in_other = _pairs(np.bincount(one)), _pairs(np.bincount(other))
    by_chance = in_one * in_other / max(_pairs(np.array([len(one)])), 1)
    most = (in_one + in_other) / 2
    return 1.0 if most == by_chance else (together - by_chance) / (most - by_chance)


def _pairs(sizes: NDArray[np.int64]) -> float:
    return float((sizes * (sizes - 1) / 2).sum())

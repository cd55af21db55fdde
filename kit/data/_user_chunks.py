"""Events of some users after the other, so that work on them takes memory for some million rows."""

from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from kit.data._events import Events

ROWS_AT_ONCE = 1 << 22


def iter_user_chunks(
    parts: Sequence[Events], num_users: int
) -> Iterator[tuple[range, list[Events]]]:
    """Users in turn, each turn with their events of every part, in order.

    Events that are grouped by user are cut where a turn begins, others are searched.

    Args:
        parts: events; those of users with larger codes are ignored.
        num_users: how many users there are.

    Example:

    >>> events = Events(np.array([1, 0, 1], np.int32), np.array([4, 3, 4], np.int32), None, None)
    >>> [(users, some[0].item.tolist()) for users, some in iter_user_chunks([events], num_users=2)]
    [(range(0, 2), [4, 3, 4])]
    """
    counts = sum(counted(part.user, num_users) for part in parts)
    turns = np.cumsum(counts) // ROWS_AT_ONCE
    edges = np.unique([0, *(1 + np.flatnonzero(np.diff(turns))), num_users])
    grouped = [_is_grouped(part.user) for part in parts]
    for first, end in pairwise(edges.tolist()):
        yield (
            range(first, end),
            [
                part.where(slice(*np.searchsorted(part.user, [first, end])))
                if is_grouped
                else part.where((part.user >= first) & (part.user < end))
                for part, is_grouped in zip(parts, grouped, strict=True)
            ],
        )


def counted(codes: NDArray[np.int32], length: int) -> NDArray[np.int64]:
    """int64 [length]: how often each code occurs; larger codes are ignored.

    Example:

    >>> counted(np.array([1, 3, 1], np.int32), 3)
    array([0, 2, 0])
    """
    counts = np.zeros(length, np.int64)
    for some in _slices(codes):
        counts += np.bincount(some, minlength=length)[:length]
    return counts


def _is_grouped(codes: NDArray[np.int32]) -> bool:
    # Slices overlap by one, so that neighbours are compared across the borders too.
    return all((np.diff(some) >= 0).all() for some in _slices(codes, overlap=1))


def _slices(codes: NDArray[np.int32], overlap: int = 0) -> Iterator[NDArray[np.int32]]:
    for start in range(0, len(codes), ROWS_AT_ONCE):
        yield codes[start : start + ROWS_AT_ONCE + overlap]

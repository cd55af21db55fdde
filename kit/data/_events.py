"""Interactions as arrays: counts by item, chunks by user."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

_LOOKED_UP_AT_ONCE = 1 << 22


@dataclass(frozen=True)
class Events:
    """Encoded interactions, arrays of one length, in the order of the source.

    Args:
        user: int32 codes of users.
        item: int32 codes of items.
        time: int64 seconds since 1970 UTC, or None.
        weight: float32, or None.
    """

    user: np.ndarray
    item: np.ndarray
    time: np.ndarray | None
    weight: np.ndarray | None

    def __len__(self) -> int:
        return len(self.user)

    def where(self, keep: np.ndarray | slice) -> "Events":
        """The events for which bool [rows] is true, or of a slice or list of rows."""
        return Events(
            self.user[keep],
            self.item[keep],
            None if self.time is None else self.time[keep],
            None if self.weight is None else self.weight[keep],
        )

    @classmethod
    def joined(cls, parts: Sequence["Events"]) -> "Events":
        """The events of several parts, one part after the other."""
        columns: dict[str, Any] = {}
        for name in ("user", "item", "time", "weight"):
            values = [getattr(part, name) for part in parts]
            columns[name] = None if values[0] is None else np.concatenate(values)
        return cls(**columns)

    def of_users(self, chosen: np.ndarray) -> "Events":
        """The events of the users for whom bool [users] is true."""
        keep = np.empty(len(self), bool)
        # Looking up takes eight bytes a row: some million rows at a time.
        for start in range(0, len(self), _LOOKED_UP_AT_ONCE):
            rows = slice(start, start + _LOOKED_UP_AT_ONCE)
            keep[rows] = chosen[self.user[rows]]
        return self.where(keep)


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


def user_counts(parts: Sequence[Events], num_items: int) -> NDArray[np.int64]:
    """int64 [num_items]: how many different users have each item.

    Args:
        parts: events; those of items with larger codes are ignored.
        num_items: length of the result.

    Example:

    >>> events = Events(np.array([1, 0, 1], np.int32), np.array([2, 0, 2], np.int32), None, None)
    >>> user_counts([events], num_items=3)
    array([1, 0, 1])
    """
    counts = np.zeros(num_items, np.int64)
    num_users = 1 + int(max(events.user.max(initial=-1) for events in parts))
    for users, some in iter_user_chunks(parts, num_users):
        pairs = np.concatenate(
            [events.item * np.int64(len(users)) + (events.user - users.start) for events in some]
        )
        pairs.sort()
        first = np.ones(len(pairs), bool)
        first[1:] = pairs[1:] != pairs[:-1]
        counts += np.bincount(pairs[first] // len(users), minlength=num_items)[:num_items]
    return counts

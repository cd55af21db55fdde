"""What each user had, in order, and what came before each interaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl
import scipy.sparse as sparse
from numpy.typing import NDArray

from kit.data._events import ROWS_AT_ONCE, Events, counted, iter_user_chunks

DAY = 86_400
SHORTEST = 8


@dataclass(frozen=True)
class Histories:
    """Lists of items, one a row, in one array (compressed sparse rows).

    Args:
        offsets: int64 [rows + 1]; row i is `items[offsets[i]:offsets[i + 1]]`.
        items: int32, the rows one after the other.
        times: int64, when each was taken last, in seconds since 1970 UTC; None where that is not
            asked for or not known.

    Example:

    >>> lists = Histories(np.array([0, 2, 3]), np.array([5, 7, 5], np.int32))
    >>> lists.padded(np.array([1, 0]), length=2, shift=1)
    array([[6, 0], [6, 8]], dtype=int32)
    """

    offsets: NDArray[np.int64]
    items: NDArray[np.int32]
    times: NDArray[np.int64] | None = None

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @cached_property
    def lengths(self) -> NDArray[np.int64]:
        """int64 [rows], how many items each row has."""
        return np.diff(self.offsets)

    @property
    def row_of_each_item(self) -> NDArray[np.int64]:
        """int64, for every entry of `items` the row it stands in."""
        return np.repeat(np.arange(len(self)), self.lengths)

    def take(self, rows: NDArray[np.integer]) -> "Histories":
        """The rows asked for, in that order."""
        lengths = self.lengths[rows]
        offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        within = np.arange(offsets[-1]) - np.repeat(offsets[:-1], lengths)
        places = np.repeat(self.offsets[rows], lengths) + within
        times = None if self.times is None else self.times[places]
        return Histories(offsets, self.items[places], times)

    def below(self, num_items: int) -> "Histories":
        """Without the items whose code is `num_items` or larger."""
        return self._where(self.items < num_items)

    def last(self, count: int) -> "Histories":
        """The last `count` items of each row."""
        from_end = np.repeat(self.offsets[1:], self.lengths) - np.arange(len(self.items))
        return self._where(from_end <= count)

    def minus(self, parts: Sequence[Events]) -> "Histories":
        """Without, row by row, the items of the user's events."""
        largest = [items.max(initial=0) for items in (self.items, *(part.item for part in parts))]
        width = 1 + int(max(largest))
        keys = self._keys(width)
        order = np.argsort(keys)
        sought = keys[order]
        found = np.zeros(len(keys), bool)
        for events in parts:
            for start in range(0, len(events), ROWS_AT_ONCE):
                rows = slice(start, start + ROWS_AT_ONCE)
                taken = np.sort(events.user[rows] * np.int64(width) + events.item[rows])
                # Both are sorted, so neighbours are looked up in neighbouring memory.
                place = np.minimum(np.searchsorted(taken, sought), len(taken) - 1)
                found |= taken[place] == sought
        keep = np.empty(len(keys), bool)
        keep[order] = ~found
        return self._where(keep)

    def contains(self, items: NDArray[np.integer]) -> NDArray[np.bool_]:
        """bool [rows, n]: whether each item of int [rows, n] stands in the same row here."""
        width = 1 + int(max(self.items.max(initial=0), items.max(initial=0)))
        keys = np.arange(len(self))[:, None] * width + items
        return np.isin(keys, self._keys(width)) & (items >= 0)

    def matrix(self, num_items: int) -> sparse.csr_matrix:
        """float32 [rows, num_items] with ones where a row has the item."""
        ones = np.ones(len(self.items), np.float32)
        return sparse.csr_matrix((ones, self.items, self.offsets), (len(self), num_items))

    def padded(
        self, rows: NDArray[np.integer], *, length: int, shift: int = 0
    ) -> NDArray[np.int32]:
        """The last `length` items of each row, oldest first, with zeros behind.

        Args:
            rows: int [batch].
            length: width of the result.
            shift: added to every item, so that 0 can mean "none".

        Returns:
            int32 [batch, length].
        """
        filled, values = self._padded(self.items, rows, length)
        return np.where(filled, values + shift, 0).astype(np.int32)

    def padded_times(self, rows: NDArray[np.integer], *, length: int) -> NDArray[np.int64]:
        """When each entry of `padded` was taken, int64 [batch, length], with zeros behind.

        Raises:
            ValueError: there are no times.
        """
        if self.times is None:
            raise ValueError("The histories have no times.")
        filled, values = self._padded(self.times, rows, length)
        return np.where(filled, values, 0)

    def _padded(
        self, column: NDArray[np.integer], rows: NDArray[np.integer], length: int
    ) -> tuple[NDArray[np.bool_], NDArray[np.integer]]:
        """The last `length` entries of each row, and where there are any."""
        kept = np.minimum(self.lengths[rows], length)
        filled = np.arange(length) < kept[:, None]
        within = np.minimum(np.arange(length), np.maximum(kept - 1, 0)[:, None])
        starts = self.offsets[rows + 1] - kept
        places = np.where(filled, starts[:, None] + within, 0)
        return filled, column[places] if len(column) else np.zeros_like(places)

    def weights_of(self, events: Events) -> NDArray[np.float32]:
        """float32 [entries]: the weights of each user's events with each item, summed, mean 1.

        Raises:
            ValueError: the events have no weight.
        """
        if events.weight is None:
            raise ValueError("The events have no weight.")
        width = 1 + int(max(self.items.max(initial=0), events.item.max(initial=0)))
        pairs, place = np.unique(events.user * np.int64(width) + events.item, return_inverse=True)
        total = np.bincount(place, weights=events.weight)
        weights = total[np.searchsorted(pairs, self._keys(width))]
        return np.asarray(weights / weights.mean(), np.float32)

    def recency(self, half_life: float | None) -> NDArray[np.float32]:
        """float32 [entries]: halved with every `half_life` days before the last interaction.

        Args:
            half_life: days above 0; None or 0 counts all interactions alike.

        Raises:
            ValueError: a half-life is given, and the histories have no times.
        """
        if not half_life:
            return np.ones(len(self.items), np.float32)
        if self.times is None:
            raise ValueError("A half-life needs the times of interactions.")
        days = (self.times.max(initial=0) - self.times) / DAY
        return np.asarray(np.exp2(-days / half_life), np.float32)

    def recoded(self, codes: NDArray[np.integer]) -> "Histories":
        """With item i called `codes[i]`, and without it where that is negative."""
        kept = self._where(codes[self.items] >= 0)
        return Histories(kept.offsets, codes[kept.items].astype(np.int32), kept.times)

    def _where(self, keep: NDArray[np.bool_]) -> "Histories":
        kept = np.concatenate([[0], np.cumsum(keep)])
        times = None if self.times is None else self.times[keep]
        return Histories(kept[self.offsets].astype(np.int64), self.items[keep], times)

    def _keys(self, width: int) -> NDArray[np.int64]:
        return self.row_of_each_item * width + self.items


def histories(parts: Sequence[Events], num_users: int, *, with_times: bool = False) -> Histories:
    """Every user's distinct items, oldest first by the last time each was taken.

    Args:
        parts: events, earlier parts first; without times their order is the order of rows.
        num_users: rows of the result; events of users with larger codes are ignored.
        with_times: whether to keep the times, where there are any.

    Returns:
        One row a user.

    Example:

    >>> events = Events(np.array([1, 0, 1], np.int32), np.array([4, 3, 4], np.int32), None, None)
    >>> histories([events], num_users=2).items
    array([3, 4], dtype=int32)
    """
    lists, times = [np.empty(0, np.int32)], [np.empty(0, np.int64)]
    with_times = with_times and all(events.time is not None for events in parts)
    lengths = np.zeros(num_users, np.int64)
    for users, some in iter_user_chunks(parts, num_users):
        user, items, time = _distinct(some, with_times)
        lengths[users.start : users.stop] = counted(user - users.start, len(users))
        lists.append(items)
        if time is not None:
            times.append(time)
    return Histories(
        np.concatenate([[0], np.cumsum(lengths)]),
        np.concatenate(lists),
        np.concatenate(times) if with_times else None,
    )


def _distinct(
    parts: Sequence[Events], with_times: bool
) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    """Users, their distinct items and maybe when, by user, then by the last event of the pair."""
    user = np.concatenate([events.user for events in parts])
    item = np.concatenate([events.item for events in parts])
    time = None
    if all(events.time is not None for events in parts):
        time = np.concatenate([events.time for events in parts])
        order = np.argsort(time, kind="stable")
        user, item = user[order], item[order]
        time = time[order] if with_times else None
    # Reversed, the first place of a pair is its last event.
    pairs = (user.astype(np.int64) * (1 + int(item.max(initial=0))) + item)[::-1]
    last = np.sort(len(pairs) - 1 - np.unique(pairs, return_index=True)[1])
    by_user = last[np.argsort(user[last], kind="stable")]
    return user[by_user], item[by_user], None if time is None else time[by_user]


def default_length(lengths: NDArray[np.integer], most: int = 256) -> int:
    """Positions that 95 % of the histories need, as 8 times a power of two, at most `most`.

    Example:

    >>> default_length(np.array([5] * 99 + [1000])), default_length(np.array([165]))
    (8, 256)
    """
    needed = max(float(np.quantile(lengths, 0.95)) - 1, 1) if len(lengths) else 1
    doublings = max(0, np.ceil(np.log2(needed / SHORTEST)))
    return int(min(most, SHORTEST * 2**doublings))


def history_before(
    user: NDArray[np.int64],
    time: NDArray[np.int64],
    item: pl.Series,
    counts: NDArray[np.bool_],
    *,
    most: int,
) -> pl.Series:
    """The items a user took strictly before each row, oldest first.

    Args:
        user: int64 [rows], codes.
        time: int64 [rows].
        item: String [rows].
        counts: bool [rows], which rows are known events; the others only have a history.
        most: the latest so many are kept.

    Returns:
        List(String) [rows].

    Example:

    >>> rows = np.zeros(3, np.int64), np.array([5, 5, 9]), pl.Series(["a", "b", "c"])
    >>> history_before(*rows, np.ones(3, bool), most=10).to_list()
    [[], [], ['a', 'b']]
    """
    moments = np.unique(time, return_inverse=True)[1]
    span = int(moments.max(initial=0)) + 1
    key = user * span + moments
    events = np.flatnonzero(counts)
    # A stable sort: events of one time stay in the order of the source.
    events = events[np.argsort(key[events], kind="stable")]
    begin = np.searchsorted(key[events], user * span, side="left")
    end = np.searchsorted(key[events], key, side="left")
    begin = np.maximum(begin, end - most)
    lengths = end - begin
    rows = np.repeat(np.arange(len(user)), lengths)
    steps = np.arange(len(rows)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    places = events[np.repeat(begin, lengths) + steps]
    taken = pl.DataFrame({"row": rows, "item": item.gather(places)})
    lists = taken.group_by("row", maintain_order=True).agg("item")
    every = pl.DataFrame({"row": np.arange(len(user))})
    joined = every.join(lists, on="row", how="left", maintain_order="left")
    return joined["item"].fill_null(pl.Series([[]], dtype=pl.List(pl.String)))

"""What a user took before a moment."""

import numpy as np
import polars as pl
from numpy.typing import NDArray


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

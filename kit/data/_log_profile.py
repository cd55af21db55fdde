"""What a log is like, in a few numbers that its export keeps to compare later logs with."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Self

import numpy as np
import polars as pl
from numpy.typing import NDArray

from kit.data._dataset import Dataset
from kit.data._events import ROWS_AT_ONCE

A_DAY = 86_400
RAREST = 0.001


@dataclass(frozen=True, kw_only=True)
class LogProfile:
    """A log in a few numbers; no id is among them.

    Args:
        rows_read: rows of the source.
        dropped: name of a step of cleaning to the rows it dropped.
        first: time of the first row, in seconds since 1970 UTC; None without times.
        last: of the last.
        rows_of_days: rows on each day (UTC) from the first to the last.
        weights: 5 %, 50 % and 95 % quantile of the last rows of train; None without weights.
        forms: "user" and "item" to forms of ids and their shares of the rows, see `id_forms`.
        cold: "user" and "item" to the share of the rows of test whose id is not in train.
    """

    rows_read: int
    dropped: Mapping[str, int] = field(default_factory=dict)
    first: int | None = None
    last: int | None = None
    rows_of_days: Sequence[int] = ()
    weights: Sequence[float] | None = None
    forms: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    cold: Mapping[str, float] = field(default_factory=dict)

    @classmethod
    def of(cls, data: Dataset) -> Self:
        """The profile of a split log.

        Example:

        >>> import kit
        >>> found = LogProfile.of(kit.open("online-retail", limit=2000))
        >>> found.forms["user"], sum(found.rows_of_days)
        ({'9': 1.0}, 2000)
        """
        test = max(len(data.test), 1)
        first = last = weights = None
        days: list[int] = []
        if len(times := _extremes(data)):
            first, last = min(times), max(times)
            counts = np.zeros(last // A_DAY - first // A_DAY + 1, np.int64)
            for time in _chunks(data, "time"):
                counts += np.bincount(time // A_DAY - first // A_DAY, minlength=len(counts))
            days = counts.tolist()
        if data.train.weight is not None and len(data.train.weight):
            # Of the last rows, so that a log on disk is not read as a whole.
            weights = quantiles(np.asarray(data.train.weight[-ROWS_AT_ONCE:]))
        return cls(
            rows_read=data.rows_read,
            dropped={step.name: step.rows for step in data.cleaning if step.of_log},
            first=first,
            last=last,
            rows_of_days=days,
            weights=weights,
            forms={
                role: id_forms(ids, _counts(data, role, len(ids)))
                for role, ids in (("user", data.user_ids), ("item", data.item_ids))
            },
            cold={
                role: data.cold[f"test_rows_of_cold_{role}s"] / test for role in ("user", "item")
            },
        )

    def card(self) -> dict[str, Any]:
        """The same for the card of an export."""
        return asdict(self)


def _chunks(data: Dataset, column: str) -> Iterator[NDArray[Any]]:
    """A column of all parts, some rows at a time: those of prepared data lie on disk."""
    for part in (data.train, data.valid, data.test):
        values = getattr(part, column)
        if values is not None:
            for start in range(0, len(values), ROWS_AT_ONCE):
                yield np.asarray(values[start : start + ROWS_AT_ONCE])


def _counts(data: Dataset, column: str, size: int) -> NDArray[np.int64]:
    counts = np.zeros(size, np.int64)
    for codes in _chunks(data, column):
        counts += np.bincount(codes, minlength=size)
    return counts


def _extremes(data: Dataset) -> list[int]:
    return [
        int(end) for time in _chunks(data, "time") if len(time) for end in (time.min(), time.max())
    ]


def quantiles(values: NDArray[np.floating]) -> list[float]:
    """5 %, 50 % and 95 %."""
    return [float(value) for value in np.quantile(values, (0.05, 0.5, 0.95))]


def id_forms(
    ids: Sequence[str] | NDArray[np.object_], rows: NDArray[np.integer]
) -> dict[str, float]:
    """Forms of ids to their shares of the rows: 9 stands for digits, A for letters.

    Args:
        ids: of users or items.
        rows: int [ids], how many each has.

    Example:

    >>> id_forms(["85123A", "71053", "2.55"], np.array([2, 1, 1]))
    {'9A': 0.5, '9': 0.25, '9.9': 0.25}
    """
    forms = form_of(pl.Series("form", list(ids), pl.String))
    table = pl.DataFrame({"form": forms, "rows": rows}).group_by("form").agg(pl.col("rows").sum())
    table = table.sort(["rows", "form"], descending=[True, False])
    total = max(int(table["rows"].sum()), 1)
    return {form: count / total for form, count in table.iter_rows() if count >= RAREST * total}


def form_of(ids: pl.Series) -> pl.Series:
    """The form of each id."""
    return ids.str.replace_all(r"\p{N}+", "9").str.replace_all(r"\p{L}+", "A")

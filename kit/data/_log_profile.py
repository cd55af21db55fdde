"""What a log is like, in a few numbers that its export keeps to compare later logs with."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Self

import numpy as np
import polars as pl
from numpy.typing import NDArray

from kit.data._dataset import Dataset

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
        weights: 5 %, 50 % and 95 % quantile; None without weights.
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
        parts = (data.train, data.valid, data.test)
        columns: dict[str, tuple[Any, Any]] = {
            "user": (data.user_ids, np.concatenate([part.user for part in parts])),
            "item": (data.item_ids, np.concatenate([part.item for part in parts])),
        }
        test = max(len(data.test), 1)
        times: dict[str, Any] = {}
        if all(part.time is not None for part in parts):
            time = np.concatenate([part.time for part in parts])
            times = {"first": int(time.min()), "last": int(time.max())}
            times["rows_of_days"] = rows_of_days(time).tolist()
        weights = None
        if all(part.weight is not None for part in parts):
            weight = np.concatenate([part.weight for part in parts])
            weights = quantiles(weight)
        return cls(
            rows_read=data.rows_read,
            dropped={step.name: step.rows for step in data.cleaning if step.of_log},
            weights=weights,
            forms={
                role: id_forms(ids, np.bincount(codes, minlength=len(ids)))
                for role, (ids, codes) in columns.items()
            },
            cold={
                role: data.cold[f"test_rows_of_cold_{role}s"] / test for role in ("user", "item")
            },
            **times,
        )

    def card(self) -> dict[str, Any]:
        """The same for the card of an export."""
        return asdict(self)


def rows_of_days(time: NDArray[np.integer]) -> NDArray[np.int64]:
    """int64 [days], rows of each day (UTC) from that of the first time to that of the last.

    Example:

    >>> rows_of_days(np.array([5, 86_400, 86_401, 200_000])).tolist()
    [1, 2, 1]
    """
    days = np.asarray(time) // A_DAY
    return np.bincount(days - days.min())


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

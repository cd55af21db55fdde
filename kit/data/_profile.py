"""What a source is like, before anything is trained on it."""

import math
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import polars as pl

from kit.data._clean import CleaningStep, repeated_rows
from kit.data._dataset import Codes, Dataset
from kit.data._events import Events, user_counts
from kit.data._source import Source

CORE = 5
QUANTILES = (0.0, 0.25, 0.5, 0.75, 0.9, 1.0)
_QUANTILE_NAMES = ("least", "25 %", "median", "75 %", "90 %", "most")


@dataclass(frozen=True)
class Size:
    """How many rows, and of how many users and items."""

    rows: int
    users: int
    items: int


@dataclass(frozen=True)
class PartProfile:
    """One part of a split.

    Args:
        name: "train", "valid" or "test".
        size: its rows, users and items.
        rows_of_cold_users: rows whose user is not in train.
        rows_of_cold_items: rows whose item is not in train.
        warm_rows: rows whose user and item are in train.
    """

    name: str
    size: Size
    rows_of_cold_users: int
    rows_of_cold_items: int
    warm_rows: int


@dataclass(frozen=True)
class Profile:
    """The numbers `kit data` prints.

    Args:
        name: the source.
        rows_read: rows before cleaning.
        size: rows, users and items after cleaning.
        density: share of all (user, item) pairs that occur.
        time: first and last time in seconds since 1970 UTC, or None.
        weight: least, median and largest weight, or None.
        duplicate_rows: exact duplicates that were kept, which only a given split does.
        repeated_pairs: rows whose user had the item in an earlier row.
        top_1_percent: share of the rows on the 1 % most frequent items.
        top_10_percent: share of the rows on the 10 % most frequent items.
        items_below_core: items with fewer than 5 rows.
        users_below_core: users with fewer than 5 rows.
        rows_per_user: least, quartiles, 90 % and most.
        item_features: columns of the table of items.
        user_features: columns of the table of users.
        cleaning: what each step dropped.
        core: what remains where every user and every item has at least 5 rows.
        split: the protocol in words, or "" without a dataset.
        parts: what the split leaves in each part.
        licence: attribution of a built-in data set, else "".
        notes: lines on how the source was read, as of `Source`.
        missing: feature to the share of its rows that have no value, where there are such.
    """

    name: str
    rows_read: int
    size: Size
    density: float
    time: tuple[int, int] | None
    weight: tuple[float, float, float] | None
    duplicate_rows: int
    repeated_pairs: int
    top_1_percent: float
    top_10_percent: float
    items_below_core: int
    users_below_core: int
    rows_per_user: tuple[float, ...]
    item_features: tuple[str, ...]
    user_features: tuple[str, ...]
    cleaning: tuple[CleaningStep, ...]
    core: Size
    split: str
    parts: tuple[PartProfile, ...]
    licence: str
    notes: tuple[str, ...] = ()
    missing: tuple[tuple[str, float], ...] = ()

    def rows(self) -> list[tuple[str, str, str]]:
        """The profile as lines: section, label, value."""
        return [
            *(("Source", *line) for line in self._source()),
            *(
                (
                    "Cleaning",
                    step.name,
                    f"{_of(step.rows, self.rows_read)} dropped"
                    if step.of_log
                    else f"{step.rows:,}",
                )
                for step in self.cleaning
            ),
            *(("Notes", str(number), note) for number, note in enumerate(self.notes, start=1)),
            *(("Long tail", *line) for line in self._long_tail()),
            *(
                ("Rows per user", name, f"{rows:,.6g}")
                for name, rows in zip(_QUANTILE_NAMES, self.rows_per_user, strict=True)
            ),
            (f"{CORE}-core", "would leave", _sized(self.core)),
            *(("Split", *line) for line in self._split()),
        ]

    def _source(self) -> list[tuple[str, str]]:
        lines = [
            ("rows read", f"{self.rows_read:,}"),
            ("rows kept", f"{self.size.rows:,}"),
            ("users", f"{self.size.users:,}"),
            ("items", f"{self.size.items:,}"),
            ("density", f"{100 * self.density:.3g} %"),
        ]
        if self.time is not None:
            lines.append(("time", f"{_moment(self.time[0])} to {_moment(self.time[1])}"))
        if self.weight is not None:
            least, median, most = self.weight
            lines.append(("weight", f"{least:g} to {most:g}, median {median:g}"))
        if self.duplicate_rows:
            lines.append(("exact duplicate rows, kept", f"{self.duplicate_rows:,}"))
        lines.append(("rows of a pair seen before", f"{self.repeated_pairs:,}"))
        for label, features in (
            ("item features", self.item_features),
            ("user features", self.user_features),
        ):
            if features:
                lines.append((label, ", ".join(features)))
        if self.missing:
            shares = ", ".join(f"{name} {share:.1%}" for name, share in self.missing)
            lines.append(("features without a value", shares))
        return lines

    def _long_tail(self) -> list[tuple[str, str]]:
        return [
            ("rows on the top 1 % of items", f"{self.top_1_percent:.1%}"),
            ("rows on the top 10 % of items", f"{self.top_10_percent:.1%}"),
            (f"items with fewer than {CORE} rows", _of(self.items_below_core, self.size.items)),
            (f"users with fewer than {CORE} rows", _of(self.users_below_core, self.size.users)),
        ]

    def _split(self) -> list[tuple[str, str]]:
        lines = [("protocol", self.split)] if self.split else []
        for part in self.parts:
            lines.append((part.name, _sized(part.size)))
            if part.name != "train":
                lines += [
                    (
                        f"{part.name}, user not in train",
                        _of(part.rows_of_cold_users, part.size.rows),
                    ),
                    (
                        f"{part.name}, item not in train",
                        _of(part.rows_of_cold_items, part.size.rows),
                    ),
                    (f"{part.name}, both in train", _of(part.warm_rows, part.size.rows)),
                ]
        return lines


def profile(source: Source, dataset: Dataset | None = None) -> Profile:
    """Count what a source holds and what a split leaves of it.

    Args:
        source: what `open_source` returned.
        dataset: what `split` made of it, or None.

    Example:

    >>> from kit.data._source import open_source
    >>> found = profile(open_source("online-retail"))
    >>> found.size.users, found.rows()[0]
    (4335, ('Source', 'rows read', '541,909'))
    """
    frame = source.interactions
    users, items = Codes.of(frame["user_id"]), Codes.of(frame["item_id"])
    size = Size(len(frame), len(users.ids), len(items.ids))
    pairs = int(user_counts([Events(users.codes, items.codes, None, None)], size.items).sum())
    per_user, per_item = np.bincount(users.codes), np.sort(np.bincount(items.codes))[::-1]
    time = frame["time"].to_numpy() if "time" in frame.columns else None
    weight = frame["weight"].to_numpy() if "weight" in frame.columns else None
    parts = () if dataset is None else ("train", "valid", "test")
    return Profile(
        name=source.name,
        rows_read=source.rows_read,
        size=size,
        density=pairs / (size.users * size.items),
        time=None if time is None else (int(time.min()), int(time.max())),
        weight=None
        if weight is None
        else (float(weight.min()), float(np.median(weight)), float(weight.max())),
        duplicate_rows=_duplicates(frame),
        repeated_pairs=size.rows - pairs,
        top_1_percent=float(per_item[: math.ceil(size.items / 100)].sum() / size.rows),
        top_10_percent=float(per_item[: math.ceil(size.items / 10)].sum() / size.rows),
        items_below_core=int((per_item < CORE).sum()),
        users_below_core=int((per_user < CORE).sum()),
        rows_per_user=tuple(float(q) for q in np.quantile(per_user, QUANTILES)),
        item_features=() if source.items is None else tuple(source.items.columns[1:]),
        user_features=() if source.users is None else tuple(source.users.columns[1:]),
        cleaning=source.cleaning,
        core=k_core(users.codes, items.codes, CORE),
        split="" if dataset is None else dataset.split,
        parts=tuple(_part(name, getattr(dataset, name), dataset) for name in parts if dataset),
        licence=source.licence,
        notes=source.notes,
        missing=_missing(source),
    )


def k_core(user: np.ndarray, item: np.ndarray, k: int) -> Size:
    """What is left when users and items with fewer than k rows are dropped until none is.

    Args:
        user: int [rows], codes.
        item: int [rows], codes.
        k: least number of rows of each user and each item.

    Example:

    >>> k_core(np.array([0, 0, 1, 1, 2]), np.array([0, 1, 0, 1, 1]), k=2)
    Size(rows=4, users=2, items=2)
    """
    while len(user):
        enough_of_user, enough_of_item = np.bincount(user) >= k, np.bincount(item) >= k
        keep = enough_of_user[user] & enough_of_item[item]
        if keep.all():
            break
        user, item = user[keep], item[keep]
    return _size(user, item)


def _size(user: np.ndarray, item: np.ndarray) -> Size:
    users, items = (int(np.count_nonzero(np.bincount(codes))) for codes in (user, item))
    return Size(len(user), users, items)


def _duplicates(frame: pl.DataFrame) -> int:
    # Of every other source they were dropped when it was opened.
    return int(repeated_rows(frame.drop("part")).sum()) if "part" in frame.columns else 0


def _part(name: str, events: Events, dataset: Dataset) -> PartProfile:
    cold_users, cold_items = events.user >= dataset.num_users, events.item >= dataset.num_items
    return PartProfile(
        name=name,
        size=_size(events.user, events.item),
        rows_of_cold_users=int(cold_users.sum()),
        rows_of_cold_items=int(cold_items.sum()),
        warm_rows=int((~cold_users & ~cold_items).sum()),
    )


def _missing(source: Source) -> tuple[tuple[str, float], ...]:
    shares = [
        (column.name, column.null_count() / len(column))
        for table in (source.items, source.users)
        if table is not None and len(table)
        for column in table.iter_columns()
    ]
    return tuple((name, share) for name, share in shares if share)


def _sized(size: Size) -> str:
    return f"{size.rows:,} rows, {size.users:,} users, {size.items:,} items"


def _of(count: int, total: int) -> str:
    return f"{count:,} ({count / max(total, 1):.1%})"


def _moment(time: int) -> str:
    """A time in words; a number too small to be a date stands as it is."""
    if abs(time) < 100_000_000:
        return str(time)
    return f"{datetime.fromtimestamp(time, UTC):%Y-%m-%d %H:%M}"

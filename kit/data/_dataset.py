"""A data set of interactions, split."""

from dataclasses import dataclass, field, fields
from functools import cached_property
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from kit.data._clean import CleaningStep
from kit.data._events import Events, user_counts
from kit.data._features import title_column
from kit.data._source import Source

PARTS = ("train", "valid", "test")


@dataclass(frozen=True)
class Dataset:
    """A source, split and encoded.

    Codes 0 .. num_users - 1 are the users of train in order of first appearance; later codes are
    users that only valid or test have (cold). The same for items.

    Args:
        name: the source, as the user named it.
        user_ids: code -> id, object array of str.
        item_ids: code -> id, object array of str.
        num_users: users in train.
        num_items: items in train: the catalogue that is ranked.
        train: interactions to learn from.
        valid: interactions to choose by; keeps its cold rows.
        test: interactions to measure by; keeps its cold rows.
        items: row i holds the features of item_ids[i], null where they are not known; or None.
        users: row i holds the features of user_ids[i]; or None.
        split: the protocol in one line of plain words.
        split_method: "time", "leave-one-out", "random" or "given".
        cold: rows of valid and test whose user or item is not in train:
            `{valid,test}_rows_of_cold_{users,items}`.
        cleaning: what was dropped from the source.
        licence: attribution of a built-in data set, else "".
        notes: lines on how the source was read, as of `kit.data.Source`.
        rows_read: rows of the source before cleaning.
        contents: images and texts of the items that the model learns to read: pairs of a
            `TrainableColumn` and its values.
        encoded: column and encoder of what was read by an exported encoder.
        options: how the data were opened, an `Options` of `kit.config`, or None.
    """

    name: str
    user_ids: np.ndarray
    item_ids: np.ndarray
    num_users: int
    num_items: int
    train: Events
    valid: Events
    test: Events
    items: pl.DataFrame | None
    users: pl.DataFrame | None
    split: str
    split_method: str
    cold: dict[str, int]
    cleaning: tuple[CleaningStep, ...]
    licence: str
    notes: tuple[str, ...] = field(default=(), kw_only=True)
    rows_read: int = field(default=0, kw_only=True)
    contents: tuple[Any, ...] = field(default=(), kw_only=True, repr=False, compare=False)
    encoded: tuple[dict[str, str], ...] = field(default=(), kw_only=True)
    options: Any = field(default=None, kw_only=True, repr=False, compare=False)

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}({self.name!r}: {self.num_users:,} users and "
            f"{self.num_items:,} items in train; {len(self.train):,} / {len(self.valid):,} / "
            f"{len(self.test):,} interactions in train / valid / test)"
        )

    def all_in_train(self) -> "Dataset":
        """The same data to train on as a whole: the rows of valid and test come after train's.

        Users and items keep their codes; valid and test are empty. Prepared data are loaded.
        """
        values: dict[str, Any] = {one.name: getattr(self, one.name) for one in fields(Dataset)}
        whole = Events.joined([self.train, self.valid, self.test])
        nothing = whole.where(slice(0))
        return Dataset(
            **values
            | {"train": whole, "valid": nothing, "test": nothing}
            | {"num_users": len(self.user_ids), "num_items": len(self.item_ids)}
            | {"cold": dict.fromkeys(self.cold, 0), "split": "all rows in train"}
        )

    @cached_property
    def user_counts(self) -> NDArray[np.int64]:
        """int64 [num_items]: how many users have each item in train."""
        return user_counts([self.train], self.num_items)

    @cached_property
    def user_counts_with_valid(self) -> NDArray[np.int64]:
        """int64 [num_items]: how many users have each item in train or valid."""
        return user_counts([self.train, self.valid], self.num_items)

    @property
    def popularity_with_valid(self) -> NDArray[np.float64]:
        """float64 [num_items]: the same by the number of users of train: what unknown users get."""
        return self.user_counts_with_valid / max(self.num_users, 1)


def encode(
    source: Source, part: np.ndarray, *, user: "Codes", item: "Codes", split: str, method: str
) -> Dataset:
    """The dataset that follows from the assignment of rows to parts.

    Args:
        source: the source.
        part: int8 [rows], 0 train, 1 valid, 2 test.
        user: codes of the users, by first appearance in the source.
        item: codes of the items.
        split: the protocol in words.
        method: its name.
    """
    frame = source.interactions
    time = frame["time"].to_numpy() if "time" in frame.columns else None
    weight = frame["weight"].cast(pl.Float32).to_numpy() if "weight" in frame.columns else None
    user, num_users = user.train_first(part == 0)
    item, num_items = item.train_first(part == 0)

    def events(number: int) -> Events:
        rows = np.flatnonzero(part == number)
        return Events(
            user=user.codes[rows],
            item=item.codes[rows],
            time=None if time is None else time[rows],
            weight=None if weight is None else weight[rows],
        )

    train, valid, test = events(0), events(1), events(2)
    return Dataset(
        name=source.name,
        user_ids=user.ids.to_numpy(),
        item_ids=item.ids.to_numpy(),
        num_users=num_users,
        num_items=num_items,
        train=train,
        valid=valid,
        test=test,
        items=_aligned(source.items, item.ids, "item_id"),
        users=_aligned(source.users, user.ids, "user_id"),
        split=split,
        split_method=method,
        cold={
            "valid_rows_of_cold_users": int((valid.user >= num_users).sum()),
            "valid_rows_of_cold_items": int((valid.item >= num_items).sum()),
            "test_rows_of_cold_users": int((test.user >= num_users).sum()),
            "test_rows_of_cold_items": int((test.item >= num_items).sum()),
        },
        cleaning=source.cleaning,
        licence=source.licence,
        notes=source.notes,
        rows_read=source.rows_read,
    )


@dataclass(frozen=True)
class Codes:
    """A column of ids as integers: `ids[codes]` is the column.

    Args:
        codes: int32 [rows].
        ids: String, unique.
    """

    codes: np.ndarray
    ids: pl.Series

    @classmethod
    def of(cls, column: pl.Series) -> "Codes":
        """Codes by first appearance of a column of type Categorical."""
        physical = column.to_physical()
        first = physical.unique(maintain_order=True).to_numpy()
        code = np.zeros(1 + int(first.max(initial=0)), np.int32)
        code[first] = np.arange(len(first), dtype=np.int32)
        ids = column.unique(maintain_order=True).cast(pl.String)
        return cls(code[physical.to_numpy()], ids)

    def train_first(self, train: np.ndarray) -> tuple["Codes", int]:
        """The same with the ids of train first, and how many they are."""
        in_train = np.zeros(len(self.ids), bool)
        in_train[self.codes[train]] = True
        order = np.argsort(~in_train, kind="stable")
        new = np.empty(len(order), np.int32)
        new[order] = np.arange(len(order), dtype=np.int32)
        return Codes(new[self.codes], self.ids.gather(order)), int(in_train.sum())


def _aligned(table: pl.DataFrame | None, ids: pl.Series, key: str) -> pl.DataFrame | None:
    if table is None:
        return None
    return ids.alias(key).to_frame().join(table, on=key, how="left", maintain_order="left")


def item_names(dataset: Dataset) -> list[str]:
    """The title of every item of the catalogue, its id where it has none.

    Example:

    >>> from kit.data._source import open_source
    >>> from kit.data._split import split
    >>> item_names(split(open_source("online-retail")))[0]
    'WHITE HANGING HEART T-LIGHT HOLDER'
    """
    ids = pl.Series("id", dataset.item_ids[: dataset.num_items].tolist(), dtype=pl.String)
    column = title_column(dataset.items)
    if column is None or dataset.items is None:
        return ids.to_list()
    titles = dataset.items[column][: dataset.num_items]
    has_title = (titles.str.strip_chars() != "").fill_null(False)
    return titles.zip_with(has_title, ids).to_list()

"""Split a table of examples, with sampled negatives where only positives were recorded."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from kit.data._class_split import repeats_in_words
from kit.data._clean import CleaningStep
from kit.data._histories import history_before
from kit.data._partition import TEST, TRAIN, VALID, Rows, by_time, given
from kit.data.table._labels import check_classes
from kit.data.table._schema import HISTORY, Feature, Schema
from kit.data.table._source import RankingSource
from kit.errors import UserError

ROUNDS = 100


@dataclass(frozen=True)
class Negatives:
    """How many items not taken stand beside one that was, and how they are drawn.

    Args:
        number: for each positive row, of the same user in the same context.
        by: "uniform" draws every item alike, "popularity" as often as it was taken.
    """

    number: int
    by: Literal["uniform", "popularity"] = "uniform"


def draw_negatives(
    user: NDArray[np.int64], item: NDArray[np.int64], negatives: Negatives, *, seed: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Draw items that the user of a row has in no row.

    Args:
        user: int64 [rows], codes.
        item: int64 [rows], codes from 0.
        negatives: how many and how.
        seed: of the draw.

    Returns:
        int64 [drawn]: the row each stands beside, in order; and its item. Somebody who has nearly
        every item gets fewer.

    Raises:
        UserError: nobody lacks an item.

    Example:

    >>> user, item = np.array([0, 0, 1]), np.array([0, 1, 2])
    >>> rows, items = draw_negatives(user, item, Negatives(1), seed=0)
    >>> rows.tolist(), items[:2].tolist()
    ([0, 1, 2], [2, 2])
    """
    count = int(item.max(initial=0)) + 1
    taken = np.unique(user * count + item)
    rng = np.random.default_rng(seed)
    rows = np.repeat(np.arange(len(user)), negatives.number)
    drawn = np.empty(len(rows), np.int64)
    open_places = np.arange(len(rows))
    for _ in range(ROUNDS):
        if negatives.by == "popularity":
            found = item[rng.integers(0, len(item), len(open_places))]
        else:
            found = rng.integers(0, count, len(open_places))
        drawn[open_places] = found
        key = user[rows[open_places]] * count + found
        place = np.minimum(np.searchsorted(taken, key), len(taken) - 1)
        open_places = open_places[taken[place] == key]
        if not len(open_places):
            break
    settled = np.ones(len(rows), bool)
    settled[open_places] = False
    if not settled.any():
        raise UserError(
            "No negatives can be drawn: every user has every item.",
            where="--negatives",
            expected="a log in which people take some items and not others",
            remedy="Check --user-column and --item-column.",
        )
    return rows[settled], drawn[settled]


METHODS = ("given", "time", "random")


@dataclass(frozen=True)
class RankingRows:
    """Rows of one part.

    Args:
        features: a typed column for each feature of the schema.
        labels: float32 [rows, labels], 0 and 1, NaN where missing.
        group: int64 [rows], by whom grouped AUC is counted; or None.
    """

    features: pl.DataFrame
    labels: NDArray[np.float32]
    group: NDArray[np.int64] | None

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True)
class RankingData:
    """A table, split.

    Args:
        name: the source, as the user named it.
        schema: of the features.
        labels: what is predicted.
        positives: label to the value that is 1.
        train: rows to learn from.
        valid: rows to choose by.
        test: rows to measure by.
        group: the column by which grouped AUC is counted, or None.
        history: the list feature that holds a user's earlier items, or None.
        target: the feature these are held against, or None.
        split: the protocol in a line of plain words, with that of negatives and histories.
        split_method: "given", "time" or "random".
        rows_read: rows of the source.
        cleaning: what was dropped.
        licence: attribution of a built-in table, else "".
        notes: lines on how the table was read, as of `kit.data.table.RankingSource`.
        options: how the data were opened, an `Options` of `kit.config`, or None.
    """

    name: str
    schema: Schema
    labels: tuple[str, ...]
    positives: Mapping[str, str]
    train: RankingRows
    valid: RankingRows
    test: RankingRows
    group: str | None
    history: str | None
    target: str | None
    split: str
    split_method: str
    rows_read: int
    cleaning: tuple[CleaningStep, ...]
    licence: str
    notes: tuple[str, ...] = ()
    options: Any = field(default=None, kw_only=True, repr=False, compare=False)

    def __repr__(self) -> str:
        sizes = " / ".join(f"{len(part):,}" for part in (self.train, self.valid, self.test))
        return (
            f"RankingData({self.name!r}: {len(self.schema.features)} features; {sizes} rows in "
            "train / valid / test)"
        )


def split_ranking(
    source: RankingSource,
    method: str | None = None,
    *,
    seed: int = 0,
    negatives: Negatives | None = None,
    history: int = 0,
    valid_share: float = 0.1,
    test_share: float = 0.1,
) -> RankingData:
    """Split a table; of a log, draw its negatives.

    Args:
        source: what `open_ranking` returned.
        method: "given", "time" (rows of one time are never torn apart) or "random". None: given
            if there are parts, else time if there is a time column, else random.
        seed: of the random split and of the negatives.
        negatives: of a log, which has no label.
        history: most earlier items of the user that are added as a feature; 0 adds none.
        valid_share: share of the rows for valid.
        test_share: share of the rows for test.

    Raises:
        UserError: the source lacks what the split or the histories need, or a part has one class.

    Example:

    >>> from kit.data.table._source import open_ranking
    >>> data = split_ranking(open_ranking("in-vehicle-coupon"))
    >>> data.split, len(data.test)
    ('random: 80/10/10 % of the rows, seed 0; 13 of 1,268 rows of test are identical to one of
    train or valid', 1268)
    """
    rows = len(source.features)
    part, method, words = _parts(source, method, seed, valid_share, test_share)
    words += _repeats(source, part)
    schema, features = source.schema, source.features
    target = source.roles.get("item")
    name = next((f.name for f in schema.of_kind("list") if f.table and f.table == target), None)
    if history and name is None:
        lists = _histories(source, part, method, history)
        name = HISTORY
        features = features.with_columns(lists.alias(name))
        schema = Schema((*schema.features, Feature(name, "list", target)), schema.left_out)
        known = "earlier events" if method == "time" else "earlier events of train"
        words += f"; {name} is the last {history} items of the user's {known}, strictly before"
    labels = source.labels.fill_null(float("nan")).to_numpy().astype(np.float32)
    place = np.arange(rows)
    if source.is_log:
        if negatives is None:
            raise ValueError("A log needs negatives.")
        beside, item = _drawn(source, negatives, seed)
        features = _with_negatives(source, features, beside, item)
        labels = np.concatenate([labels, np.zeros((len(beside), 1), np.float32)])
        part, place = np.concatenate([part, part[beside]]), np.concatenate([place, beside])
        words += (
            f"; {negatives.number} negatives to a positive, {negatives.by}, of the items the user "
            f"has in no part, seed {seed}"
        )
    group = None
    if "group" in source.values.columns:
        # A missing group is a group: of all whom nobody knows.
        group = (
            source.values["group"].fill_null("").rank("dense").to_numpy().astype(np.int64)[place]
        )
    found = {}
    for number, title in ((TRAIN, "train"), (VALID, "valid"), (TEST, "test")):
        chosen = np.flatnonzero(part == number)
        if not len(chosen):
            raise UserError(
                f"The split leaves nothing in {title} ({words}; {rows:,} rows).",
                where=source.name,
                expected="rows in train, valid and test",
                remedy="Give more rows, or another --split.",
            )
        found[title] = RankingRows(
            features[chosen], labels[chosen], None if group is None else group[chosen]
        )
        check_classes(labels[chosen], source.labels.columns, title)
    return RankingData(
        name=source.name,
        schema=schema,
        labels=tuple(source.labels.columns),
        positives=source.positives,
        **found,
        group=source.roles.get("group"),
        history=name,
        target=target if name else None,
        split=words,
        split_method=method,
        rows_read=source.rows_read,
        cleaning=source.cleaning,
        licence=source.licence,
        notes=source.notes,
    )


def _repeats(source: RankingSource, part: NDArray[np.int8]) -> str:
    """The share of test that is identical, label and all, to rows of train or valid, in words."""
    whole = pl.concat(
        [source.features, source.labels, source.values.select(pl.all().name.prefix("role: "))],
        how="horizontal",
    )
    lists = [name for name, kind in whole.schema.items() if isinstance(kind, pl.List)]
    rows = whole.with_columns(pl.col(lists).list.join("\x1f")).hash_rows().to_list()
    return repeats_in_words(
        ([rows[n] for n in np.flatnonzero(part == one)] for one in (TRAIN, VALID, TEST)), "rows"
    )


def _parts(
    source: RankingSource, method: str | None, seed: int, valid_share: float, test_share: float
) -> tuple[NDArray[np.int8], str, str]:
    rows = len(source.features)
    time = source.values["time"].to_numpy() if "time" in source.values.columns else None
    if method is None:
        method = "given" if source.part is not None else "random" if time is None else "time"
    seen = Rows(
        user=np.zeros(rows, np.int64),
        time=time,
        given=None if source.part is None else source.part.to_physical().to_numpy(),
        seed=seed,
        valid_share=valid_share,
        test_share=test_share,
    )
    if method == "time":
        part, words = by_time(seen)
        return part, method, words
    if method == "given":
        part, words = given(seen)
        words = words.replace("of each user's rows of train at random", "of train at random")
        return part, method, words
    if method != "random":
        raise UserError(
            f"There is no split '{method}'.", where="--split", expected=", ".join(METHODS)
        )
    order = np.random.default_rng(seed).permutation(rows)
    part = np.full(rows, TRAIN, np.int8)
    tests, valids = int(rows * test_share), int(rows * valid_share)
    part[order[:tests]], part[order[tests : tests + valids]] = TEST, VALID
    shares = "/".join(
        f"{100 * s:.4g}" for s in (1 - valid_share - test_share, valid_share, test_share)
    )
    return part, method, f"random: {shares} % of the rows, seed {seed}"


def _histories(source: RankingSource, part: NDArray[np.int8], method: str, most: int) -> pl.Series:
    lacking = [role for role in ("user", "item", "time") if role not in source.values.columns]
    if lacking:
        raise UserError(
            f"Histories need a {' and a '.join(lacking)} column.",
            where=source.name,
            expected="who took what when, or a list column of earlier items that shares its table "
            "with the item's",
            remedy="Name it: " + " ".join(f"--{role}-column NAME" for role in lacking),
        )
    taken = (source.labels.to_series(0) == 1).fill_null(False).to_numpy()
    # A split at random hides rows of the past: what test holds must not stand in a history.
    known = taken if method == "time" else taken & (part == TRAIN)
    user = source.values["user"].fill_null("").rank("dense").to_numpy().astype(np.int64)
    time = source.values["time"].to_numpy()
    return history_before(user, time, source.values["item"].fill_null(""), known, most=most)


def _drawn(
    source: RankingSource, negatives: Negatives, seed: int
) -> tuple[NDArray[np.int64], pl.Series]:
    user = source.values["user"].rank("dense").to_numpy().astype(np.int64)
    ids = source.values["item"].unique(maintain_order=True)
    code = source.values["item"].cast(pl.Enum(ids)).to_physical().to_numpy().astype(np.int64)
    beside, item = draw_negatives(user, code, negatives, seed=seed)
    return beside, ids.gather(item)


def _with_negatives(
    source: RankingSource, features: pl.DataFrame, beside: NDArray[np.int64], item: pl.Series
) -> pl.DataFrame:
    """The rows and, below them, their negatives: in the same context, with what their item has."""
    role = source.roles["item"]
    of_items = [name for name in features.columns if name == role or _follows(source, name)]
    per_item = pl.DataFrame({"_item": source.values["item"]}).hstack(features.select(of_items))
    per_item = per_item.unique("_item", keep="first", maintain_order=True)
    own = pl.DataFrame({"_item": item}).join(
        per_item, on="_item", how="left", maintain_order="left"
    )
    negatives = features[beside].drop(of_items).hstack(own.drop("_item"))
    return pl.concat([features, negatives.select(features.columns)])


def _follows(source: RankingSource, name: str) -> bool:
    """Whether a feature is one of the item: it has one value for each, and not for each user."""
    if name in source.of_items:
        return True
    if name not in source.features.columns or name == source.roles["user"]:
        return False
    column = source.features[name]
    if column.n_unique() < 2:
        return False

    def is_one_for_each(role: str) -> bool:
        pairs = pl.DataFrame({"role": source.values[role], "value": column}).unique()
        return pairs["role"].n_unique() == len(pairs)

    return is_one_for_each("item") and not is_one_for_each("user")

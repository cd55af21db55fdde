"""Which columns of a table the predictions of an export depend on."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from kit.data.table import Feature
from kit.errors import UserError
from kit.metrics import bootstrap_intervals

LEAST_ROWS, ASSOCIATED = 50, 0.5
BINS, VALUES = 10, 20
QUANTILE = 1.645  # of a normal distribution, at 95 %


@dataclass(frozen=True)
class Drivers:
    """How much worse predictions become without the information in a column.

    A column that predicts need not cause anything.

    Args:
        table: a row for each group of columns, the largest increase first: `columns`, a list;
            `increase` of the loss when they are shuffled, with its 95 % interval, `low` and `high`;
            `zero`, what an increase stays below in 95 of 100 columns without information; and
            `predicts`, whether increase and interval are above it and above 0.
        loss: mean loss of the rows as they are.
        rows: number of rows measured.
        repeats: how often each group was shuffled.
        constant: inputs that are the same in all rows, so that a shuffle changes nothing.
    """

    table: pl.DataFrame
    loss: float
    rows: int
    repeats: int
    constant: tuple[str, ...] = ()


def measure_drivers(
    losses: Callable[[Sequence[str], NDArray[np.int64]], NDArray[np.float64]],
    rows: int,
    groups: Sequence[Sequence[str]],
    *,
    repeats: int = 5,
    seed: int = 0,
) -> Drivers:
    """Shuffle groups of columns among the rows and measure how the loss rises.

    Without information in a column, its order is one of many that are equally likely, so the loss
    of the rows as they are is one more draw from those of the shuffled ones. `zero` is how far
    below their mean such a draw is at most, with 95 % probability.

    Args:
        losses: the loss of each row, float64 [rows], where the named columns take their values from
            the rows of an order, int64 [rows].
        rows: their number.
        groups: of columns that are shuffled together.
        repeats: shuffles of each group, at least 3.
        seed: of the shuffles.

    Raises:
        UserError: there are fewer than 50 rows.

    Source: Breiman (2001), Random Forests, section 10; Fisher, Rudin and Dominici (2019), All
    Models are Wrong, but Many are Useful, section 3. Of the zero line: Hoeffding (1951), A
    Combinatorial Central Limit Theorem.

    Example:

    >>> x = np.linspace(0, 1, 200)
    >>> found = measure_drivers(lambda columns, order: (x - x[order]) ** 2, 200, [["x"]])
    >>> found.table["predicts"].to_list()
    [True]
    """
    check_enough_rows(rows)
    rng = np.random.default_rng(seed)
    orders = [rng.permutation(rows) for _ in range(repeats)]
    before = losses((), np.arange(rows))
    increase, zero, values = [], [], []
    for columns in groups:
        rises = np.stack([losses(columns, order) - before for order in orders])
        # A row takes part twice, with its own label and with the value that it gives to another.
        given = np.empty_like(rises)
        for order, of_donors, of_rows in zip(orders, given, rises, strict=True):
            of_donors[order] = of_rows
        mean, of_row, of_donor = rises.mean(), rises.mean(0), given.mean(0)
        # The mean over an order varies by what is left without both: in each order, all rows and
        # all values are there.
        rest = rises - of_row - np.stack([of_donor[order] for order in orders]) + mean
        variance = (rest**2).sum() / (rows * (repeats - 2)) / rows
        increase.append(mean)
        zero.append(QUANTILE * np.sqrt(variance * (1 + 1 / repeats)))
        values.append(of_row + of_donor - mean)
    low, high = bootstrap_intervals(np.stack(values, 1), seed=seed).T
    table = pl.DataFrame(
        {
            "columns": pl.Series([list(columns) for columns in groups], dtype=pl.List(pl.String)),
            "increase": increase,
            "low": low,
            "high": high,
            "zero": zero,
        }
    ).with_columns(predicts=pl.col("low").gt(0) & pl.col("increase").gt(pl.col("zero")))
    order_of_size = table.sort("increase", descending=True, maintain_order=True)
    return Drivers(order_of_size, float(before.mean()), rows, repeats)


def check_enough_rows(rows: int) -> None:
    """Raise `UserError` if there are fewer than 50 rows to measure drivers on."""
    if rows < LEAST_ROWS:
        raise UserError(
            f"Only {rows:,} rows are left to measure drivers on.",
            where="the rows whose outcome is known, of the test part where data are split",
            expected=f"at least {LEAST_ROWS}",
            remedy="Give more rows.",
        )


def correlated_groups(
    table: pl.DataFrame, features: Sequence[Feature], together: Sequence[Sequence[str]] = ()
) -> list[list[str]]:
    """Columns that say nearly the same, which are shuffled together.

    Two belong together if their rank correlation is at least 0.5 either way, or Cramér's V of two
    that are not both numbers. A model that reads one of them hardly misses the other, so that each
    alone would seem useless.

    Args:
        table: a typed column for each feature.
        features: what they are.
        together: further columns to keep together.

    Raises:
        UserError: one of `together` is no feature.

    Source: Spearman (1904); Bergsma (2013), A bias-correction for Cramér's V.

    Example:

    >>> table = pl.DataFrame({"a": [*range(60)], "b": [-n for n in range(60)], "c": [0, 1] * 30})
    >>> correlated_groups(table, [Feature(name, "number") for name in "abc"])
    [['a', 'b'], ['c']]
    """
    names = [feature.name for feature in features]
    group = {name: [name] for name in names}

    def join(one: str, other: str) -> None:
        if group[one] is not group[other]:
            group[one].extend(group[other])
            for name in group[other]:
                group[name] = group[one]

    for columns in together:
        for name in columns:
            if name not in group:
                raise UserError(
                    f"The model does not read a column {name!r}.",
                    where="--group",
                    expected=f"columns among: {', '.join(names)}",
                )
            join(columns[0], name)
    numbers = {one.name for one in features if one.kind == "number"}
    ranks = {name: _ranks(table[name]) for name in numbers}
    codes = {one.name: _codes(table[one.name], one) for one in features}
    for one, other in combinations(names, 2):
        if {one, other} <= numbers:
            found = abs(float(ranks[one] @ ranks[other]))
        else:
            found = _cramers_v(codes[one], codes[other])
        if found >= ASSOCIATED:
            join(one, other)
    groups = {id(members): members for members in group.values()}
    return [sorted(members, key=names.index) for members in groups.values()]


def _ranks(values: pl.Series) -> NDArray[np.float64]:
    """Ranks, centred and of length 1; missing values are in the middle."""
    ranks = values.fill_nan(None).rank().cast(pl.Float64)
    centred: NDArray[np.float64] = (ranks - ranks.mean()).fill_null(0).to_numpy()
    return centred / max(float(np.linalg.norm(centred)), 1e-12)


def _codes(values: pl.Series, feature: Feature) -> NDArray[np.int64]:
    """Few classes of a column: bins of equal mass of a number, the most frequent other values."""
    if feature.kind == "number":
        ranks = values.fill_nan(None).rank()
        return (ranks * BINS / (len(values) + 1)).floor().fill_null(BINS).cast(pl.Int64).to_numpy()
    cells = values.list.join("|") if feature.kind == "list" else values.cast(pl.String)
    counts = cells.fill_null("").alias("value").value_counts(sort=True)
    frequent = {value: code for code, value in enumerate(counts["value"].head(VALUES))}
    return cells.fill_null("").replace_strict(
        frequent, default=VALUES, return_dtype=pl.Int64
    ).to_numpy()  # fmt: skip


def _cramers_v(one: NDArray[np.int64], other: NDArray[np.int64]) -> float:
    width = max(BINS, VALUES) + 1
    counts = np.bincount(one * width + other, minlength=width**2).reshape(width, width)
    counts = counts[counts.any(1)][:, counts.any(0)].astype(float)
    rows, columns = counts.shape
    if min(rows, columns) < 2:
        return 0.0
    total = counts.sum()
    expected = counts.sum(1)[:, None] * counts.sum(0) / total
    phi = float(((counts - expected) ** 2 / expected).sum()) / total
    phi -= (rows - 1) * (columns - 1) / (total - 1)
    corrected = [size - (size - 1) ** 2 / (total - 1) for size in (rows, columns)]
    return float(np.sqrt(max(phi, 0.0) / max(min(corrected) - 1, 1e-12)))

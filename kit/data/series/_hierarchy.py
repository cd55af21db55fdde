"""Groups of series whose totals are forecast as well: regions, stores, ranges of products."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import polars as pl
from numpy.typing import NDArray

from kit.data.series._covariates import with_several
from kit.errors import UserError

TOTAL = "total"
"""The level above all: the sum of all series."""


@dataclass(frozen=True)
class Hierarchy:
    """Levels of groups of series, the coarse ones first; each group is the sum of its series.

    Args:
        levels: their names, `TOTAL` first.
        groups: the names of the groups of each level.
        codes: the group of each series, counted within its level, int64 [levels, series].

    Example:

    >>> hierarchy = Hierarchy(("total", "region"), (("total",), ("n", "s")), np.array([[0] * 3,
    ...                       [0, 1, 0]]))
    >>> hierarchy.sums(np.array([[1.0], [2.0], [np.nan]])).ravel().tolist()
    [nan, nan, 2.0]
    """

    levels: tuple[str, ...]
    groups: tuple[tuple[str, ...], ...]
    codes: NDArray[np.int64]

    @property
    def names(self) -> list[str]:
        """The groups of all levels, one level after the other."""
        return [name for names in self.groups for name in names]

    @property
    def level_names(self) -> list[str]:
        """The level of each of `names`."""
        sizes = [len(names) for names in self.groups]
        return [level for level, size in zip(self.levels, sizes, strict=True) for _ in range(size)]

    @property
    def places(self) -> NDArray[np.int64]:
        """The groups of each series as places in `names`: int64 [levels, series]."""
        begins = np.cumsum([0, *(len(names) for names in self.groups[:-1])])
        places: NDArray[np.int64] = self.codes + begins[:, None]
        return places

    def sums(self, values: NDArray[np.floating]) -> NDArray[np.float64]:
        """Sums over the series of each group; NaN where one of them is.

        Args:
            values: [series, ...].

        Returns:
            [groups, ...], in the order of `names`.
        """
        found = np.zeros((len(self.names), *values.shape[1:]))
        for places in self.places:
            np.add.at(found, places, values)
        return found

    def totals(self, history: NDArray[np.floating]) -> NDArray[np.float64]:
        """The values of the groups, of values of the series: [series, steps] to [groups, steps].

        A series counts as 0 before its first value. Where a series that has begun has no value, or
        none has begun, the group has none either.
        """
        known = ~np.isnan(history)
        begun = np.cumsum(known, axis=1) > 0
        found = self.sums(np.where(begun, history, 0))
        return np.where(self.sums(begun.astype(float)) > 0, found, np.nan)

    def only(self, series: NDArray[np.bool_]) -> "Hierarchy":
        """Of some of the series: without the groups that have none of them."""
        groups, codes = [], []
        for names, row in zip(self.groups, self.codes[:, series], strict=True):
            kept, code = np.unique(row, return_inverse=True)
            groups.append(tuple(names[place] for place in kept))
            codes.append(code)
        return Hierarchy(self.levels, tuple(groups), np.array(codes, np.int64))

    @property
    def note(self) -> str:
        """The levels and how many groups they have, in words."""
        sizes = zip(self.levels, self.groups, strict=True)
        return "hierarchy: " + ", ".join(f"{level} ({len(names):,})" for level, names in sizes)


def read_hierarchy(
    rows: pl.DataFrame, columns: Sequence[str], series: Sequence[str], name: str
) -> Hierarchy:
    """The hierarchy that columns define.

    Args:
        rows: `series` and "^" + name of each column, texts.
        columns: the levels, the coarse ones first.
        series: names of the series.
        name: of the source.

    Raises:
        UserError: a series is in no group or in two, a level is one group or separates all series,
            two levels are the same, or do not nest.
    """
    levels, codes = [TOTAL], [np.zeros(len(series), np.int64)]
    groups: list[tuple[str, ...]] = [(TOTAL,)]
    for column in columns:
        of_series = _groups_of(rows, column, series, name)
        names = sorted(set(of_series))
        place = {group: number for number, group in enumerate(names)}
        levels.append(column)
        groups.append(tuple(names))
        codes.append(np.array([place[group] for group in of_series], np.int64))
        _check_sizes(column, names, len(series), name)
    for (coarse, fine), (above, below) in zip(
        pairwise(range(len(levels))), pairwise(levels), strict=True
    ):
        _check_nesting(above, below, codes[coarse], codes[fine], groups[coarse], groups[fine], name)
    return Hierarchy(tuple(levels), tuple(groups), np.array(codes))


def _groups_of(
    rows: pl.DataFrame, column: str, series: Sequence[str], name: str
) -> tuple[str, ...]:
    """The group of each series."""
    cells = rows.select("series", value=f"^{column}").drop_nulls().unique()
    if several := with_several(cells):
        one, both = several
        raise UserError(
            f"Series '{one}' is in two groups of '{column}': {both[0]} and {both[1]}.",
            where=f"{name}, column {column}",
            expected="one group of each level for each series",
            remedy=f"Mend it, or let a column name the series that tells apart what is sold in "
            f"different groups of '{column}': --series-column NAME",
        )
    found = dict(cells.iter_rows())
    if without := [one for one in series if one not in found]:
        raise UserError(
            f"Series '{without[0]}' is in no group of '{column}' ({len(without):,} such series).",
            where=f"{name}, column {column}",
            expected="a group for each series",
            remedy="Fill the column in.",
        )
    return tuple(found[one] for one in series)


def _check_sizes(column: str, names: Sequence[str], series: int, name: str) -> None:
    if len(names) == 1:
        raise UserError(
            f"All series are in one group of '{column}': {names[0]}.",
            where=f"{name}, column {column}",
            expected="at least two groups; the sum of all series is always forecast",
            remedy=f"Leave '{column}' out of --hierarchy.",
        )
    if len(names) == series:
        raise UserError(
            f"Each group of '{column}' is one series, so it is no level above the series.",
            where=f"{name}, column {column}",
            expected="groups of several series",
            remedy=f"Leave '{column}' out of --hierarchy, or let a finer column name the series: "
            "--series-column NAME",
        )


def _check_nesting(
    above: str,
    below: str,
    coarse: NDArray[np.int64],
    fine: NDArray[np.int64],
    names_above: Sequence[str],
    names_below: Sequence[str],
    name: str,
) -> None:
    pairs = np.unique(np.stack([fine, coarse], axis=1), axis=0)
    twice = pairs[1:][pairs[1:, 0] == pairs[:-1, 0]]
    if len(twice):
        group = twice[0, 0]
        both = [names_above[place] for place in pairs[pairs[:, 0] == group, 1][:2]]
        raise UserError(
            f"'{below}' does not nest in '{above}': its group {names_below[group]} is in "
            f"{both[0]} and in {both[1]}.",
            where=f"{name}, columns {above} and {below}",
            expected="levels from coarse to fine, each group in one group of the level before",
            remedy="Change the order of --hierarchy, or leave one of them out.",
        )
    if len(names_above) == len(names_below):
        raise UserError(
            f"'{below}' groups the series exactly as '{above}' does.",
            where=f"{name}, columns {above} and {below}",
            expected="levels that differ",
            remedy="Leave one of them out of --hierarchy.",
        )

"""Logged impressions: what was shown to whom, with which chance, and what came of it."""

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from kit.data._columns import check_distinct, find_common, find_named, only_column
from kit.data._dialect import DETECTED, TableFormat
from kit.data._frames import Tabular, path_or_frame
from kit.data._ids import is_missing, stripped
from kit.data._numbers import read_numbers
from kit.data._table_rows import TableRows, read_table
from kit.data.table._schema import text
from kit.errors import UserError

PROPENSITY = ("propensity", "propensityscore", "pscore", "probability", "actionprob")
REWARD = ("reward", "click", "clicked", "isclick", "purchase", "purchased", "outcome", "conversion")
# Of answers in words.
TRUTH = {"true": 1.0, "yes": 1.0, "false": 0.0, "no": 0.0}


@dataclass(frozen=True)
class ImpressionColumns:
    """What the columns of a log of impressions are, where common names do not find them.

    Args:
        user: ids; None finds it (`user_id`, `customer` ...).
        item: ids of what was shown; None finds it (`item_id`, `product` ...).
        reward: what came of it; None finds it (`reward`, `click`, `purchase` ...).
        propensity: the probability with which the item was shown; None finds it (`propensity`,
            `pscore` ...).
    """

    user: str | None = None
    item: str | None = None
    reward: str | None = None
    propensity: str | None = None


@dataclass(frozen=True)
class Impressions:
    """A row for each item shown.

    Args:
        name: of the source.
        users: ids, String [rows].
        items: ids, String [rows].
        rewards: float64 [rows].
        propensities: float64 [rows], above 0 and at most 1.
    """

    name: str
    users: pl.Series
    items: pl.Series
    rewards: NDArray[np.float64]
    propensities: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.users)


def open_impressions(
    source: Tabular,
    *,
    columns: ImpressionColumns = ImpressionColumns(),
    format: TableFormat = DETECTED,
) -> Impressions:
    """Open a log of impressions.

    Args:
        source: a file, a folder of files, or a polars or pandas DataFrame.
        columns: names of columns.
        format: how text tables are written, where their content does not show it.

    Raises:
        UserError: a column is not found, an id or a number is missing, a propensity is no
            probability above 0, or all are 1.

    Example:

    >>> log = {"user_id": ["1", "1"], "item_id": ["a", "b"]}
    >>> log |= {"click": [0, 1], "propensity": [0.5, 0.25]}
    >>> open_impressions(pl.DataFrame(log)).rewards
    array([0., 1.])
    """
    table = read_table(path_or_frame(source), format)
    names = _names(table, columns)
    if not len(table.frame):
        raise UserError(
            "The log has no rows.", where=table.name, expected="a row for each item shown"
        )
    ids = {}
    for role in ("user", "item"):
        values = stripped(text(table.frame[names[role]]))
        _refuse(table, names[role], is_missing(values), f"no {role}", f"the id of the {role}")
        ids[role] = values
    rewards = _numbers(table, names["reward"])
    _refuse(table, names["reward"], rewards.is_null(), "no reward", "a number, such as 0 or 1")
    chances = _numbers(table, names["propensity"])
    expected = "the probability with which the item was shown, above 0 and at most 1"
    _refuse(table, names["propensity"], chances.is_null(), "no propensity", expected)
    wrong = (chances <= 0) | (chances > 1)
    what = "a propensity that is no probability"
    remedy = "Divide per cents by 100; leave out what was shown without chance."
    _refuse(table, names["propensity"], wrong, what, expected, remedy)
    if (chances == 1).all():
        raise UserError(
            "Every propensity is 1: what was shown did not depend on chance.",
            where=f"{table.name}, column {names['propensity']}",
            expected="a log of a policy that showed one of several items at random",
            remedy="Show a random item to some of the users, and log with which probability.",
        )
    return Impressions(table.name, ids["user"], ids["item"], rewards.to_numpy(), chances.to_numpy())


def _names(table: TableRows, columns: ImpressionColumns) -> dict[str, str]:
    """Role to column."""
    header, where = table.frame.columns, table.name
    common, found = {"reward": REWARD, "propensity": PROPENSITY}, {}
    options = {role: f"--{role}-column" for role in ("user", "item", *common)}
    for role, option in options.items():
        if name := getattr(columns, role):
            found[role] = find_named(name, header, option=option, where=where)
        elif role in common:
            found[role] = only_column(common[role], header, role, where)
        else:
            known = find_common(role, header, where=where)
            found[role] = known or only_column((), header, role, where)
    check_distinct(found, options, where)
    return found


def _numbers(table: TableRows, column: str) -> pl.Series:
    values = table.frame[column]
    if values.dtype.is_numeric() or values.dtype == pl.Boolean:
        found = values.cast(pl.Float64)
    else:
        values = stripped(text(values))
        words = values.str.to_lowercase().replace_strict(TRUTH, default=None)
        found = read_numbers(values).values.cast(pl.Float64).fill_null(words)
    return found.set(~found.is_finite().fill_null(False), None)


def _refuse(
    table: TableRows,
    column: str,
    wrong: pl.Series,
    what: str,
    expected: str,
    remedy: str = "Leave these rows out, or repair the log.",
) -> None:
    if not wrong.any():
        return
    row = int(wrong.arg_max() or 0)
    raise UserError(
        f"{int(wrong.sum()):,} rows have {what}, the first '{table.frame[column][row]}'.",
        where=f"{table.locate(row)}, column {column}",
        expected=expected,
        remedy=remedy,
    )

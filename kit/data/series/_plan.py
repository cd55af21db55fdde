"""Plans: the values of known columns for the steps to forecast, and changes of them."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from kit.data._columns import find_named
from kit.data._dialect import DETECTED, TableFormat
from kit.data._frames import Tabular, path_or_frame
from kit.data._ids import stripped
from kit.data._numbers import read_numbers
from kit.data._table_rows import read_table
from kit.data._times import to_microseconds
from kit.data.series._frequency import Frequency
from kit.data.series._read import SeriesColumns, keys, numbers, series_column, time_column
from kit.errors import UserError

CHANGE = re.compile(r"^(.+?)\s*(\*=|\+=|=)\s*(.*)$")
Plan = dict[str, NDArray[Any]]
"""The values of each known column: float32 or text, [series, horizon]."""


def read_plan(
    source: Tabular,
    *,
    columns: SeriesColumns,
    kinds: Mapping[str, str],
    series: Sequence[str],
    frequency: Frequency,
    first: int,
    horizon: int,
    format: TableFormat = DETECTED,
) -> Plan:
    """Read the known columns of the steps to forecast.

    Args:
        source: a file or DataFrame with a row for each series and step, or for each step if a row
            holds for all series.
        columns: names of the columns of series and time.
        kinds: the known columns and what they are, "number" or "text".
        series: names of the series to forecast.
        frequency: of the grid.
        first: number of the first step to forecast.
        horizon: number of the steps.
        format: how text tables are written.

    Raises:
        UserError: a column, or a value of one, is missing, or two rows contradict each other.

    Example:

    >>> from kit.data.series import FREQUENCIES
    >>> frame = pl.DataFrame({"date": ["1970-01-02", "1970-01-03"], "price": [9.5, 8.0]})
    >>> read_plan(
    ...     frame, columns=SeriesColumns(), kinds={"price": "number"}, series=["a", "b"],
    ...     frequency=FREQUENCIES["day"], first=1, horizon=2,
    ... )["price"].tolist()
    [[9.5, 8.0], [9.5, 8.0]]
    """
    table = read_table(path_or_frame(source), format)
    header, name = table.frame.columns, table.name
    if missing_columns := [column for column in kinds if column not in header]:
        raise UserError(
            f"The plan has no column '{missing_columns[0]}'.",
            where=name,
            expected=f"the known columns {', '.join(kinds)}; found: {', '.join(header)}",
            remedy="Add it.",
        )
    time = time_column(table, columns)
    by = series_column(table, columns, [time, *kinds])
    times = to_microseconds(
        table.frame[time],
        where=f"{name}, column {time}",
        first_row=table.files[0][2],
        form=columns.time_format,
    )
    rows = pl.DataFrame({"series": keys(table, by), "step": frequency.steps(times) - first})
    rows = rows.with_row_index("row").filter(pl.col("step").is_between(0, horizon - 1))
    place = {one: number for number, one in enumerate(series)}
    plan: Plan = {}
    for column, kind in kinds.items():
        if kind == "number":
            values = numbers(table, column, "covariate", [])
        else:
            values = stripped(table.frame[column].cast(pl.String))
        cells = rows.with_columns(value=values.gather(rows["row"])).drop_nulls("value")
        found: NDArray[Any] = np.full((len(series), horizon), None, object)
        if by is not None:
            cells = cells.filter(pl.col("series").is_in(list(place)))
        _refuse_contradiction(cells, column, table.locate)
        step = cells["step"].to_numpy()
        if by is None:
            found[:, step] = cells["value"].to_numpy()
        else:
            row = cells["series"].replace_strict(place, return_dtype=pl.Int64).to_numpy()
            found[row, step] = cells["value"].to_numpy()
        missing = pl.Series(found.ravel().tolist(), dtype=values.dtype).is_null().to_numpy()
        if missing.any():
            place_of, ahead = divmod(int(missing.argmax()), horizon)
            ends = frequency.texts([first, first + horizon - 1])
            of = f"series '{series[place_of]}' at " if by is not None else ""
            raise UserError(
                f"The plan has no '{column}' of {of}{frequency.texts([first + ahead])[0]} "
                f"({int(missing.sum()):,} such {frequency.name}s).",
                where=f"{name}, column {column}",
                expected=f"a value for each {frequency.name} from {ends[0]} to {ends[1]}"
                + (f" of each of {len(series):,} series" if by is not None else ""),
                remedy="Add these rows.",
            )
        plan[column] = found.astype(np.float32) if kind == "number" else found
    return plan


def _refuse_contradiction(cells: pl.DataFrame, column: str, locate: Any) -> None:
    differ = pl.col("value").n_unique().over("series", "step") > 1
    several = cells.filter(differ).sort("series", "step", "row")
    if len(several):
        raise UserError(
            f"The plan has two values of '{column}' for one step: {several['value'][0]}, "
            f"{several['value'][1]}.",
            where=f"{locate(several['row'][0])}; {locate(several['row'][1])}",
            expected="one value for each series and step",
            remedy="Remove one of them, or name the series of each row in the column that names "
            "them in the training data.",
        )


def change_plan(plan: Plan, changes: Sequence[str], values: Mapping[str, Sequence[str]]) -> Plan:
    """A plan with changes of its columns.

    Args:
        plan: the values of known columns.
        changes: such as "price*=0.9", "price+=1" or "promotion=yes".
        values: of columns of texts, those that are known.

    Raises:
        UserError: a change cannot be made.

    Example:

    >>> plan = {"price": np.float32([[10, 20]]), "promotion": np.array([["no", "no"]], object)}
    >>> changed = change_plan(plan, ["price*=0.5", "promotion=yes"], {"promotion": ["no", "yes"]})
    >>> changed["price"].tolist(), changed["promotion"].tolist()
    ([[5.0, 10.0]], [['yes', 'yes']])
    """
    changed = dict(plan)
    for change in changes:
        match = CHANGE.match(change)
        if match is None or not match[3].strip():
            raise UserError(
                f"'{change}' is no change of the plan.",
                where="--what-if",
                expected="a known column and what becomes of it: price*=0.9, price+=1, "
                "promotion=yes",
            )
        column, sign, value = match[1].strip(), match[2], match[3].strip()
        find_named(column, list(plan), option="--what-if", where="--what-if")
        if column in values:
            if sign != "=" or value not in values[column]:
                raise UserError(
                    f"'{change}' cannot be done: '{column}' is a text"
                    + (f", and '{value}' is none that is known." if sign == "=" else "."),
                    where="--what-if",
                    expected=f"{column}=VALUE with one of: {', '.join(values[column])}",
                )
            changed[column] = np.full(plan[column].shape, value, object)
            continue
        number = read_numbers(pl.Series([value])).values[0]
        if number is None:
            raise UserError(
                f"'{value}' is no number, as '{column}' is.",
                where=f"--what-if {change}",
                expected=f"such as {column}*=0.9",
            )
        old = changed[column]
        new = {"=": np.full_like(old, number), "+=": old + number, "*=": old * number}[sign]
        changed[column] = new.astype(np.float32)
    return changed

"""Read the features of users and of items, known and new ones."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl
from polars import selectors

from kit.data._clean import CleaningStep, without
from kit.data._columns import find_common, find_named, normalised, plain_name
from kit.data._dialect import DETECTED, TableFormat
from kit.data._feature_encoder import FeatureEncoder
from kit.data._frames import FrameTable
from kit.data._ids import stripped
from kit.data._matching import difference, match_notes
from kit.data._numbers import is_coded, numbers_note, read_numbers
from kit.data._read import ids_of
from kit.data._table_formats import open_table
from kit.errors import UserError

_ROW = "kit row"  # no name a table would use
_TITLES = (
    "title",
    "itemtitle",
    "movietitle",
    "producttitle",
    "name",
    "itemname",
    "productname",
    "description",
    "productdescription",
    "headline",
)


@dataclass(frozen=True)
class Features:
    """A table of features of items or users.

    Args:
        table: `{role}_id` (String, unique, not null) and the other columns: text, finite numbers
            or booleans.
        cleaning: what was dropped.
        notes: lines on how cells were read and how much of the log has a row.
    """

    table: pl.DataFrame
    cleaning: list[CleaningStep]
    notes: list[str]


def read_features(
    path: Path | FrameTable,
    role: str,
    *,
    named: str | None,
    in_interactions: str,
    known: pl.Series | None,
    kinds: Mapping[str, str] | None = None,
    format: TableFormat = DETECTED,
) -> Features:
    """Read the features of items or users.

    Args:
        path: the file, or a table in memory.
        role: "item" or "user".
        named: the id column the user named for the interactions, if he did.
        in_interactions: the id column of the interactions.
        known: the different ids of the interactions, one of which has to be there; or None.
        kinds: columns that are "number" or "text" to a model, whatever their cells look like.
        format: how a text table is written, where its content does not show it.

    Raises:
        UserError: no id column, an id with two different rows, no id that occurs in the
            interactions, or too many cells of a number that are none.
    """
    table = open_table(path, format.of_features())
    column = id_column(table.columns, role, named, in_interactions, where=str(path))
    raw = table.read(table.columns)
    found = ids_of(table, raw[column], column)
    key = f"{role}_id"
    rest = raw.drop(column)
    rest = rest.rename({name: _feature_name(name, key) for name in rest.columns})
    ids = found.text.cast(pl.String).alias(key)
    rows = rest.with_columns(ids).with_row_index(_ROW, table.first_row)
    rows = rows.filter(pl.col(key).is_not_null())
    steps = [
        CleaningStep(without(role, found.markers, path.name), len(raw) - len(rows), of_log=False)
    ]
    unique = _one_row_each(rows, key)
    steps.append(
        CleaningStep(f"repeated rows of {path.name}", len(rows) - len(unique), of_log=False)
    )
    again = unique[key].is_duplicated()
    if again.any():
        id_ = unique[key].filter(again)[0]
        twice = rows.filter(pl.col(key) == id_)
        more = len(unique) - unique[key].n_unique()
        raise UserError(
            f"The {role} '{id_}' has more than one row ({more} rows too many).",
            where=f"{path}, column {plain_name(column)}, row {twice[_ROW][1]}",
            expected=f"one row for each {role}",
            remedy="Keep one row of each.",
        )
    notes = []
    if known is not None:
        if not known.is_in(unique[key].implode()).any():
            cause = difference(known, unique[key])
            raise UserError(
                f"No {role} of the file occurs in the interactions.",
                where=f"{path}, column {plain_name(column)}",
                expected=f"ids like '{known[0]}', found ids like '{unique[key][0]}'"
                if len(unique)
                else "ids",
                remedy=f"Write them as in the interactions; they differ in {cause}."
                if cause
                else f"Is it the right column? It is found by name or given by --{role}-column.",
            )
        notes += match_notes(role, known, unique[key], path.name)

    def locate(row: int) -> str:
        return f"{path.name}, row {unique[_ROW][row]}"

    kinds = kinds or {}
    features = [_plain(unique[name], kinds.get(name), locate, notes) for name in rest.columns]
    return Features(
        pl.DataFrame([unique[key], *features]), [step for step in steps if step.rows], notes
    )


def title_column(items: pl.DataFrame | None) -> str | None:
    """The column that names an item to a person, or None.

    Example:

    >>> title_column(pl.DataFrame({"item_id": ["1"], "movie_title": ["Heat"], "year": [1995]}))
    'movie_title'
    """
    if items is None:
        return None
    of_name = {
        normalised(column): column for column in items.columns if items[column].dtype == pl.String
    }
    return next((of_name[name] for name in _TITLES if name in of_name), None)


def id_column(
    header: tuple[str, ...], role: str, named: str | None, in_interactions: str, *, where: str
) -> str:
    """The column of ids: as it was named, as in the interactions, or by a common name."""
    for wanted in (named, in_interactions):
        for column in header:
            if wanted and normalised(wanted) == normalised(column):
                return column
    found = find_common(role, header, where=where)
    found = found or next((column for column in header if normalised(column) == "id"), None)
    return found or find_named(
        in_interactions, header, option=f"the name of the {role} column", where=where
    )


def _feature_name(column: str, key: str) -> str:
    name = plain_name(column)
    return f"{name}_feature" if name == key else name


def _one_row_each(rows: pl.DataFrame, key: str) -> pl.DataFrame:
    """Without rows that say again what an earlier one says."""
    repeated = rows[key].is_duplicated()
    if not repeated.any():
        return rows
    some = rows.filter(repeated)
    plain = some.drop(_ROW).with_columns(selectors.nested().cast(pl.String))
    first = plain.select(pl.struct(pl.all()).is_first_distinct()).to_series()
    return pl.concat([rows.filter(~repeated), some.filter(first)]).sort(_ROW)


def _plain(
    values: pl.Series, kind: str | None, locate: Callable[[int], str], notes: list[str]
) -> pl.Series:
    """A feature as text, numbers or booleans: lists as words, times as seconds since 1970."""
    if isinstance(values.dtype, pl.List) and not values.dtype.inner.is_nested():
        words = pl.col(values.name).list.eval(pl.element().cast(pl.String)).list.join(" ")
        return values.to_frame().select(words).to_series()
    if values.dtype in (pl.Date, pl.Datetime):
        return values.dt.epoch("s").cast(pl.Int64)
    if values.dtype == pl.Boolean:
        return values
    text = None if values.dtype.is_numeric() else values.cast(pl.String)
    numbers = values if text is None else _numbers(text, kind, locate, notes)
    if not numbers.dtype.is_float():
        return numbers
    endless = numbers.is_infinite().fill_null(False)
    if endless.any():
        row = int(endless.arg_max() or 0)
        notes.append(
            f"{values.name}: {int(endless.sum()):,} numbers are not finite and read as missing, "
            f"the first in {locate(row)}"
        )
    return numbers.fill_nan(None).set(endless, None)


def _numbers(
    text: pl.Series, kind: str | None, locate: Callable[[int], str], notes: list[str]
) -> pl.Series:
    """Text as numbers if it is a column of numbers; "007" and "02139" are not but codes."""
    if kind == "text":
        return text
    cells = stripped(text)
    read = read_numbers(cells)
    first = int((read.odd & ~read.words).arg_max() or 0)
    if not read.is_column():
        if kind == "number" and read.odd.any():
            raise UserError(
                f"Column {text.name} is a number to the model, and '{cells[first]}' is none.",
                where=locate(first),
                expected="numbers; empty cells are missing values",
                remedy="Correct the value, or leave the column out.",
            )
        if read.values.count() >= int(read.odd.sum()) > 0:
            notes.append(
                f"{text.name}: read as text, for {int(read.odd.sum()):,} of {cells.count():,} "
                f"cells are not a number, the first '{cells[first]}' in {locate(first)}"
            )
        return text if kind is None else read.values
    if kind is None and is_coded(cells.filter(read.values.is_not_null())):
        return text
    notes += numbers_note(text.name, cells, read, locate)
    exact = cells.cast(pl.Int64, strict=False)
    if exact.count() == read.values.count():
        return exact
    is_whole = (read.values == read.values.floor()).all() and read.values.is_finite().all()
    has_decimals = cells.str.contains(read.decimal, literal=True) & read.values.is_not_null()
    return read.values.cast(pl.Int64) if is_whole and not has_decimals.any() else read.values


def read_new_items(
    path: Path,
    encoder: FeatureEncoder,
    *,
    item_column: str | None = None,
    completed: Callable[[pl.DataFrame], pl.DataFrame] = lambda table: table,
    contents: Sequence[str] = (),
    format: TableFormat = DETECTED,
) -> tuple[pl.DataFrame, list[CleaningStep], list[str]]:
    """Read items to be embedded from their features.

    Args:
        path: the file.
        encoder: of the model's item features; columns of it that the file lacks are null.
        item_column: the id column, if it is not to be found by name.
        completed: adds columns that the model knows and the file cannot have.
        contents: columns of images and texts that the model reads; likewise null.
        format: how a text table is written, where its content does not show it.

    Returns:
        `item_id` (String, unique, not null) and the other columns; what was dropped; and lines on
        how cells were read.

    Raises:
        UserError: no id column, an id twice, no row, no column the model knows, or text where
            the model expects numbers.
    """
    kinds = {name: "number" for name, _, _ in encoder.numbers}
    kinds |= dict.fromkeys([*encoder.text, *contents], "text")
    found = read_features(
        path,
        "item",
        named=item_column,
        in_interactions="item_id",
        known=None,
        kinds=kinds,
        format=format,
    )
    table = completed(found.table)
    known = [*encoder.text, *(name for name, _, _ in encoder.numbers), *contents]
    if not set(known) & set(table.columns):
        raise UserError(
            "The file has none of the features the model embeds items from.",
            where=f"{path}, columns {', '.join(table.columns[1:])}",
            expected=f"some of: {', '.join(known)}",
            remedy="Name the columns as in the --items file the model was trained with.",
        )
    for name, _, _ in encoder.numbers:
        if name in table.columns and not table[name].dtype.is_numeric():
            raise UserError(
                f"Column {name} is a number to the model and holds something else.",
                where=f"{path}, column {name}",
                expected="numbers",
                remedy="Correct the values, or leave the column out.",
            )
    names = dict.fromkeys([*encoder.text, *contents])
    texts = [pl.lit(None, pl.String).alias(name) for name in names]
    numbers = [pl.lit(None, pl.Float64).alias(name) for name, _, _ in encoder.numbers]
    lacking = [null for null in texts + numbers if null.meta.output_name() not in table.columns]
    return table.with_columns(lacking), found.cleaning, found.notes

"""A schema from the values of a table."""

import re

import polars as pl

from kit.data._columns import find_common
from kit.data._numbers import is_coded, read_numbers
from kit.data.table._schema import SEPARATOR, Feature, Kind, Locate, Schema, text, typed

FEW_VALUES = 20
FEWEST_ROWS = 20  # below, a column of different values may be so by chance
MANY_TEXTS, WORDS_OF_TEXT = 50, 3
SHARE_OF_LISTS = 0.1
SHARED_VALUES = 0.5
MOSTLY_NUMBERS, OWN_VALUES = 0.5, 0.9
_ID = re.compile(r"(^|[\W_])(?i:id|uuid|guid)s?$|[a-z](ID|Id)s?$")
_DATE = r"^\d{4}-\d\d-\d\d"


def infer_schema(rows: pl.DataFrame, locate: Locate = lambda row: f"row {row + 1}") -> Schema:
    """The kinds of a table's columns, by their names and values.

    A column is left out where it cannot tell rows apart (one value) or tells all of them apart (a
    value of its own for every row). A list whose values are those of an id shares its table.

    Args:
        rows: the columns that may be features, as read.
        locate: names the place of a row, for notes.

    Example:

    >>> rows = pl.DataFrame({"user_id": ["7", "8", "7"], "tags": ["a|b", "c", "b"], "one": 1})
    >>> print(infer_schema(rows).as_json())
    {
      "features": [
        {"name": "user_id", "kind": "id"},
        {"name": "tags", "kind": "list"}
      ],
      "left_out": {
        "one": "one value in all rows"
      }
    }
    """
    features: list[Feature] = []
    left_out: dict[str, str] = {}
    notes: list[str] = []
    for column in rows.iter_columns():
        found = _kind_of(column)
        if isinstance(found, Feature):
            features.append(found)
            notes += _doubts(column, found.kind, locate)
        else:
            left_out[column.name] = found
    shared = [_sharing(rows, feature, features) for feature in features]
    return Schema(tuple(shared), left_out, tuple(notes))


def is_id_name(name: str) -> bool:
    """Whether a column is an id by its name.

    Example:

    >>> [is_id_name(name) for name in ("campaign_id", "adId", "movie", "paid", "liquid")]
    [True, True, True, False, False]
    """
    roles = [find_common(role, [name], where="") for role in ("user", "item")]
    return any(roles) or bool(_ID.search(name))


def _kind_of(column: pl.Series) -> Feature | str:
    """The feature, or why it is none."""
    if isinstance(column.dtype, pl.List):
        return Feature(column.name, "list")
    if column.dtype in (pl.Date, pl.Datetime):
        return Feature(column.name, "number")
    if column.dtype.is_nested() or column.dtype in (pl.Time, pl.Duration, pl.Object):
        return f"values of type {column.dtype} are not understood"
    cells = text(column)
    known = cells.drop_nulls()
    different = known.n_unique()
    if not different:
        return "no value in any row"
    if different == 1 and not cells.null_count():
        return "one value in all rows"
    kind, decimal = _kind_of_cells(column, known, different)
    own = different == len(known) >= FEWEST_ROWS
    if own and kind in ("id", "category"):
        return "a value of its own in every row"
    if kind == "category" and known.str.contains(_DATE).all():
        return "dates; --time-column names the one to split by"
    return Feature(column.name, kind, decimal=decimal)


def _doubts(column: pl.Series, kind: Kind, locate: Locate) -> list[str]:
    """Lines where a category or a text may not be what the column means."""
    if kind not in ("category", "text") or column.dtype == pl.Boolean:
        return []
    cells = text(column)
    known, different = cells.count(), cells.drop_nulls().n_unique()
    numbers = read_numbers(cells) if different > FEW_VALUES else None
    if numbers is not None and numbers.odd.any():
        odd = int(numbers.odd.sum())
        if numbers.values.count() >= MOSTLY_NUMBERS * known:
            row = int(numbers.odd.arg_max() or 0)
            return [
                f"warning: {column.name}: read as a {kind}, for {odd:,} of {known:,} cells are not "
                f"a number, the first '{cells[row]}' in {locate(row)}"
            ]
    if kind == "category" and known >= FEWEST_ROWS and different >= OWN_VALUES * known:
        return [
            f"warning: {column.name}: read as a category, though {different:,} of its {known:,} "
            f"values are different; --ignore {column.name} leaves it out"
        ]
    return []


def _kind_of_cells(column: pl.Series, known: pl.Series, different: int) -> tuple[Kind, str | None]:
    """The kind, and the decimal sign of numbers where it is not the point."""
    is_id = is_id_name(column.name)
    if column.dtype == pl.Boolean:
        return "category", None
    if known.str.starts_with("[").all() and known.str.ends_with("]").all():
        return "list", None
    numbers = read_numbers(known)
    if numbers.is_column():
        values = numbers.values.drop_nulls()
        whole = bool((values == values.floor()).all())
        if is_id and whole:
            return "id", None
        coded = is_coded(known.filter(numbers.values.is_not_null()))
        if coded or (whole and different <= FEW_VALUES):
            return "category", None
        return "number", "," if numbers.decimal == "," else None
    return _kind_of_text(known, different, is_id), None


def _kind_of_text(known: pl.Series, different: int, is_id: bool) -> Kind:
    if known.str.contains(SEPARATOR, literal=True).mean() >= SHARE_OF_LISTS:  # type: ignore[operator]
        parts = known.str.split(SEPARATOR).explode()
        if parts.n_unique() <= different:
            return "list"
    if is_id:
        return "id"
    words = known.str.count_matches(r"[\p{L}\p{N}]+").mean()
    many = different > MANY_TEXTS and isinstance(words, float) and words >= WORDS_OF_TEXT
    return "text" if many else "category"


def _sharing(rows: pl.DataFrame, feature: Feature, features: list[Feature]) -> Feature:
    """A list with the values of an id shares its table."""
    if feature.kind != "list":
        return feature
    listed = typed(rows[feature.name], "list", str)[0].explode().drop_nulls().unique()
    for other in features:
        if other.kind == "id" and len(listed):
            values = text(rows[other.name]).drop_nulls().unique()
            if listed.is_in(values.implode()).mean() >= SHARED_VALUES:  # type: ignore[operator]
                return Feature(feature.name, "list", table=other.name)
    return feature

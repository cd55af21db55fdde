"""What a cell of any file means before its column has a kind: where it ends, and "no value"."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import polars as pl

from kit.data._cells import BadCells
from kit.errors import UserError

# ASCII whitespace, the spaces of Unicode (U+00A0 comes from web pages and spreadsheets), and
# characters without width, such as the byte order mark at the start of a file.
BLANKS = (
    " \t\n\v\f\r\x85\xa0\u1680\u180e\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009"
    "\u200a\u2028\u2029\u202f\u205f\u3000\u200b\u200c\u200d\u200e\u200f\u2060\ufeff"
)
"""Characters that are stripped from both ends of a cell."""
# What databases, languages and spreadsheets write where there is no value; in lower case.
MISSING = (
    *("na", "n/a", "n.a.", "nan", "null", "none", "nil", "nat", "undefined"),
    *("<na>", "<null>", "<none>", "(null)", "(none)", "(empty)", "\\n", "?", "-", "--", "."),
    *("#n/a", "#na", "#null!", "#value!", "#ref!", "#div/0!", "#num!", "#name?"),
)
_LONGEST = max(map(len, MISSING))


def clean_id(value: str) -> str:
    """An id as people ask for it, without blanks at its ends, as it is read from files.

    Example:

    >>> clean_id(" 85123A\\xa0")
    '85123A'
    """
    return value.strip(BLANKS)


def stripped(values: pl.Series) -> pl.Series:
    """Text without blanks at its ends; empty text is null."""
    text = values.str.strip_chars(BLANKS)
    return text.set(text == "", None)


def is_missing(text: pl.Series) -> pl.Series:
    """Which cells of stripped text hold no value: null or a marker such as NULL, NA, nan, \\N."""
    short = (text.str.len_chars() <= _LONGEST).fill_null(False)
    found = text.is_null()
    if short.any():
        # Markers are short: most columns have no cell that has to be compared.
        found = found | text.set(~short, None).str.to_lowercase().is_in(MISSING).fill_null(False)
    return found


INTEGERS, TEXT = "integers", "text"
_WHOLE = r"^-?\d+$"
_WHOLE_OR_FLOAT = r"^-?\d+(\.0+)?$"
# A stray quote that swallows rows leaves separators behind a line break.
_SWALLOWED_ROWS = r"[\r\n][\s\S]*[\t,;|]"


@dataclass(frozen=True)
class Ids:
    """One column of ids.

    Args:
        text: Categorical; null where the source has no id.
        form: what they were: 'integer', 'string', or of a text file 'text'; "" if all are missing.
        where: file and column, for errors.
        markers: what the source wrote for "no id" (NULL, NA, ...), each as often as it does.
    """

    text: pl.Series
    form: str
    where: str
    markers: dict[str, int] = field(default_factory=dict)


def to_ids(
    values: pl.Series | Sequence[pl.Series],
    *,
    where: str,
    first_row: int,
    typed: bool,
    kind: str | None = None,
) -> Ids:
    """Ids as text without blanks at their ends; integers and whole floats as integer text.

    Text of which every id is a whole number, some written as 17850.0, is integer text too. An
    empty id and what stands for "no value" (`kit.data._ids.MISSING`) are null.

    Args:
        values: the column as read, or `encoded` parts of it.
        where: file and column, for errors.
        first_row: the number a person gives to the first row.
        typed: whether the source tells integers from strings.
        kind: 'integer' or 'string' where the file had to be asked.

    Raises:
        UserError: a type that cannot be an id, a fraction, a line break, or numbers in two forms.
    """
    if isinstance(values, pl.Series):
        values = [encoded(values, where=where, first_row=first_row)]
    is_integer = values[0].name == INTEGERS
    column = values[0] if len(values) == 1 else pl.concat([part.alias("") for part in values])
    if is_integer:
        return Ids(column, "integer", where)
    # Ids repeat: what a cell means is found once for each different text.
    distinct = column.unique()
    raw = distinct.cast(pl.String)
    words = stripped(raw)
    missing = is_missing(words)
    is_marker = missing & words.is_not_null()
    counts: dict[str, int] = {}
    if is_marker.any():
        rows = column.filter(column.is_in(distinct.filter(is_marker).implode()))
        of_marker = stripped(rows.cast(pl.String)).value_counts(sort=True)
        counts = dict(of_marker.iter_rows())
    words = words.set(missing, None)

    def row_of(word: str) -> int:
        spelled = distinct.filter(words == word)
        return int(column.is_in(spelled.implode()).arg_max() or 0) + first_row

    refuse_swallowed_rows(words, row_of, where)
    found = one_form(words, row_of, where)
    if not found.equals(raw, null_equal=True):
        column = _recoded(column, distinct, found)
    form = kind or "string" if typed else "text"
    return Ids(column, form if found.count() else "", where, counts)


def encoded(values: pl.Series, *, where: str, first_row: int) -> pl.Series:
    """A column of ids, or a part of one, as Categorical: four bytes a row, each text kept once.

    Raises:
        UserError: a type that cannot be an id, or a fraction.
    """
    dtype = values.dtype
    name = TEXT
    if dtype.is_integer():
        values, name = values.cast(pl.String), INTEGERS
    elif dtype.is_float() or dtype.is_decimal():
        values, name = _whole_numbers(values, where=where, first_row=first_row), INTEGERS
    elif dtype == pl.Binary or dtype in (pl.Categorical, pl.Enum, pl.Null):
        values = values.cast(pl.String)
    elif dtype != pl.String:
        raise UserError(
            f"Values of type {dtype} cannot be ids.",
            where=where,
            expected="strings or integers",
            remedy="Name another column with --user-column or --item-column, or convert this one.",
        )
    return values.cast(pl.Categorical).alias(name)


def check_same_form(first: Ids, other: Ids) -> None:
    """Ids of two files of one source have to be of one form, or 1 and "1" would be two things."""
    if {first.form, other.form} == {"integer", "string"}:
        raise UserError(
            f"Ids of mixed type: {other.form}s here, {first.form}s in {first.where}.",
            where=other.where,
            expected="the same type of id in all files",
            remedy="Write the ids of all files the same way.",
        )


def _whole_numbers(values: pl.Series, *, where: str, first_row: int) -> pl.Series:
    # NaN is how pandas writes a missing id in a column of numbers.
    numbers = values.fill_nan(None) if values.dtype.is_float() else values
    whole = numbers.cast(pl.Int64, strict=False)
    bad = (numbers.is_not_null() & (whole.is_null() | (whole != numbers))).arg_true()
    if len(bad):
        raise BadCells(
            f"The id {values[bad[0]]} is not a whole number below 2^63",
            bad.to_list(),
            place=where,
            first_row=first_row,
            expected="strings or whole numbers",
            remedy="Name another column, or write the ids as strings.",
            is_counted=False,
        )
    return whole.cast(pl.String)


def refuse_swallowed_rows(words: pl.Series, row_of: Callable[[str], int], where: str) -> None:
    broken = words.filter(words.str.contains(_SWALLOWED_ROWS))
    if len(broken):
        rows = sorted((row_of(word), word) for word in broken.head(1000))
        row, word = rows[0]
        start = word.splitlines()[0][:40]
        raise UserError(
            f"An id holds a line break: it begins with '{start}' and has {len(word):,} characters.",
            where=f"{where}, row {row}",
            expected="ids in one line; a quote that is never closed swallows the rows after it",
            remedy="Close or remove the quote, or write the table as Parquet.",
        )


def one_form(words: pl.Series, row_of: Callable[[str], int], where: str) -> pl.Series:
    """Whole floats as integers where every id is a whole number."""
    floats = words.str.ends_with("0") & words.str.contains(".0", literal=True)
    if not floats.any():
        return words
    floats = floats & words.str.contains(_WHOLE_OR_FLOAT)
    if not floats.any():
        return words
    if words.str.contains(_WHOLE_OR_FLOAT).all():
        return words.str.replace(r"\.0+$", "")
    whole = words.filter(words.str.contains(_WHOLE))
    both = whole.filter(whole.is_in(words.filter(floats).str.replace(r"\.0+$", "").implode()))
    if not len(both):
        return words
    one = str(both[0])
    other = words.filter(floats & (words.str.replace(r"\.0+$", "") == one))[0]
    raise UserError(
        f"Ids of mixed type: '{one}' (row {row_of(one)}) and '{other}' (row {row_of(other)}).",
        where=where,
        expected="numbers with or without '.0', not both",
        remedy="Write all ids the same way, for example without '.0'.",
    )


def _recoded(column: pl.Series, distinct: pl.Series, found: pl.Series) -> pl.Series:
    """The column with `found` in place of `distinct`."""
    codes, known = column.to_physical(), distinct.to_physical()
    # The code of null, which has none, is one more than the largest.
    missing = int(known.drop_nulls().to_numpy().max(initial=0)) + 1
    places = np.zeros(missing + 1, np.uint32)
    places[known.fill_null(missing).to_numpy()] = np.arange(len(distinct), dtype=np.uint32)
    rows = places[codes.fill_null(missing).to_numpy()]
    return found.cast(pl.Categorical).gather(rows)

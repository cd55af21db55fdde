"""Read columns of numbers, among them the weights of interactions.

A column is read in one way. Where its cells say which sign is the decimal one (`1,234.5`, `12,5`,
`0.5`), that holds for all of them. `1.234` alone is what programs write, 1.234. `1,234` alone is
read as 1234 and said to be so.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import polars as pl

from kit.data._cells import BadCells
from kit.data._ids import is_missing, stripped
from kit.errors import UserError

# Words for "no number" that might be values of a category: always said, never too many.
NO_NUMBER = ("unknown", "missing", "not available", "not applicable", "unbekannt", "inconnu", "tbd")
MOST_ODD, MOST_VARIED, FEW = 0.05, 0.01, 5
_INFINITE = r"^[+-]?(?i:inf|infinity)$"
_CODES = "USD|EUR|GBP|CHF|JPY|CNY|INR|BRL|CAD|AUD|NZD|SEK|NOK|DKK|PLN|CZK|RUB|TRY|KRW|MXN|ZAR"
_CURRENCY = rf"(?:(?:[A-Z]{{1,3}})?\p{{Sc}}|{_CODES})"
_MINUS = r"[+\-\x{2212}\x{2013}]"
_SPACE = r"[ \x{a0}\x{202f}\x{2009}]"
_CELL = (
    rf"^(?P<open>\()?(?P<sign>{_MINUS})?{_SPACE}*(?P<before>{_CURRENCY})?{_SPACE}*"
    rf"(?P<inner>{_MINUS})?(?P<body>[\d.,'\x{{2019}} \x{{a0}}\x{{202f}}\x{{2009}}]*\d[.,]?)"
    rf"(?P<exponent>[eE][+\-\x{{2212}}]?\d+)?{_SPACE}*(?P<after>%|{_CURRENCY})?(?P<close>\))?$"
)
_GROUPED = r"^\d{1,3}(?:['\x{2019} \x{a0}\x{202f}\x{2009}]\d{3})+(?:[.,]\d+)?$"
_GROUP = r"['\x{2019} \x{a0}\x{202f}\x{2009}]"
_READABLE = {
    ".": r"^(\d+\.?\d*|\.\d+)$|^[1-9]\d{0,2}(,\d{2,3})*,\d{3}(\.\d*)?$",
    ",": r"^(\d+,?\d*|,\d+)$|^[1-9]\d{0,2}(\.\d{3})+(,\d*)?$",
}


@dataclass(frozen=True)
class Numbers:
    """A column of text as numbers.

    Args:
        values: Float64; null where a cell is missing or no number.
        odd: cells that are neither a number nor missing.
        words: those of `odd` that say "no number", such as "unknown".
        decimal: the decimal sign, "." or ",".
        is_guessed: whether `1,234` might as well be 1.234, for nothing in the column tells.
        different: how many different ones the odd cells are that are no `words`.
        counted: rows with numbers and rows with odd cells that are no `words`, where this is a part
            of a longer column.
    """

    values: pl.Series
    odd: pl.Series
    words: pl.Series
    decimal: str = "."
    is_guessed: bool = False
    different: int = 0
    counted: tuple[int, int] | None = None

    def is_column(self) -> bool:
        """Whether it is a column of numbers, for all but a few of its cells.

        These are fewer than 5 % and either few different ones, as "unknown" or "x" are, or fewer
        than 1 %.
        """
        numbers, strange = self.counted or (
            self.values.count(),
            int((self.odd & ~self.words).sum()),
        )
        if not numbers:
            return False
        share = strange / (numbers + strange)
        most = MOST_ODD if self.different <= FEW else MOST_VARIED
        return not strange or share < most


def read_numbers(
    cells: pl.Series, decimal: str | None = None, whole: pl.DataFrame | None = None
) -> Numbers:
    """Numbers of stripped text.

    Args:
        cells: String, without blanks at the ends; null where empty.
        decimal: the decimal sign, "." or ","; None finds it.
        whole: of a longer column of which this is a part, the different cells and in how many rows
            each stands: cell, rows. They decide how all of it is read.

    Example:

    >>> read_numbers(pl.Series(["$1,234.50", "($2)", "NA", "1.5e3"])).values.to_list()
    [1234.5, -2.0, None, 1500.0]
    >>> found = read_numbers(pl.Series(["12,5", "1.234", "x"]))
    >>> found.values.to_list(), found.odd.to_list(), found.decimal
    ([12.5, 1234.0, None], [False, False, True], ',')
    """
    missing = is_missing(cells)
    plain = cells.cast(pl.Float64, strict=False).set(missing, None)
    failing = plain.is_null() & ~missing
    if not failing.any() and decimal != "," and whole is None:
        none = pl.repeat(False, len(cells), eager=True)
        return Numbers(plain, none, none)
    counts = cells.set(missing, None).drop_nulls().value_counts(name="rows")
    counts.columns = ["cell", "rows"]
    if whole is not None:
        own = counts.join(whole, on="cell", how="anti").with_columns(rows=pl.lit(0, pl.UInt32))
        counts = pl.concat([whole.cast({"rows": pl.UInt32}), own])
    parsed, decimal, is_guessed = _parsed(counts, decimal)
    lowered = parsed["cell"].str.to_lowercase()
    parsed = parsed.with_columns(
        odd=parsed["value"].is_null(),
        word=parsed["value"].is_null() & lowered.is_in(NO_NUMBER),
        rows=counts["rows"],
    )
    is_strange = parsed["odd"] & ~parsed["word"]
    counted = None
    if whole is not None:
        counted = (
            int(parsed["rows"].filter(~parsed["odd"]).sum()),
            int(parsed["rows"].filter(is_strange).sum()),
        )
    rows = (
        cells.alias("cell")
        .to_frame()
        .join(
            parsed.select("cell", "value", "odd", "word"),
            on="cell",
            how="left",
            maintain_order="left",
        )
    )
    return Numbers(
        rows["value"].alias(cells.name),
        rows["odd"].fill_null(False),
        rows["word"].fill_null(False),
        decimal,
        is_guessed,
        int(is_strange.sum()),
        counted,
    )


def is_coded(cells: pl.Series) -> bool:
    """Whether numbers are codes: "007", "02139". One in a hundred of any length is a slip."""
    padded = cells.str.contains(r"^0\d")
    if not padded.any():
        return False
    lengths = cells.str.len_chars()
    return lengths.n_unique() == 1 or int(padded.sum()) >= MOST_VARIED * len(cells)


def numbers_note(
    name: str, cells: pl.Series, numbers: Numbers, locate: Callable[[int], str]
) -> list[str]:
    """What a person should know of how a column was read: a line, or none.

    Args:
        name: of the column.
        cells: the text that was read.
        numbers: what became of it.
        locate: row -> file and row, as a person counts them.
    """
    notes = []
    if count := int(numbers.odd.sum()):
        row = int(numbers.odd.arg_max() or 0)
        known = numbers.values.count() + count
        notes.append(odd_note(name, count, known, cells[row], locate(row)))
    if numbers.is_guessed:
        row = int(cells.str.contains(",", literal=True).arg_max() or 0)
        notes.append(guess_note(name, cells[row], numbers.values[row]))
    return notes


def odd_note(name: str, count: int, known: int, cell: str, place: str) -> str:
    """The line of `numbers_note` on cells that are no numbers, of which this is the first."""
    return (
        f"{name}: {count:,} of {known:,} cells {'is' if count == 1 else 'are'} not a number "
        f"and read as missing, the first '{cell}' in {place}"
    )


def guess_note(name: str, cell: str, value: float) -> str:
    """The line of `numbers_note` on a comma that may be the decimal sign."""
    return (
        f"{name}: cells such as '{cell}' are read as {value:,.0f}, not "
        f"{cell.replace(',', '.')}; if the comma is the decimal sign, write a point"
    )


def endless_note(name: str, count: int, place: str) -> str:
    """The line on weights that are not finite."""
    return f"{name}: {count:,} weights are not finite and read as missing, the first in {place}"


def _parsed(counts: pl.DataFrame, decimal: str | None) -> tuple[pl.DataFrame, str, bool]:
    """Different cells and their numbers, the decimal sign, and whether that is guessed."""
    parts = counts["cell"].str.extract_groups(_CELL).struct.unnest()
    frame = (
        counts.hstack(parts)
        .with_columns(
            currency=pl.coalesce("before", pl.col("after").replace("%", None)),
            is_spaced=pl.col("body").str.contains(_GROUP),
            is_closed=pl.col("open").is_null() == pl.col("close").is_null(),
            is_signed_once=pl.col("sign").is_null() | pl.col("inner").is_null(),
            has_one_unit=pl.col("before").is_null() | pl.col("after").is_null(),
        )
        .with_columns(
            body=pl.when(
                pl.col("is_closed")
                & pl.col("is_signed_once")
                & pl.col("has_one_unit")
                & (~pl.col("is_spaced") | pl.col("body").str.contains(_GROUPED))
            ).then(pl.col("body").str.replace_all(_GROUP, ""))
        )
    )
    readable = {sign: frame["body"].str.contains(form) for sign, form in _READABLE.items()}
    # Behind groups of spaces a sign is the decimal one: "1 234,567".
    has_sign = {sign: frame["body"].str.contains(sign, literal=True) for sign in _READABLE}
    for sign, other in ((".", ","), (",", ".")):
        readable[sign] = readable[sign] & ~(frame["is_spaced"] & has_sign[other])
    is_guessed = False
    if decimal is None:
        decimal, is_guessed = _decimal_of(frame["rows"], readable, has_sign)
    other = "," if decimal == "." else "."
    digits = frame["body"].str.replace_all(other, "", literal=True)
    digits = digits.str.replace(decimal, ".", literal=True)
    power = frame["exponent"].fill_null("").str.replace("\N{MINUS SIGN}", "-", literal=True)
    values = (digits + power).cast(pl.Float64, strict=False)
    is_negative = frame["open"].is_not_null()
    for sign in ("sign", "inner"):
        is_negative = is_negative | (frame[sign].is_not_null() & (frame[sign] != "+"))
    values = values.zip_with(~is_negative.fill_null(False), -values)
    infinite = frame["cell"].str.contains(_INFINITE)
    if infinite.any():
        values = values.zip_with(~infinite, frame["cell"].cast(pl.Float64, strict=False))
    is_read = readable[decimal].fill_null(False) & _of_one_unit(frame) | infinite
    return frame.select("cell").with_columns(value=values.set(~is_read, None)), decimal, is_guessed


def _decimal_of(
    rows: pl.Series, readable: dict[str, pl.Series], has_sign: dict[str, pl.Series]
) -> tuple[str, bool]:
    """The decimal sign of a column, and whether it is a guess."""

    def count(mask: pl.Series) -> int:
        return int(rows.filter(mask.fill_null(False)).sum())

    point, comma = (count(readable[sign] & ~readable[other]) for sign, other in (".,", ",."))
    either = readable["."] & readable[","]
    # `1.234` is in doubt, too, but programs write numbers so: it speaks for the point.
    pointed = count(either & has_sign["."])
    if comma > point + pointed or (comma > point and not point and comma * 20 > pointed):
        return ",", False
    return ".", not point and count(either & has_sign[","]) > 0


def _of_one_unit(frame: pl.DataFrame) -> pl.Series:
    """Cells of the unit most cells have: one currency, or percent for all or for none."""
    numbers = frame.filter(pl.col("body").is_not_null())
    percent = frame["after"].fill_null("") == "%"
    in_percent = int(frame["rows"].filter(percent).sum())
    # Nothing is nothing, with or without the sign.
    is_zero = frame["cell"].str.contains(r"^[-+]?0*[.,]?0+$")
    right = percent | is_zero if 2 * in_percent > int(numbers["rows"].sum()) else ~percent
    units = numbers.filter(pl.col("currency").is_not_null())
    if units["currency"].n_unique() > 1:
        most = units.group_by("currency").agg(pl.col("rows").sum()).sort("rows", "currency")
        other = frame["currency"].is_not_null() & (frame["currency"] != most["currency"][-1])
        right = right & (~other | percent)
    return right


def to_weights(
    values: pl.Series,
    *,
    where: str,
    first_row: int,
    notes: list[str] | None = None,
    signed: bool = False,
    whole: pl.DataFrame | None = None,
) -> pl.Series:
    """Weights as Float64, none negative; what is missing or not finite is null.

    Args:
        values: the column as read.
        where: file and column, for errors.
        first_row: the number a person gives to the first row.
        notes: gets lines on how cells were read.
        signed: whether negative ones are allowed, which are left out later.
        whole: the cells of the longer column of which this is a part, see `read_numbers`.

    Raises:
        UserError: not a number in more than a few rows, or negative; names the row.

    Example:

    >>> to_weights(pl.Series(["4.5", ""]), where="a.csv, column rating", first_row=2).to_list()
    [4.5, None]
    """
    notes = [] if notes is None else notes
    name = where.rpartition("column ")[2]
    least = -math.inf if signed else 0.0

    def locate(row: int) -> str:
        return f"row {row + first_row}"

    if values.dtype == pl.String:
        cells = stripped(values)
        read = read_numbers(cells, whole=whole)
        weights = read.values
        bad = read.odd if not read.is_column() else weights < least
        notes += numbers_note(name, cells, read, locate)
    else:
        try:
            weights = values.cast(pl.Float64)
        except pl.exceptions.PolarsError:
            raise UserError(
                f"Values of type {values.dtype} are not weights.",
                where=where,
                expected="numbers",
                remedy="Name another column, or leave weights out with --weight-column ''.",
            ) from None
        bad = weights < least
    rows = bad.fill_null(False).arg_true()
    if len(rows):
        raise BadCells(
            f"The weight '{values[rows[0]]}' cannot be used",
            rows.to_list(),
            place=where,
            first_row=first_row,
            expected="numbers, zero or more",
            remedy="Leave out rows of low weight with --min-weight, name another column with "
            "--weight-column, or leave weights out with --weight-column ''.",
        )
    endless = (~weights.is_finite()).fill_null(False)
    if endless.any():
        row = int(endless.arg_max() or 0)
        notes.append(endless_note(name, int(endless.sum()), locate(row)))
        weights = weights.set(endless, None)
    return weights

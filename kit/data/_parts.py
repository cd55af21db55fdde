"""Names of the parts of a given split, for all kinds of data."""

from collections.abc import Callable, Iterable, Mapping, Sequence

import polars as pl

from kit.data._columns import normalised
from kit.errors import UserError

PARTS = TRAIN, VALID, TEST = "train", "valid", "test"
NAMES: Mapping[str, tuple[str, ...]] = {
    TRAIN: ("train", "training"),
    VALID: ("valid", "validation", "val", "dev", "development"),
    TEST: ("test", "testing", "eval", "evaluation"),
}
_PART_OF = {name: part for part, names in NAMES.items() for name in names}
# As `normalised` leaves them; one called SPLIT means nothing else.
SPLIT = ("split", "datasplit", "datasetsplit")
COLUMNS = (*SPLIT, "part", "subset", "partition", "set")
PART = pl.Enum(PARTS)
EXPECTED = "train, valid (validation, val, dev) or test (testing, eval)"


def part_of(name: str | None) -> str | None:
    """The part that a folder, a file without suffix or a value names, or None.

    Example:

    >>> part_of(" Validation "), part_of("cats")
    ('valid', None)
    """
    return _PART_OF.get((name or "").strip().lower())


def is_split(parts: Iterable[str | None]) -> bool:
    """Whether parts make a split: train and something to measure on."""
    found = set(parts)
    return TRAIN in found and bool(found & {VALID, TEST})


def empty_part(part: str, where: str) -> UserError:
    """The error of a given split with a folder, file or list for a part, and nothing in it."""
    return UserError(
        f"The {part} part is empty.",
        where=where,
        expected="one example or more in each part of a given split",
        remedy=f"Add examples to {part}, or remove what is named so.",
    )


def split_column(header: Sequence[str]) -> str | None:
    """The column whose name says that it may hold parts, the most telling first."""
    for name in COLUMNS:
        for column in header:
            if normalised(column) == name:
                return column
    return None


def parts_in(values: pl.Series, locate: Callable[[int], str]) -> pl.Series | None:
    """The part of each row.

    Args:
        values: of the column that `split_column` named.
        locate: names the place of a row, for errors.

    Returns:
        PART of each row; None where the column tells no split: it has one
        value, or values that are no parts and a name that may mean something else.

    Raises:
        UserError: a value is none of these, beside others that are.
    """
    cells = values.cast(pl.String).str.strip_chars()
    found = cells.unique()
    parts = {value: part_of(value) for value in found}
    strict = normalised(values.name) in SPLIT and len(found) > 1
    if not strict and TRAIN not in parts.values():
        return None
    if strange := [value for value, part in parts.items() if part is None]:
        row = next(row for row, cell in enumerate(cells) if cell in strange)
        value = cells[row]
        raise UserError(
            f"'{value}' names no part of a split." if value else "A row names no part of a split.",
            where=f"{locate(row)}, column {values.name}",
            expected=EXPECTED,
            remedy="Correct the value, or rename the column if it means something else.",
        )
    if len(set(parts.values())) < 2:
        return None
    if TRAIN not in parts.values():
        raise UserError(
            "The split has no train part.",
            where=f"{locate(0).rsplit(', row', 1)[0]}, column {values.name}",
            expected="rows of train beside those of valid or test",
            remedy="Add them, or rename the column if it means something else.",
        )
    return cells.replace_strict(list(parts), list(parts.values()), return_dtype=PART)

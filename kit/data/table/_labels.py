"""What a ranking model predicts, as 0 and 1."""

from collections.abc import Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from kit.data._columns import find_named, normalised
from kit.data._numbers import read_numbers
from kit.data.table._schema import Locate, text
from kit.errors import UserError

COMMON = ("label", "click", "clicked", "isclick", "target", "y", "conversion", "converted")
TRUE = ("1", "true", "yes", "y", "t")
FALSE = ("0", "-1", "false", "no", "n", "f")
MOST_SHOWN = 8


def find_labels(
    named: Sequence[str], header: Sequence[str], rows: pl.DataFrame, *, where: str
) -> list[str]:
    """The columns that are predicted.

    Args:
        named: as the user named them, each a column or several with commas; none finds one by
            common names (`label`, `click`, `target` ...).
        header: all columns.
        rows: their values, to say which could be a label.
        where: the source, for errors.

    Raises:
        UserError: no such column, one twice, or none found.
    """
    names: list[str] = []
    for name in named:
        names += [name] if name in header else [part.strip() for part in name.split(",")]
    found = [find_named(name, header, option="--label", where=where) for name in names]
    if twice := [name for name in found if found.count(name) > 1]:
        raise UserError(f"The label '{twice[0]}' is named twice.", where="--label")
    if found:
        return found
    common = [column for column in header if normalised(column) in COMMON]
    if len(common) == 1:
        return common
    two = [name for name in header if text(rows[name].head(10_000)).drop_nulls().n_unique() == 2]
    raise UserError(
        f"Several columns could be the label: {', '.join(common)}."
        if common
        else "No column is recognised as the label.",
        where=where,
        expected="a column of 0 and 1, yes and no, or two other values; of two values are here: "
        + (", ".join(two) or "none"),
        remedy="Name it: --label COLUMN. Interactions without a label need --negatives NUMBER.",
    )


def to_label(values: pl.Series, positive: str | None, locate: Locate) -> tuple[pl.Series, str]:
    """0.0 and 1.0, null where there is none; and which value is 1.

    Of two values that do not say which is the positive one, it is the rarer.

    Args:
        values: the column as read.
        positive: the value that counts as 1; all others are 0.
        locate: names the place of a row, for errors.

    Raises:
        UserError: one value only, more than two, or the positive one does not occur.

    Example:

    >>> to_label(pl.Series("income", ["<=50K", ">50K", "<=50K"]), None, str)[1]
    '>50K'
    """
    cells = _plain(values)
    name = values.name
    counts = cells.drop_nulls().value_counts(sort=True).sort("count", values.name, descending=True)
    found: list[str] = counts[name].to_list()
    shown = ", ".join(found[:MOST_SHOWN]) + (" ..." if len(found) > MOST_SHOWN else "")
    where = f"{locate(0).rsplit(', row', 1)[0]}, column {name}"
    if positive is not None:
        if positive not in found:
            raise UserError(
                f"No row of '{name}' has the value '{positive}'.",
                where=where,
                expected=f"one of: {shown}",
                remedy=f"Change --positive {name}=VALUE.",
            )
    elif len(found) > 2:
        raise UserError(
            f"The label '{name}' has {len(found):,} different values: {shown}.",
            where=where,
            expected="two, such as 0 and 1",
            remedy=f"Name the one to predict, the others being 0: --positive {name}=VALUE",
        )
    if not found:
        raise UserError(f"The label '{name}' is empty in every row.", where=where)
    if len(found) == 1:
        raise UserError(
            f"The label '{name}' has only one value: {found[0]}.",
            where=where,
            expected="rows of both classes",
            remedy="Is it the right column? If the rows are all positives (a log of what people "
            "took), leave --label out and give --negatives NUMBER.",
        )
    if positive is None:
        lowered = {value.lower(): value for value in found}
        known = [lowered[word] for word in TRUE if word in lowered]
        rest = [value for value in found if value.lower() in FALSE]
        positive = known[0] if len(known) == 1 and rest else found[-1]
    return (cells == positive).cast(pl.Float32), positive


def _plain(values: pl.Series) -> pl.Series:
    """As text; 1.0 and 1 are one value, "NaN" among numbers is missing."""
    if not values.dtype.is_numeric() and values.dtype != pl.Boolean:
        cells = text(values)
        numbers = read_numbers(cells)
        if numbers.odd.any() or not numbers.values.count():
            return cells
        values = numbers.values.alias(values.name)
    return text(values.cast(pl.Float64) if values.dtype.is_numeric() else values)


def check_classes(labels: NDArray[np.float32], names: Sequence[str], part: str) -> None:
    """There has to be a row of each class of each label, or nothing can be learned or measured.

    Args:
        labels: float32 [rows, labels], NaN where missing.
        names: of the labels.
        part: "train", "valid" or "test".

    Raises:
        UserError: a label has one class in the part.
    """
    for column, name in zip(labels.T, names, strict=True):
        known = column[~np.isnan(column)]
        ones = int(known.sum())
        if ones in (0, len(known)):
            raise UserError(
                f"The {part} part has only one class of '{name}': {ones:,} of {len(known):,} rows "
                "are positive.",
                where="--split",
                expected="rows of both classes in train, valid and test",
                remedy="Give more rows, another --split or another --seed.",
            )

"""What is dropped before anything is counted, and how many rows each step took."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from kit.errors import UserError

COMPARED_AT_ONCE = 1 << 23
SHOWN = 8
LARGE_SHARE, FAR_MORE = 0.05, 10  # of the rows, and times the mean
ROLE_OF = {"user_id": "user", "item_id": "item", "time": "time", "weight": "weight"}


@dataclass(frozen=True)
class CleaningStep:
    """One step of cleaning.

    Args:
        name: what was dropped, in words.
        rows: how many rows it dropped.
        of_log: whether they are rows of the interactions, not of a table beside them or cells.
    """

    name: str
    rows: int
    of_log: bool = True


def without(role: str, markers: Mapping[str, int], file: str = "") -> str:
    """What rows without a role are called, with what the source wrote there.

    Example:

    >>> without("user", {"NULL": 17, "NA": 3})
    'rows without user (NULL, NA)'
    """
    shown = [*list(markers)[:SHOWN], *(["..."] if len(markers) > SHOWN else [])]
    return (f"rows of {file} without {role}" if file else f"rows without {role}") + (
        f" ({', '.join(shown)})" if shown else ""
    )


def drop_incomplete(
    frame: pl.DataFrame,
    *,
    where: str,
    names: Mapping[str, str],
    markers: Mapping[str, Mapping[str, int]] | None = None,
) -> tuple[pl.DataFrame, list[CleaningStep]]:
    """Drop rows that lack a user, an item, a time or a weight, where there is such a column.

    Args:
        frame: columns user_id, item_id, maybe time and weight.
        where: the source, for errors.
        names: role -> the column's name in the source, for errors.
        markers: role -> what the source wrote for "no value", each as often as it does.

    Raises:
        UserError: a column is null in every row.
    """
    steps: list[CleaningStep] = []
    for column in (column for column in ROLE_OF if column in frame.columns):
        role = ROLE_OF[column]
        missing = frame[column].null_count()
        if not missing:
            continue
        kept = frame.filter(pl.col(column).is_not_null())
        if kept.is_empty():
            raise UserError(
                f"Column '{names.get(role, column)}' ({role}) is empty"
                + (" in every row." if not steps else " in every row that is left."),
                where=where,
                remedy=f"Name another column: --{role}-column NAME"
                + (
                    f", or leave {role} out: --{role}-column ''"
                    if role in ("time", "weight")
                    else ""
                ),
            )
        frame = kept
        steps.append(CleaningStep(without(role, (markers or {}).get(role, {})), missing))
    return frame, steps


def drop_users(
    frame: pl.DataFrame, user_ids: Collection[str], *, column: str = "user_id"
) -> tuple[pl.DataFrame, list[CleaningStep]]:
    """Drop the rows of some users.

    Args:
        frame: with a column of users.
        user_ids: who is left out; ids that have no rows do not matter.
        column: its name.
    """
    if not user_ids:
        return frame, []
    ids = pl.Series(sorted({*user_ids}), dtype=pl.String)
    kept = frame.filter(~pl.col(column).cast(pl.String).is_in(ids.implode()))
    return kept, [CleaningStep("of users to leave out", len(frame) - len(kept))]


def drop_light(
    frame: pl.DataFrame, least: float, *, where: str, names: Mapping[str, str]
) -> tuple[pl.DataFrame, list[CleaningStep]]:
    """Drop rows whose weight is smaller: a low rating is no interaction.

    Args:
        frame: user_id, item_id, weight.
        least: the smallest weight that stays.
        where: the source, for errors.
        names: role -> the column's name in the source.

    Raises:
        UserError: there are no weights, or all are smaller.
    """
    if "weight" not in frame.columns:
        raise UserError(
            "There is no weight for the least weight to be compared with.",
            where=f"--min-weight {least:g}, {where}",
            expected="a column of weights, such as rating",
            remedy="Name it: --weight-column NAME, or leave --min-weight out.",
        )
    kept = frame.filter(pl.col("weight") >= least)
    name, rows = names.get("weight", "weight"), len(frame) - len(kept)
    if kept.is_empty():
        raise UserError(
            f"No row has a weight of {least:g} or more.",
            where=f"--min-weight, column {name}, {where}",
            expected=f"at most {frame['weight'].to_numpy().max():g}, the largest weight",
            remedy="Give a smaller one.",
        )
    return kept, [CleaningStep(f"rows with {name} below {least:g}", rows)] if rows else []


def drop_duplicates(frame: pl.DataFrame) -> tuple[pl.DataFrame, list[CleaningStep]]:
    """Drop rows equal to an earlier row in all columns."""
    repeated = repeated_rows(frame)
    rows = int(repeated.sum())
    if not rows:
        return frame, []
    return frame.filter(~repeated), [CleaningStep("exact duplicate rows", rows)]


def repeated_rows(frame: pl.DataFrame) -> pl.Series:
    """Which rows equal an earlier one, as booleans."""
    repeated = np.zeros(len(frame), bool)
    hashes = frame.hash_rows()
    shares = -(-len(frame) // COMPARED_AT_ONCE)
    for share in range(shares):
        rows = (hashes % shares == share).arg_true()
        # Rows of one hash are few; only these are compared value by value.
        alike = rows.filter(hashes.gather(rows).is_duplicated())
        if len(alike):
            first = frame[alike].select(pl.struct(pl.all()).is_first_distinct()).to_series()
            repeated[alike.filter(~first).to_numpy()] = True
    return pl.Series(repeated)


def check_variety(frame: pl.DataFrame, *, where: str) -> None:
    """There have to be two users and two items."""
    for column in ("user_id", "item_id"):
        first = frame[column][0]
        if (frame[column] == first).all():
            role = ROLE_OF[column]
            raise UserError(
                f"There is only one {role}: '{first}', in all {len(frame):,} rows.",
                where=where,
                expected=f"at least two {role}s",
                remedy=f"Is it the right column? Name another: --{role}-column NAME",
            )


def dominant_user(users: pl.Series) -> list[str]:
    """A line where one user has far more rows than a person can have, as placeholders do.

    Args:
        users: Categorical, of every row.
    """
    rows = np.bincount(users.to_physical().to_numpy())
    most, count = int(rows.max()), int((rows > 0).sum())
    if most < LARGE_SHARE * len(users) or most * count < FAR_MORE * len(users):
        return []
    # The id is not printed: it may be somebody's.
    return [
        f"warning: one user has {most:,} of {len(users):,} rows "
        f"({100 * most / len(users):.1f} %): does the most frequent id stand for unknown users?"
    ]

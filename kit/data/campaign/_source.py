"""Open the table of a campaign: features, arm, outcome, maybe propensity."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import polars as pl

from kit.data._clean import CleaningStep
from kit.data._columns import (
    check_distinct,
    find_common,
    find_named,
    normalised,
    only_column,
)
from kit.data._dialect import DETECTED, TableFormat
from kit.data._frames import Tabular, path_or_frame
from kit.data._ids import is_missing
from kit.data._numbers import read_numbers
from kit.data._table_rows import TableRows, read_table
from kit.data._times import to_microseconds
from kit.data.table._labels import COMMON
from kit.data.table._schema import text
from kit.data.table._source import RankingColumns, RankingSource, filtered, open_ranking
from kit.errors import UserError

TREATMENT = ("treatment", "treated", "arm", "variant", "treatmentgroup", "exposure")
OUTCOME = ("outcome", "response", "visit", "visited", "purchase", "purchased", *COMMON)
CONTROL = ("control", "controlgroup", "none", "nothing", "no", "false", "0", "holdout", "placebo")
FEWEST_ROWS = 100
MOST_ARMS = 20
# Of a user, where no option names the column.
MOST_ROWS = 10
# Columns of the arm and of the propensity among those that are kept beside the features.
ARM, PROPENSITY = "arm", "propensity"


@dataclass(frozen=True)
class CampaignColumns:
    """What the columns of a campaign are, where common names do not find them.

    Args:
        treatment: the arm of each row; None finds it (`treatment`, `arm` ...).
        outcome: what came of it, of two values; None finds it (`outcome`, `visit` ...).
        positive: the value of the outcome that counts as 1; None finds it.
        control: the arm that got nothing; None finds it (`control`, `none`, `0`, `no ...`).
        propensity: the probability with which each row was put into its own arm.
        user: ids, no feature; None finds it by common names if there is one.
        time: to split by.
        treated_at: time of the treatment.
        outcome_at: time of the outcome, which has to be later.
        ignore: columns that are no features.
        time_format: how times are written, as of `kit.data.Columns`.
    """

    treatment: str | None = None
    outcome: str | None = None
    positive: str | None = None
    control: str | None = None
    propensity: str | None = None
    user: str | None = None
    time: str | None = None
    treated_at: str | None = None
    outcome_at: str | None = None
    ignore: Sequence[str] = ()
    time_format: str | None = None


@dataclass(frozen=True)
class CampaignSource:
    """A campaign, its columns typed.

    Args:
        table: features and outcome; its `kept` has the arm and, where there is one, the propensity.
        arms: names, the control first.
        columns: role to the name of its column.
    """

    table: RankingSource
    arms: tuple[str, ...]
    columns: dict[str, str]

    def __repr__(self) -> str:
        return f"CampaignSource({self.table.name!r}: arms {', '.join(self.arms)})"


def open_campaign(
    source: Tabular,
    *,
    columns: CampaignColumns | None = None,
    limit: int | None = None,
    format: TableFormat = DETECTED,
) -> CampaignSource:
    """Open a table with a row for each person of a campaign.

    Args:
        source: as of `kit.data.table.open_ranking`, or the built-in synthetic-campaign.
        columns: names of columns.
        limit: keep only this many rows, as of `kit.data.table.open_ranking`.
        format: how text tables are written, where their content does not show it.

    Raises:
        UserError: the source cannot be used: fewer than two arms, an arm of fewer than 100 rows, no
            control, propensities outside of 0 to 1, somebody in two arms, an outcome before its
            treatment, a feature that is a copy of arm or outcome.

    Example:

    >>> open_campaign("synthetic-campaign").arms
    ('none', 'coupon', 'mail')
    """
    columns = columns or CampaignColumns()
    table = read_table(path_or_frame(source), format)
    names = _names(table, columns)
    arm = text(table.frame[names["treatment"]]).alias(ARM)
    _check_times(table, names, columns.time_format)
    kept = [arm]
    if "propensity" in names:
        kept.append(_propensities(table, names["propensity"]))
    if "user" in names:
        _check_users(table, names["user"], arm)
    not_features = [name for role, name in names.items() if role not in ("outcome", "time")]
    ignored = [
        find_named(c, table.frame.columns, option="--ignore", where=table.name)
        for c in columns.ignore
    ]
    features = {*table.frame.columns} - {*names.values(), *ignored}
    _check_outcome(table, names["outcome"], columns.positive)
    _check_copies(table, names, sorted(features))
    of_kept = [pl.Series(f"{one.name} of the campaign", one) for one in kept]
    opened = open_ranking(
        replace(table, frame=table.frame.with_columns(of_kept)),
        columns=RankingColumns(
            labels=(names["outcome"],),
            positive={} if columns.positive is None else {"": columns.positive},
            user=names.get("user", ""),
            item="",
            time=names.get("time", ""),
            ignore=(*not_features, *ignored, *(one.name for one in of_kept)),
            keep=[one.name for one in of_kept],
            time_format=columns.time_format,
        ),
        limit=limit,
    )
    opened = replace(opened, kept=opened.kept.rename(lambda c: c.removesuffix(" of the campaign")))
    steps = [
        replace(step, name=step.name.replace("without label", "without outcome"))
        for step in opened.cleaning
    ]
    without = CleaningStep("rows without arm", opened.kept[ARM].null_count())
    opened = replace(opened, cleaning=tuple(steps))
    opened = filtered(opened, opened.kept[ARM].is_not_null(), [without])
    return CampaignSource(opened, _arms(opened, names["treatment"], columns.control), names)


def _names(table: TableRows, columns: CampaignColumns) -> dict[str, str]:
    """Role to column."""
    header, where = table.frame.columns, table.name
    named = {
        "treatment": (columns.treatment, "--treatment-column"),
        "outcome": (columns.outcome, "--outcome-column"),
        "propensity": (columns.propensity, "--propensity-column"),
        "user": (columns.user, "--user-column"),
        "time": (columns.time, "--time-column"),
        "treated_at": (columns.treated_at, "--treatment-time-column"),
        "outcome_at": (columns.outcome_at, "--outcome-time-column"),
    }
    found = {
        role: find_named(name, header, option=option, where=where)
        for role, (name, option) in named.items()
        if name
    }
    for role, common in (("treatment", TREATMENT), ("outcome", OUTCOME)):
        if role in found:
            continue
        found[role] = only_column(common, header, role, where, taken=[*found.values()])
    if columns.user is None:
        rest = [column for column in header if column not in found.values()]
        user = find_common("user", rest, where=where)
        # A column called "member" may say yes or no: then it is a feature like any other.
        if user and table.frame[user].n_unique() * MOST_ROWS >= len(table.frame):
            found["user"] = user
    check_distinct(found, {role: option for role, (_, option) in named.items()}, where)
    return found


def _arms(opened: RankingSource, column: str, control: str | None) -> tuple[str, ...]:
    """The arms, the control first."""
    counts = opened.kept[ARM].value_counts(sort=True).sort("count", ARM, descending=[True, False])
    sizes = dict(counts.iter_rows())
    where = f"{opened.name}, column {column}"
    shown = ", ".join(f"{name} ({rows:,} rows)" for name, rows in list(sizes.items())[:8])
    if len(sizes) == 1:
        raise UserError(
            f"There is one arm only: {shown}.",
            where=where,
            expected="people who were treated and people who were not",
            remedy="Give the rows of the control group, too; what everybody got has no comparison.",
        )
    if len(sizes) > MOST_ARMS:
        raise UserError(
            f"The treatment has {len(sizes):,} different values: {shown} ...",
            where=where,
            expected=f"at most {MOST_ARMS} arms",
            remedy="Is it the right column? Change --treatment-column.",
        )
    small = [name for name, rows in sizes.items() if rows < FEWEST_ROWS]
    if small:
        raise UserError(
            f"The arm '{small[0]}' has {sizes[small[0]]:,} rows with an outcome.",
            where=where,
            expected=f"at least {FEWEST_ROWS} of every arm",
            remedy="Join it with another arm, leave its rows out, or wait for more.",
        )
    if control is None:
        likely = [n for n in sizes if normalised(n) in CONTROL or n.lower().startswith("no ")]
        if len(likely) != 1:
            raise UserError(
                "Several arms could be the control."
                if likely
                else "No arm is recognised as the control.",
                where=where,
                expected=f"the arm that others are compared with; found: {shown}",
                remedy="Name it: --control VALUE",
            )
        control = likely[0]
    elif control not in sizes:
        raise UserError(
            f"There is no arm '{control}'.",
            where=where,
            expected=f"one of: {shown}",
            remedy="Change --control.",
        )
    return (control, *sorted(name for name in sizes if name != control))


def _check_outcome(table: TableRows, column: str, positive: str | None) -> None:
    values = text(table.frame[column]).drop_nulls()
    values = values.filter(~is_missing(values)).unique().sort()
    shown = ", ".join(values.head(8)) + (" ..." if len(values) > 8 else "")
    if positive is None and len(values) != 2:
        raise UserError(
            f"The outcome '{column}' has {len(values):,} different values: {shown or 'none'}.",
            where=f"{table.name}, column {column}",
            expected="two, such as 0 and 1",
            remedy="Name the one that counts, all others being 0: --positive VALUE. Of amounts "
            "make a column that says whether there was one.",
        )
    if positive is not None and positive not in values:
        raise UserError(
            f"No row has the outcome '{positive}'.",
            where=f"{table.name}, column {column}",
            expected=f"one of: {shown}",
            remedy="Change --positive.",
        )


def _propensities(table: TableRows, column: str) -> pl.Series:
    values = read_numbers(text(table.frame[column])).values
    wrong = (values.is_null() | (values <= 0) | (values >= 1)).fill_null(True)
    if wrong.any():
        row = int(wrong.arg_max() or 0)
        raise UserError(
            f"{int(wrong.sum()):,} rows have no propensity between 0 and 1, the first "
            f"'{table.frame[column][row]}'.",
            where=f"{table.locate(row)}, column {column}",
            expected="the probability with which the row was put into its own arm, above 0 and "
            "below 1: of those who could get one arm only nothing can be compared",
            remedy="Leave out who had no chance of another arm, and give the others' propensities.",
        )
    return values.cast(pl.Float64).alias(PROPENSITY)


def _check_times(table: TableRows, names: dict[str, str], form: str | None) -> None:
    if not {"treated_at", "outcome_at"} <= names.keys():
        return
    treated, outcome = (
        to_microseconds(
            table.frame[names[role]],
            where=f"{table.name}, column {names[role]}",
            first_row=table.files[0][2],
            form=form,
        )
        for role in ("treated_at", "outcome_at")
    )
    early = (outcome < treated).fill_null(False)
    if early.any():
        row = int(early.arg_max() or 0)
        raise UserError(
            f"{int(early.sum()):,} outcomes lie before their treatment, the first at "
            f"{table.frame[names['outcome_at']][row]}.",
            where=f"{table.locate(row)}, column {names['outcome_at']}",
            expected=f"a time after that of {names['treated_at']}: no treatment changes what was "
            "before it",
            remedy="Count as outcome what happened after the treatment, and for the control after "
            "the moment it would have been treated.",
        )


def _check_users(table: TableRows, column: str, arm: pl.Series) -> None:
    rows = pl.DataFrame({"user": text(table.frame[column]), "arm": arm}).with_row_index("row")
    several = rows.drop_nulls("user").filter(pl.col("user").is_duplicated())
    if several.is_empty():
        return
    arms = several.group_by("user", maintain_order=True).agg(
        pl.col("row").last(), pl.col("arm").drop_nulls().n_unique()
    )
    in_two = arms.filter(pl.col("arm") > 1)
    first = (in_two if len(in_two) else arms).row(0, named=True)
    what = (
        f"{len(in_two):,} users are in several arms"
        if len(in_two)
        else f"{len(arms):,} users have several rows"
    )
    raise UserError(
        f"{what}.",
        where=f"{table.locate(first['row'])}, column {column}",
        expected="one row, and so one arm, for each user",
        remedy="Leave out who is in several arms, and join the rows of the others; or name another "
        "--user-column, '' for none.",
    )


def _check_copies(table: TableRows, names: dict[str, str], features: Sequence[str]) -> None:
    """Refuse a feature that has one value for each value of arm or outcome."""
    for role in ("outcome", "treatment"):
        of_role = text(table.frame[names[role]]).alias("role")
        for feature in features:
            column = table.frame[feature]
            if column.dtype.is_nested():
                continue
            pairs = pl.DataFrame({"role": of_role, "feature": text(column)}).drop_nulls().unique()
            values = pairs["role"].n_unique()
            if values > 1 and pairs["feature"].n_unique() == len(pairs) == values:
                raise UserError(
                    f"The feature '{feature}' is a copy of the {role} '{names[role]}'.",
                    where=f"{table.name}, column {feature}",
                    expected="features that were known before the treatment",
                    remedy=f"Leave it out: --ignore {feature}",
                )

"""Open a table to learn a ranking model from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import polars as pl

from kit.data._clean import CleaningStep, drop_duplicates, without
from kit.data._columns import find_common, find_named
from kit.data._dialect import DETECTED, TableFormat
from kit.data._features import Features, read_features
from kit.data._frames import FrameTable, Tabular, file_or_frame, path_or_frame
from kit.data._ids import Ids, to_ids
from kit.data._table_rows import TableRows, read_table
from kit.data._times import SECOND, check_time_format, time_notes, to_microseconds
from kit.data.table._infer_schema import infer_schema
from kit.data.table._labels import find_labels, to_label
from kit.data.table._schema import Schema, check_columns, read_schema, text, typed, without_history
from kit.errors import UserError

TAKEN = "taken"


@dataclass(frozen=True)
class RankingColumns:
    """What the columns of a table are, where common names do not find them.

    Args:
        labels: what is predicted; empty finds it (`label`, `click` ...).
        positive: of a label (or "" where there is one) the value that counts as 1.
        user: whose earlier items and negatives are looked for.
        item: what is taken or not.
        time: when; None finds it by common names if there is one, "" leaves it out.
        group: by whom grouped AUC is counted; None is the user, if there is one.
        ignore: columns that are no features.
        keep: columns of the table that are kept beside the features, as they were read.
        time_format: how times are written, as of `kit.data.Columns`.
    """

    labels: Sequence[str] = ()
    positive: Mapping[str, str] = field(default_factory=dict)
    user: str | None = None
    item: str | None = None
    time: str | None = None
    group: str | None = None
    ignore: Sequence[str] = ()
    keep: Sequence[str] = ()
    time_format: str | None = None


@dataclass(frozen=True)
class RankingSource:
    """A table, its columns typed.

    Args:
        name: as the user named it.
        schema: of the features.
        features: String, Float32 (NaN is missing) or List(String) columns.
        labels: Float32 columns of 0 and 1, null where missing; "taken", all 1, of a log.
        positives: label to the value that is 1.
        roles: "user", "item", "time" and "group" to the name of their column, where there is one.
        values: the columns of the roles: text, of time Int64 seconds since 1970.
        of_items: features that follow from the item: a negative has those of its own item.
        part: PART of a given split, or None.
        is_log: whether there is no label: every row is something taken.
        cleaning: what was dropped.
        rows_read: rows before.
        licence: attribution of a built-in table, else "".
        notes: lines on how cells were read, and how much has a row in the tables of items and
            users.
        kept: columns that were kept beside the features.
    """

    name: str
    schema: Schema
    features: pl.DataFrame
    labels: pl.DataFrame
    positives: Mapping[str, str]
    roles: Mapping[str, str]
    values: pl.DataFrame
    of_items: tuple[str, ...]
    part: pl.Series | None
    is_log: bool
    cleaning: tuple[CleaningStep, ...]
    rows_read: int
    licence: str
    notes: tuple[str, ...] = ()
    kept: pl.DataFrame = field(default_factory=pl.DataFrame)

    def __repr__(self) -> str:
        return (
            f"RankingSource({self.name!r}: {len(self.features):,} rows, "
            f"{len(self.schema.features)} features, labels: {', '.join(self.labels.columns)})"
        )


def open_ranking(
    source: Tabular | TableRows,
    *,
    columns: RankingColumns | None = None,
    schema: Path | Schema | None = None,
    is_log: bool = False,
    items: Tabular | None = None,
    users: Tabular | None = None,
    limit: int | None = None,
    format: TableFormat = DETECTED,
) -> RankingSource:
    """Open a table of examples, or a log of interactions.

    Args:
        source: as of `kit.data.open_source`, a built-in table (`in-vehicle-coupon`), or a table
            that was read.
        columns: names of columns.
        schema: the features' kinds, or a file with them; None infers them from names and values.
            The history that a split adds may stand in it.
        is_log: there is no label, every row is a positive.
        items: file with one row of features for each item.
        users: file with one row of features for each user.
        limit: keep only this many rows of train, the last by time, without time the first.
        format: how text tables are written, where their content does not show it.

    Raises:
        UserError: the source cannot be used; it names file, row or column and the remedy.

    Example:

    >>> source = open_ranking("in-vehicle-coupon")
    >>> source.positives, len(source.schema.features)
    ({'Y': '1'}, 24)
    """
    columns = columns or RankingColumns()
    if columns.time_format is not None:
        check_time_format(columns.time_format)
    table = source if isinstance(source, TableRows) else read_table(path_or_frame(source), format)
    source = table.name
    roles = _roles(table, columns, needed=("user", "item") if is_log else ())
    frame, tables = table.frame, dict[str, Features]()
    ids = {role: _ids(table, roles[role]) for role in ("user", "item") if role in roles}
    frame = frame.with_columns(one.text.alias(roles[role]) for role, one in ids.items())
    cleaning: list[CleaningStep] = []
    notes: list[str] = []
    for role, file in (("item", items), ("user", users)):
        if file is not None:
            path = file_or_frame(file)
            frame, tables[role] = _with_features(frame, path, role, roles, table, format)
            cleaning += tables[role].cleaning
            notes += tables[role].notes
    names: list[str] = []
    if not is_log:
        names = find_labels(columns.labels, table.frame.columns, table.frame, where=source)
    dropped = [
        find_named(c, frame.columns, option="--ignore", where=source) for c in columns.ignore
    ]
    # What tells the parts tells nothing of an example; a schema may say otherwise.
    parts = None if _is_feature(table.split, schema) else table.split
    not_features = {*names, *dropped, roles.get("time"), parts}
    candidates = frame.select(c for c in frame.columns if c not in not_features)
    if isinstance(schema, Schema):
        found = without_history(schema, candidates.columns)
        check_columns(found, candidates.columns, where=source)
    elif schema is not None:
        found = read_schema(schema, candidates.columns)
    else:
        found = infer_schema(candidates, table.locate)
        notes += found.notes
    if not found.features:
        reasons = "; ".join(f"{name}: {why}" for name, why in found.left_out.items())
        raise UserError(
            "No column is left to predict from.",
            where=source,
            expected="columns beside the label" + (f" ({reasons})" if reasons else ""),
            remedy="Give more columns, or a --schema.",
        )
    features = {}
    for feature in found.features:
        column = candidates[feature.name]
        read = typed(column, feature.kind, table.locate, decimal=feature.decimal)
        features[feature.name] = read.values
        notes += read.notes
        if read.infinite:
            cleaning.append(
                CleaningStep(
                    f"infinite numbers of {feature.name}, now missing", read.infinite, of_log=False
                )
            )
    labels, positives = {}, {}
    for name in names:
        wanted = columns.positive.get(name, columns.positive.get("") if len(names) == 1 else None)
        labels[name], positives[name] = to_label(frame[name], wanted, table.locate)
    if strange_names := set(columns.positive) - {*names, ""}:
        raise UserError(
            f"'{min(strange_names)}' is no label.",
            where="--positive",
            expected=f"LABEL=VALUE with one of the labels: {', '.join(names) or 'none'}",
        )
    if is_log:
        labels[TAKEN] = pl.Series(TAKEN, [1.0], pl.Float32).new_from_index(0, len(frame))
        positives[TAKEN] = "1"
    of_roles = {role: text(frame[name]) for role, name in roles.items() if role != "time"}
    if "time" in roles:
        place = {"where": f"{source}, column {roles['time']}", "first_row": table.files[0][2]}
        form = columns.time_format
        times = to_microseconds(frame[roles["time"]], form=form, **place)  # type: ignore[arg-type]
        of_roles["time"] = times // SECOND
        notes += time_notes(of_roles["time"].drop_nulls(), roles["time"])
    whole = RankingSource(
        name=source,
        schema=found,
        features=pl.DataFrame(features),
        labels=pl.DataFrame(labels),
        positives=positives,
        roles=roles,
        values=pl.DataFrame([values.alias(role) for role, values in of_roles.items()]),
        of_items=tuple(
            c for c in tables["item"].table.columns if c in features and c != roles["item"]
        )
        if "item" in tables
        else (),
        part=table.part,
        is_log=is_log,
        cleaning=tuple(cleaning),
        rows_read=len(frame),
        licence=table.licence,
        notes=tuple(notes),
        kept=frame.select(columns.keep),
    )
    return _cleaned(whole, limit, {role: one.markers for role, one in ids.items()})


def _ids(table: TableRows, column: str) -> Ids:
    """The ids of a role's column as text; those that are numbers may be of any kind."""
    place = {"where": f"{table.name}, column {column}", "first_row": table.files[0][2]}
    found = to_ids(text(table.frame[column]), typed=True, **place)  # type: ignore[arg-type]
    return replace(found, text=found.text.cast(pl.String))


def _is_feature(column: str | None, schema: Path | Schema | None) -> bool:
    return isinstance(schema, Schema) and column in {one.name for one in schema.features}


def _roles(table: TableRows, columns: RankingColumns, needed: Sequence[str]) -> dict[str, str]:
    header = table.frame.columns
    roles = {}
    for role in ("user", "item", "time", "group"):
        named = getattr(columns, role)
        if named == "":
            continue
        if named is not None:
            option = f"--{role}-column"
            roles[role] = find_named(named, header, option=option, where=table.name)
        elif role == "group":
            if "user" in roles:
                roles["group"] = roles["user"]
        elif found := _by_common_name(role, header, table, role in needed, columns.time_format):
            roles[role] = found
        elif role in needed:
            raise UserError(
                f"No column is recognised as the {role}.",
                where=table.name,
                expected=f"a {role} column, to draw negatives; found: {', '.join(header)}",
                remedy=f"Name it: --{role}-column NAME",
            )
    return roles


def _by_common_name(
    role: str, header: list[str], table: TableRows, needed: bool, form: str | None
) -> str | None:
    try:
        found = find_common(role, header, where=table.name)
    except UserError:
        if needed:
            raise
        return None
    if found is None or role != "time" or needed or form is not None:
        return found
    # A column called "time" may hold "2PM": then it is a feature like any other.
    try:
        times = to_microseconds(table.frame[found], where="", first_row=0)
    except UserError:
        return None
    return found if times.n_unique() > 2 else None


def _with_features(
    frame: pl.DataFrame,
    path: Path | FrameTable,
    role: str,
    roles: Mapping[str, str],
    table: TableRows,
    format: TableFormat,
) -> tuple[pl.DataFrame, Features]:
    if role not in roles:
        raise UserError(
            f"There is no {role} column to join {path.name} by.",
            where=table.name,
            expected=f"a {role} column",
            remedy=f"Name it: --{role}-column NAME",
        )
    key = f"{role}_id"
    ids = frame[roles[role]]
    found = read_features(
        path,
        role,
        named=roles[role],
        in_interactions=roles[role],
        known=ids.drop_nulls().unique(maintain_order=True),
        format=format,
    )
    names = {c: f"{c}_of_{role}" for c in found.table.columns if c != key and c in frame.columns}
    features = found.table.rename(names)
    joined = ids.alias(key).to_frame().join(features, on=key, how="left", maintain_order="left")
    return frame.hstack(joined.drop(key)), replace(found, table=features)


def _cleaned(
    source: RankingSource, limit: int | None, markers: Mapping[str, Mapping[str, int]]
) -> RankingSource:
    """Without rows that lack a label or, in a log, who, what or when; and within the limit."""
    kept = source.labels.select(pl.any_horizontal(pl.all().is_not_null())).to_series()
    steps = [CleaningStep("rows without label", int((~kept).sum()))]
    for role in ("user", "item", "time"):
        if role in source.values.columns and (source.is_log or role == "time"):
            known = source.values[role].is_not_null()
            name = without(role, markers.get(role, {}))
            steps.append(CleaningStep(name, int((kept & ~known).sum())))
            kept = kept & known
    source = filtered(source, kept, steps)
    if source.is_log and source.part is None:
        rows = source.features.hstack(source.values.select(pl.all().name.prefix("_role_")))
        _, repeated = drop_duplicates(rows)
        if repeated:
            unique = rows.select(pl.struct(pl.all()).is_first_distinct()).to_series()
            source = filtered(source, unique, repeated)
    if limit is not None:
        mask = _latest(source, limit)
        beyond = CleaningStep("rows beyond the limit", int((~mask).sum()))
        source = filtered(source, mask, [beyond])
    return source


def filtered(
    source: RankingSource, kept: pl.Series, steps: Sequence[CleaningStep]
) -> RankingSource:
    steps = [step for step in steps if step.rows]
    if not kept.any():
        raise UserError(
            f"No row is left: {', '.join(step.name for step in steps)}.",
            where=source.name,
            expected="rows that have a label and what else is needed",
            remedy="Check the columns.",
        )
    if not steps:
        return source
    changed = {
        "features": source.features.filter(kept),
        "labels": source.labels.filter(kept),
        "values": source.values.filter(kept) if source.values.width else source.values,
        "kept": source.kept.filter(kept) if source.kept.width else source.kept,
        "part": None if source.part is None else source.part.filter(kept),
        "cleaning": (*source.cleaning, *steps),
    }
    return RankingSource(**{**vars(source), **changed})


def _latest(source: RankingSource, limit: int) -> pl.Series:
    rows = len(source.features)
    place = pl.Series(range(rows))
    is_train = pl.Series([True]).new_from_index(0, rows)
    if source.part is not None:
        is_train = source.part == "train"
    order = place.filter(is_train)
    if "time" in source.values.columns:
        order = order.gather(source.values["time"].filter(is_train).arg_sort(descending=True))
    return ~is_train | place.is_in(order.head(limit).implode())

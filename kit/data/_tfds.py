"""Interactions of a TensorFlow data set (TFDS). Only this module and the builder import TFDS."""

import difflib
import importlib
import os
from dataclasses import dataclass
from typing import Any

import polars as pl
import tensorflow as tf
import tensorflow_datasets as tfds

from kit.data._columns import Columns, find_columns
from kit.data._ids import to_ids
from kit.data._numbers import to_weights
from kit.data._parts import PART, is_split, part_of
from kit.data._times import to_microseconds
from kit.data.builtin._open import BOXES, BUILT_IN, PICTURES, TABLES, TEXT2TEXT, TEXTS
from kit.errors import UserError

_BATCH = 1 << 15
_PART = "kit part"  # no name a data set would use


@dataclass(frozen=True)
class TfdsRows:
    """Interactions of a data set, before cleaning, and its features of items and users."""

    frame: pl.DataFrame
    names: dict[str, str]
    items: pl.DataFrame | None
    users: pl.DataFrame | None
    markers: dict[str, dict[str, int]]
    notes: list[str]


def read_tfds(name: str, columns: Columns) -> TfdsRows:
    """Prepare a data set, with TFDS's own download, and read it.

    If the data set has splits train and test they are a given split, else all rows are taken. A
    feature that never differs between rows of one item is a feature of the item; the same for
    users. The folder is TFDS's own: the variable TFDS_DATA_DIR or ~/tensorflow_datasets.

    Args:
        name: NAME, NAME/CONFIG or NAME/CONFIG:VERSION.
        columns: names of features, where common names do not find them.

    Raises:
        UserError: unknown name, no download, or no user and item in it.
    """
    where = f"tfds:{name}"
    builder = prepared(name, where=where)
    names = find_columns(_scalars(builder), columns, where=where)
    raw, given = _rows(builder, where=where)

    def place(role: str) -> dict[str, Any]:
        return {"where": f"{where}, feature {names[role]}", "first_row": 1}

    ids = {role: to_ids(raw[names[role]], typed=True, **place(role)) for role in ("user", "item")}
    values = {f"{role}_id": of_role.text for role, of_role in ids.items()}
    notes: list[str] = []
    if "time" in names:
        form = columns.time_format
        values["time"] = to_microseconds(raw[names["time"]], form=form, **place("time"))
    if "weight" in names:
        values["weight"] = to_weights(
            raw[names["weight"]],
            notes=notes,
            signed=columns.min_weight is not None,
            **place("weight"),
        )
    frame = pl.DataFrame(values)
    others = raw.drop({*names.values(), _PART}, strict=False)
    ids_as_text = frame.with_columns(pl.col("user_id", "item_id").cast(pl.String))
    users, items = _features(ids_as_text, others)
    if given:
        frame = frame.with_columns(raw[_PART].cast(PART).alias("part"))
    markers = {role: of_role.markers for role, of_role in ids.items()}
    return TfdsRows(frame, names, items, users, markers, notes)


def read_tfds_table(name: str) -> tuple[pl.DataFrame, pl.Series | None]:
    """Prepare a data set and read every scalar and list of its examples.

    Args:
        name: as of `read_tfds`.

    Returns:
        The rows, and their PART where there are splits train and test.

    Raises:
        UserError: unknown name, no download, or no row.
    """
    where = f"tfds:{name}"
    raw, given = _rows(prepared(name, where=where), where=where)
    if not given:
        return raw, None
    return raw.drop(_PART), raw[_PART].cast(PART)


def _rows(builder: Any, *, where: str) -> tuple[pl.DataFrame, bool]:
    """All rows, and whether they are a given split, named in a column of its own."""
    parts = {split: part_of(split) for split in builder.info.splits}
    given = is_split(parts.values())
    frames = []
    for split, part in parts.items():
        if not given or part is not None:
            rows = _read(builder, split)
            frames.append(rows.with_columns(pl.lit(part).alias(_PART)) if given else rows)
    raw = pl.concat(frames)
    if raw.is_empty():
        raise UserError("The data set has no rows.", where=where)
    return raw, given


def prepared(name: str, *, where: str) -> Any:
    """The builder of a data set that is ready to be read.

    Raises:
        UserError: unknown name, or no download.
    """
    built_in = (*BUILT_IN, *TABLES, *TEXTS, *TEXT2TEXT, *PICTURES, *BOXES)
    ours = {one.replace("-", "_") for one in built_in}
    if name.split("/")[0].split(":")[0] in ours:
        importlib.import_module(f"kit.data.{name.split('/')[0].split(':')[0]}")
    folder = os.environ.get("TFDS_DATA_DIR")
    try:
        builder = tfds.builder(name, data_dir=folder, file_format="tfrecord")
    except tfds.core.DatasetNotFoundError:
        near = difflib.get_close_matches(name.split("/")[0], tfds.list_builders(), n=1)
        raise UserError(
            f"TFDS has no data set '{name}'.",
            where=where,
            expected="a name of https://www.tensorflow.org/datasets/catalog/overview",
            remedy=f"Did you mean tfds:{near[0]}?" if near else "Check the name.",
        ) from None
    except ValueError as error:
        raise UserError(
            f"TFDS cannot open '{name}': {str(error).splitlines()[0]}",
            where=where,
            remedy="Check what follows the name: tfds:NAME/CONFIG:VERSION.",
        ) from None
    try:
        builder.download_and_prepare()
    except (OSError, tf.errors.OpError, tfds.download.DownloadError) as error:
        raise UserError(
            f"The data set cannot be downloaded: {str(error).splitlines()[0]}",
            where=where,
            expected=f"a network, or the prepared data set in {builder.data_dir}",
            remedy="Try again with a network, or copy the folder from a machine that has it.",
        ) from None
    return builder


def _specs(builder: Any) -> dict[str, Any]:
    """How the scalars and lists at the top level of an example are stored."""
    stored = builder.info.features.tf_example_spec
    specs = {}
    for name, spec in stored.items():
        if "/" not in name and isinstance(spec, tf.io.FixedLenFeature) and spec.shape == ():
            specs[name] = spec
        elif "/" not in name and isinstance(spec, tf.io.FixedLenSequenceFeature):
            specs[name] = tf.io.RaggedFeature(spec.dtype)
    return specs


def _scalars(builder: Any) -> list[str]:
    return [n for n, spec in _specs(builder).items() if isinstance(spec, tf.io.FixedLenFeature)]


def _read(builder: Any, split: str) -> pl.DataFrame:
    # TFDS parses example by example; whole batches are more than ten times faster.
    specs = _specs(builder)
    files = [str(path) for path in builder.info.splits[split].filepaths]
    batches = (
        tf.data.TFRecordDataset(files)
        .batch(_BATCH)
        .map(lambda examples: tf.io.parse_example(examples, specs))
    )
    frames = [
        pl.DataFrame({name: _column(values) for name, values in batch.items()}) for batch in batches
    ]
    rows = pl.concat(frames) if frames else pl.DataFrame(schema=dict.fromkeys(specs, pl.String))
    return rows.with_columns(
        _as_text(rows[name], builder.info.features[name]) for name in rows.columns
    )


def _column(values: Any) -> pl.Series:
    if isinstance(values, tf.RaggedTensor):
        return pl.Series(values.to_list())
    column = values.numpy()
    if column.dtype == object:
        return pl.Series(column.tolist(), dtype=pl.Binary)
    return pl.Series(column)


def _as_text(values: pl.Series, feature: Any) -> pl.Series:
    """Bytes as text, numbers of labels as their names, lists as words."""
    listed = isinstance(values.dtype, pl.List)
    value = pl.element() if listed else pl.col(values.name)
    inner = getattr(feature, "feature", feature)
    if isinstance(inner, tfds.features.ClassLabel) and inner.names:
        names = inner.names
        value = value.replace_strict(range(len(names)), names, default=None, return_dtype=pl.String)
    elif (values.dtype.inner if isinstance(values.dtype, pl.List) else values.dtype) == pl.Binary:
        value = value.cast(pl.String, strict=False)
    if listed:
        value = pl.col(values.name).list.eval(value.cast(pl.String)).list.join(" ")
    return values.to_frame().select(value).to_series()


def _features(
    frame: pl.DataFrame, others: pl.DataFrame
) -> tuple[pl.DataFrame | None, pl.DataFrame | None]:
    """Of the other columns those that are one value for each user, and for each item."""
    tables: dict[str, pl.DataFrame | None] = {"user_id": None, "item_id": None}
    for column in others:
        keys = ["item_id", "user_id"]
        if column.name.lower().removeprefix("raw_").startswith("user"):
            keys.reverse()
        for key in keys if column.n_unique() > 1 else ():
            pairs = frame.select(key).with_columns(column).drop_nulls(key)
            pairs = pairs.unique(maintain_order=True)
            if pairs[key].n_unique() == len(pairs):
                table = tables[key]
                tables[key] = pairs if table is None else table.join(pairs, on=key, how="left")
                break
    return tables["user_id"], tables["item_id"]

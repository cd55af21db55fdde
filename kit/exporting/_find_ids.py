"""Look for ids of people in files, whatever the format of the files."""

import gzip
import html
import json
import re
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import tensorflow as tf
from tensorflow.core.protobuf.saved_model_pb2 import SavedModel
from tensorflow_serving.apis import prediction_log_pb2

from kit.errors import UserError

# In running text a shorter id, a short number or a plain word may be anything.
LEAST_CHARACTERS, LEAST_DIGITS = 4, 8
RECORDS = "tf_serving_warmup_requests"
TABLES = (".csv", ".tsv", ".inter")


def is_distinct(user_id: str) -> bool:
    """Whether an id can be told from other words in running text.

    Example:

    >>> [is_distinct(one) for one in ("42", "18102", "anna", "u-42", "a@b.org", "9780306406157")]
    [False, False, False, True, True, True]
    """
    if user_id.isdigit():
        return len(user_id) >= LEAST_DIGITS
    has_digit = any(sign.isdigit() for sign in user_id)
    return len(user_id) >= LEAST_CHARACTERS and (has_digit or "@" in user_id)


def files_with(folder: Path, user_ids: Collection[str]) -> dict[Path, int]:
    """Files that hold ids, as strings of their formats or as words of their text.

    Read by their formats are SavedModels (graph, variables, warm-up requests), JSON, Parquet, CSV,
    TSV and NumPy's files, each also compressed by gzip; anything else is text. In running text, and
    in formats that are not known, only ids that are distinct count, see `is_distinct`.

    Args:
        folder: a folder, with all that lies below, or a file.
        user_ids: what to look for.

    Returns:
        File to how many of the ids it holds, for files that hold some.

    Raises:
        UserError: a file cannot be read.
    """
    ids = frozenset(user_ids)
    words = _words(ids)
    found = {}
    for file in files_of(folder):
        try:
            here = {one for text in _strings(file) for one in _ids_in(text, ids, words)}
        except (OSError, ValueError, pl.exceptions.PolarsError, tf.errors.OpError) as error:
            raise UserError(
                f"The file cannot be searched: {error}.",
                where=str(file),
                remedy="Delete it, if nothing needs it.",
            ) from error
        if here:
            found[file] = len(here)
    return found


def files_of(folder: Path) -> list[Path]:
    """The files below a folder, or the file itself."""
    if folder.is_file():
        return [folder]
    return sorted(path for path in folder.rglob("*") if path.is_file())


class _Text(str):
    """Running text; any other string is a value of its own."""


def _words(ids: frozenset[str]) -> re.Pattern[str] | None:
    distinct = sorted(filter(is_distinct, ids), key=len, reverse=True)
    if not distinct:
        return None
    return re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, distinct))})(?!\w)")


def _ids_in(text: str, ids: frozenset[str], words: re.Pattern[str] | None) -> set[str]:
    if isinstance(text, _Text):
        return set(words.findall(text)) if words else set()
    return {*ids.intersection([text.strip()])}


def _strings(file: Path) -> Iterator[str]:
    """The strings that a file holds."""
    name = file.name.removesuffix(".gz")
    suffix = Path(name).suffix
    if name == "saved_model.pb":
        yield from _of_graph(file)
    elif name == RECORDS:
        yield from _of_records(file)
    elif suffix == ".index" and file.with_name(f"{file.stem}.data-00000-of-00001").is_file():
        yield from _of_checkpoint(file.with_suffix(""))
    elif re.search(r"\.data-\d+-of-\d+$", name):
        return  # Read with its index.
    elif suffix == ".parquet":
        for column in pl.read_parquet(file).iter_columns():
            yield from _of_column(column)
    elif suffix in (".npy", ".npz"):
        yield from _of_arrays(file)
    else:
        content = _content(file)
        text = content.decode("utf-8", errors="replace")
        if suffix == ".json":
            yield from _of_json(json.loads(text))
        elif suffix in (".jsonl", ".ndjson"):
            for line in filter(None, text.splitlines()):
                yield from _of_json(json.loads(line))
        elif suffix in TABLES:
            yield from (cell.strip(" \"'") for cell in re.split(r"[,;|\t\r\n]", text))
        else:
            yield _Text(html.unescape(text) if suffix == ".html" else text)


def _content(file: Path) -> bytes:
    if file.suffix != ".gz":
        return file.read_bytes()
    with gzip.open(file) as stream:
        return stream.read()


def _of_json(value: Any) -> Iterator[str]:
    left = [value]
    while left:
        one = left.pop()
        if isinstance(one, str):
            yield one
        elif isinstance(one, list):
            left += one
        elif isinstance(one, dict):
            left += [*one.keys(), *one.values()]


def _of_graph(file: Path) -> Iterator[str]:
    for graph in SavedModel.FromString(file.read_bytes()).meta_graphs:
        functions = (function.node_def for function in graph.graph_def.library.function)
        for nodes in (graph.graph_def.node, *functions):
            for node in nodes:
                yield from _decoded(node.attr["value"].tensor.string_val)


def _of_records(file: Path) -> Iterator[str]:
    for record in tf.data.TFRecordDataset(str(file)).as_numpy_iterator():
        request = prediction_log_pb2.PredictionLog.FromString(record).predict_log.request
        for tensor in request.inputs.values():
            yield from _decoded(tensor.string_val)


def _of_checkpoint(prefix: Path) -> Iterator[str]:
    reader = tf.train.load_checkpoint(str(prefix))
    for name, kind in reader.get_variable_to_dtype_map().items():
        if kind == tf.string and name != "_CHECKPOINTABLE_OBJECT_GRAPH":
            yield from _decoded(np.ravel(reader.get_tensor(name)))


def _of_column(column: pl.Series) -> Iterator[str]:
    while column.dtype.is_nested():
        column = column.explode() if isinstance(column.dtype, pl.List) else column.cast(pl.String)
    yield from column.cast(pl.String, strict=False).unique().drop_nulls()


def _of_arrays(file: Path) -> Iterator[str]:
    loaded = np.load(file, allow_pickle=False)
    for array in [loaded] if isinstance(loaded, np.ndarray) else loaded.values():
        if array.dtype.kind == "U":
            yield from map(str, np.ravel(array))
        elif array.dtype.kind == "S":
            yield from _decoded(np.ravel(array))


def _decoded(values: Any) -> Iterator[str]:
    return (bytes(value).decode("utf-8", errors="replace") for value in values)

"""What kind of data a source holds."""

from collections.abc import Collection
from pathlib import Path
from typing import Literal, get_args

from kit.data._columns import LABEL, find_common, normalised
from kit.data._files import is_prepared
from kit.data._frames import FrameTable, Tabular, path_or_frame
from kit.data._table_formats import is_table, open_table
from kit.data.builtin._open import (
    BOXES,
    BUILT_IN,
    CAMPAIGNS,
    PICTURES,
    SERIES,
    TABLES,
    TEXT2TEXT,
    TEXTS,
)
from kit.data.table._labels import COMMON
from kit.data.texts._source import TEXT
from kit.errors import UserError

Kind = Literal[
    "interactions",
    "table",
    "images",
    "detection",
    "texts",
    "text2text",
    "series",
    "purchases",
    "campaign",
]
KINDS: tuple[Kind, ...] = get_args(Kind)
"""The kinds of data that a source may hold."""

_BUILT_IN: dict[str, Kind] = {
    **dict.fromkeys(BUILT_IN, "interactions"),
    **dict.fromkeys(TABLES, "table"),
    **dict.fromkeys(PICTURES, "images"),
    **dict.fromkeys(BOXES, "detection"),
    **dict.fromkeys(TEXTS, "texts"),
    **dict.fromkeys(TEXT2TEXT, "text2text"),
    **dict.fromkeys(SERIES, "series"),
    **dict.fromkeys(CAMPAIGNS, "campaign"),
}
# Options that only one kind has.
_OWN: dict[str, Kind] = {
    "label": "table",
    "positive": "table",
    "negatives": "table",
    "schema": "table",
    "path_column": "images",
    "size": "images",
    "classes": "detection",
    "text_column": "texts",
    "source_column": "text2text",
    "target_column": "text2text",
    "from_language": "text2text",
    "to_language": "text2text",
    "weight_column": "interactions",
    "series_column": "series",
    "every": "series",
    "horizon": "series",
    "origins": "series",
    "gaps": "series",
    "aggregate": "series",
    "outcome": "series",
    "amount_column": "purchases",
    "anonymous": "purchases",
    "cut": "purchases",
    "treatment_column": "campaign",
    "outcome_column": "campaign",
    "propensity_column": "campaign",
    "control": "campaign",
}
_SIDES = (
    {"source", "src", "text", "document", "article", "abstract", "input", "body"},
    {"target", "tgt", "summary", "translation", "tldr", "highlights", "output"},
)
_IMAGES = {".jpg", ".jpeg", ".png", ".gif", ".bmp"}


def source_kind(source: Tabular, options: Collection[str] = ()) -> Kind:
    """Tell the kind of data by a built-in name, the files of a folder, or the columns of a table.

    Args:
        source: what `--data` names, or a DataFrame.
        options: names of further options; some belong to one kind of data only.

    Raises:
        UserError: it cannot be told.

    Example:

    >>> source_kind("online-retail"), source_kind("bccd")
    ('interactions', 'detection')
    """
    own = {_OWN[name] for name in options if name in _OWN}
    if "series" in own:  # Their target has the option of another kind, too.
        own -= {"text2text"}
    if "purchases" in own:  # Both have a horizon.
        own -= {"series"}
    if "campaign" in own:  # Its outcome has a positive value, as a label has.
        own -= {"table"}
    if len(own) == 1:
        return own.pop()
    name = path_or_frame(source)
    if isinstance(name, FrameTable):
        return _kind_of_columns(name.columns, str(name))
    if name in _BUILT_IN:
        return _BUILT_IN[name]
    path = Path(name)
    if name.startswith("tfds:"):
        raise _untold(name)
    if path.is_dir():
        return _kind_of_folder(path)
    if path.suffix.lower() == ".json":
        return "detection"
    return _kind_of_columns(open_table(path).columns, name)


def _kind_of_folder(folder: Path) -> Kind:
    from kit.data.detection import is_detection_folder

    if is_prepared(str(folder)):
        return "interactions"
    if is_detection_folder(folder):
        return "detection"
    files = sorted(file for file in folder.iterdir() if file.is_file())
    tables = [file for file in files if is_table(file)]
    if tables:
        return _kind_of_columns(open_table(tables[0]).columns, str(folder))
    if any("ubyte" in file.name for file in files):
        return "images"
    within = (file for depth in ("*/*", "*/*/*") for file in folder.glob(depth))
    if any(file.suffix.lower() in _IMAGES for file in within):
        return "images"
    languages = {file.name.split(".")[1] for file in files if file.name.startswith("train.")}
    if len(languages) > 1:
        return "text2text"
    raise _untold(str(folder))


def _kind_of_columns(columns: Collection[str], where: str) -> Kind:
    names = {normalised(column) for column in columns}
    if {"xmin", "ymin", "xmax", "ymax"} <= names:
        return "detection"
    if all(_has(role, list(columns), where) for role in ("user", "item")):
        return "interactions"
    if names & {"path", "imagepath", "filepath", "filename", "image"} and names & set(LABEL):
        return "images"
    if names & _SIDES[0] and names & _SIDES[1] and not names & set(LABEL) - {"target"}:
        return "text2text"
    if names & set(TEXT) and names & set(LABEL):
        return "texts"
    if names & (set(COMMON) | set(LABEL)):
        return "table"
    raise _untold(where, found=columns)


def _has(role: str, columns: list[str], where: str) -> bool:
    try:
        return find_common(role, columns, where=where) is not None
    except UserError:
        return True  # Several columns could be it; which, the option of the role says.


def _untold(where: str, found: Collection[str] = ()) -> UserError:
    columns = f"; found: {', '.join(found)}" if found else ""
    return UserError(
        "It cannot be told what kind of data this is.",
        where=where,
        expected="columns of a user and an item, of a label, of a text and a label, of a path and "
        f"a label, or of two texts; or a folder of images{columns}",
        remedy=f"Say it with kind=, one of {', '.join(KINDS)}.",
    )

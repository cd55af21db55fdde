"""Open a source of texts."""

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from kit.data._columns import LABEL, named_column
from kit.data._dialect import DETECTED, TableFormat
from kit.data._frames import FrameTable, Tabular, path_or_frame
from kit.data._read import files_of, parts_of
from kit.data._table_rows import TableRows, read_table
from kit.data.builtin._open import TEXTS
from kit.errors import UserError


@dataclass(frozen=True)
class TextSource:
    """What a source names.

    Args:
        name: as the user named it.
        texts: of each row; None where the cell is empty.
        names: where each row stands, for messages.
        labels: name of its class; None where the cell is empty.
        parts: "train", "valid" or "test" of each, where the source has a split; or None.
        licence: attribution, "" where the source has none.
    """

    name: str
    texts: Sequence[str | None]
    names: Sequence[str]
    labels: Sequence[str | None]
    parts: Sequence[str] | None
    licence: str

    def __repr__(self) -> str:
        classes = {label for label in self.labels if label is not None}
        return f"TextSource({self.name!r}: {len(self.texts):,} texts, {len(classes):,} classes)"


# Most telling first, as `normalised` leaves them.
TEXT = ("text", "sentence", "review", "content", "body", "message", "comment", "document")


def open_texts(
    source: Tabular,
    *,
    text_column: str | None = None,
    label_column: str | None = None,
    format: TableFormat = DETECTED,
) -> TextSource:
    """Open a source of texts with a class each.

    A column called split, part, subset or set that says train, valid or test of every row is a
    split; so are files train.csv and test.csv, or train.csv and dev.csv, of one folder.

    Args:
        source: a built-in name (`sentiment-labelled-sentences`); `tfds:NAME`; a .csv, .tsv,
            .jsonl or .parquet file, also compressed; or a folder of them.
        text_column: None finds it by common names.
        label_column: None finds it by common names.
        format: how text tables are written, where their content does not show it.

    Raises:
        UserError: the source cannot be used; it names what is wrong and the remedy.

    Example:

    >>> source = open_texts("sentiment-labelled-sentences")
    >>> source.texts[1], source.labels[1], len(source.texts)
    ('Good case, Excellent value.', 'positive', 3000)
    """
    tables = _tables(path_or_frame(source), format)
    found = [_rows(table, part, text_column, label_column) for table, part in tables]
    parts: list[str | None] = []
    for one in found:
        parts += one.parts or [None] * len(one.texts)
    return TextSource(
        name=str(path_or_frame(source)),
        texts=[text for one in found for text in one.texts],
        names=[name for one in found for name in one.names],
        labels=[label for one in found for label in one.labels],
        parts=None if None in parts else [str(part) for part in parts],
        licence=found[0].licence,
    )


def _rows(
    table: TableRows, part: str | None, text_column: str | None, label_column: str | None
) -> TextSource:
    columns = table.frame.columns
    texts = named_column(text_column, TEXT, columns, "text", "texts", table.name)
    labels = named_column(label_column, LABEL, columns, "label", "texts", table.name)
    if texts == labels:
        raise UserError(
            f"The column {texts} is named as the text and as the label.",
            where=table.name,
            expected="a column for each",
            remedy="Change --text-column or --label-column.",
        )
    values = table.frame.select(
        text=pl.col(texts).cast(pl.String).str.strip_chars().replace("", None),
        label=pl.col(labels).cast(pl.String).str.strip_chars().replace("", None),
    )
    return TextSource(
        name=table.name,
        texts=values["text"].to_list(),
        names=[table.locate(row) for row in range(len(values))],
        labels=values["label"].to_list(),
        parts=[part] * len(values)
        if part
        else (None if table.part is None else table.part.cast(pl.String).to_list()),
        licence=table.licence,
    )


def _tables(source: str | FrameTable, format: TableFormat) -> list[tuple[TableRows, str | None]]:
    """The tables of a source and of which part each is; their columns may have other names."""
    if isinstance(source, FrameTable):
        return [(read_table(source, format), None)]
    if source in TEXTS:
        found = TEXTS[source]()
        return [(TableRows(source, found.frame, None, ((0, source, 1),), found.licence), None)]
    path = Path(source)
    if source and path.is_dir():
        files = files_of(path)
        parts = parts_of(files, path)
        return [(read_table(str(file), format), parts.get(file)) for file in parts or files]
    if source.startswith("tfds:") or (source and (path.suffix or path.name != source)):
        return [(read_table(source, format), None)]
    near = difflib.get_close_matches(source, TEXTS, n=1, cutoff=0.5)
    raise UserError(
        f"There is no file, folder or built-in data set '{source}'.",
        where="--data",
        expected=f"a path, tfds:NAME, or a built-in name: {', '.join(TEXTS)}",
        remedy=f"Did you mean {near[0]}?" if near else "Check the name.",
    )

"""Predictions for a file, some rows at a time."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import polars as pl

from kit.data import INTERACTION_SUFFIXES, HasColumns, kind_of, open_table, read_lines
from kit.errors import UserError
from kit.exports._card import TabularCard, UpliftCard
from kit.exports._predictor import Predictor

ROWS = 16_384
IMAGES = (".jpg", ".jpeg", ".png", ".bmp", ".gif")
# Columns of texts where the card names none, most telling first.
TEXTS = ("text_column", "source_column")
NAMES = ("text", "source", "sentence", "review", "content", "body", "message", "document")


def predict_file(
    predictor: Predictor,
    source: Path,
    *,
    begin: int = 0,
    rows: int = ROWS,
    keep: Sequence[str] = (),
    text_column: str | None = None,
) -> Iterator[tuple[int, pl.DataFrame]]:
    """Predict for the rows of a table, the texts of a file, or the images of a folder.

    Args:
        predictor: the export.
        source: a table with the features of the model; of models of texts a table with a column of
            texts, or a text file with one a line; of models of images a folder.
        begin: so many rows are passed over.
        rows: of the source that are predicted for at once.
        keep: columns of the table to write beside the predictions.
        text_column: the column of texts; None finds it by its name.

    Yields:
        How many rows of the source are done, and a frame: row, counted from 1, or image, the path
        in the folder; the kept columns; and what `Predictor.predict` returns.

    Raises:
        UserError: the source cannot be read or is empty, or a column is missing.
    """
    done = begin
    for names, given, kept in _blocks(predictor, source, begin, rows, keep, text_column):
        answer = predictor.predict(given)
        if "row" in answer.columns:  # of objects in images
            place = answer["row"]
            answer = answer.drop("row")
        else:
            place = pl.Series(range(len(answer)), dtype=pl.Int64)
        done += len(names)
        columns = [names.gather(place), *(one.gather(place) for one in kept)]
        yield done, pl.DataFrame([*columns, *answer.get_columns()])


def _blocks(
    predictor: Predictor,
    source: Path,
    begin: int,
    rows: int,
    keep: Sequence[str],
    text_column: str | None,
) -> Iterator[tuple[pl.Series, pl.DataFrame | list[str | Path], list[pl.Series]]]:
    """Names of the rows, what is predicted for, and the kept columns."""
    if source.is_dir():
        files = sorted(f for f in source.rglob("*") if f.suffix.lower() in IMAGES)
        if not files:
            raise UserError("There are no images.", where=str(source), expected=", ".join(IMAGES))
        for start in range(begin, len(files), rows):
            some = files[start : start + rows]
            names = pl.Series("image", [str(file.relative_to(source)) for file in some])
            yield names, [*some], []
        return
    is_table = isinstance(predictor.card, TabularCard | UpliftCard)
    if not is_table and kind_of(source) not in INTERACTION_SUFFIXES:
        lines = read_lines(source)
        for start in range(begin, len(lines), rows):
            texts: list[str | Path] = [*lines[start : start + rows]]
            yield _numbers(start, len(texts)), texts, []
        return
    table = open_table(source)
    wanted = list(table.columns) if is_table else [text_column_of(predictor, table, text_column)]
    _check(keep, table.columns, source)
    seen = 0
    for part in table.read_parts(list(dict.fromkeys([*wanted, *keep]))):
        for start in range(max(0, begin - seen), len(part), rows):
            some_rows = part[start : start + rows]
            kept = [some_rows[name] for name in keep]
            given = some_rows if is_table else some_rows[wanted[0]].fill_null("").to_list()
            yield _numbers(seen + start, len(some_rows)), given, kept
        seen += len(part)


def _numbers(start: int, count: int) -> pl.Series:
    return pl.Series("row", range(start + 1, start + 1 + count), dtype=pl.Int64)


def _check(keep: Sequence[str], columns: Sequence[str], source: Path) -> None:
    if missing := [name for name in keep if name not in columns]:
        raise UserError(
            f"There is no column {missing[0]!r}.",
            where=str(source),
            expected=", ".join(columns),
        )


def text_column_of(predictor: Predictor, table: HasColumns, given: str | None) -> str:
    """The column of texts of a table: as given, as in training, or by its name.

    Raises:
        UserError: there is none.
    """
    columns = table.columns
    of_card = [predictor.card.data.get(name) for name in TEXTS]
    candidates = [given] if given else [*of_card, *NAMES]
    found = next((name for name in candidates if name in columns), None)
    if found is None and len(columns) == 1 and given is None:
        found = columns[0]
    if found is None:
        raise UserError(
            f"There is no column {given!r}." if given else "The column of texts is not known.",
            where=str(table.path),
            expected=", ".join(columns),
            remedy="Name it: --text-column NAME",
        )
    return found

"""Open a source of pairs of texts: a table, parallel files or a built-in data set."""

import difflib
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from kit.data._columns import find_named, normalised
from kit.data._dialect import DETECTED, TableFormat
from kit.data._files import read_text
from kit.data._frames import FrameTable, Tabular, path_or_frame
from kit.data._parts import PARTS, is_split, part_of
from kit.data._table_formats import COMPRESSED, is_table
from kit.data._table_rows import TableRows, read_table
from kit.data.builtin._open import TEXT2TEXT
from kit.errors import UserError


@dataclass(frozen=True)
class Text2TextSource:
    """What a source names.

    Args:
        name: as the user named it.
        sources: texts that are given; a text may come several times.
        targets: what is to be made of each.
        parts: "train", "valid" or "test" of each pair, where the source has a split; or None.
        names: what the source calls its two sides.
        licence: attribution, "" where the source has none.
    """

    name: str
    sources: Sequence[str]
    targets: Sequence[str]
    parts: Sequence[str] | None
    names: tuple[str, str]
    licence: str

    def __repr__(self) -> str:
        return f"Text2TextSource({self.name!r}: {len(self.sources):,} pairs)"


# Most telling first, as `normalised` leaves them.
SOURCE = ("source", "src", "text", "document", "article", "abstract", "input", "body", "en")
TARGET = ("target", "tgt", "summary", "translation", "tldr", "highlights", "output", "abstract")


def pairs_of(
    table: TableRows, source_column: str | None, target_column: str | None
) -> Text2TextSource:
    """The pairs of a table.

    A cell may hold a JSON list of texts: of the source they are its sentences, of the target
    several that are each right.

    Args:
        table: the rows.
        source_column: None finds it by common names; of two columns it is the first.
        target_column: None finds it by common names; of two columns it is the other.

    Raises:
        UserError: a column is missing.
    """
    frame = table.frame
    columns = [column for column in frame.columns if column != table.split]
    first = _column(source_column, SOURCE, columns, "source", table.name, other=target_column)
    second = _column(target_column, TARGET, columns, "target", table.name, other=first)
    if first == second:
        raise UserError(
            f"Column '{first}' is named as source and as target.",
            where=table.name,
            expected="two columns",
            remedy="Change --source-column or --target-column.",
        )
    sources: list[str] = []
    targets: list[str] = []
    rows: list[int] = []
    cells = frame.select(pl.col(first, second).cast(pl.String).fill_null("")).iter_rows()
    for row, (source, target) in enumerate(cells):
        text = "\n".join(_texts(source))
        for one in _texts(target):
            sources.append(text)
            targets.append(one)
            rows.append(row)
    parts = None if table.part is None else [str(part) for part in table.part.gather(rows)]
    return Text2TextSource(table.name, sources, targets, parts, (first, second), table.licence)


def _texts(cell: str) -> Iterator[str]:
    if cell.startswith('["'):
        try:
            found = json.loads(cell)
        except ValueError:
            found = None
        if isinstance(found, list) and all(isinstance(text, str) for text in found):
            yield from (" ".join(text.split()) for text in found)
            return
    yield cell.strip()


def _column(
    named: str | None,
    common: tuple[str, ...],
    columns: list[str],
    role: str,
    where: str,
    other: str | None,
) -> str:
    if named is not None:
        return find_named(named, columns, option=f"--{role}-column", where=where)
    rest = [column for column in columns if column != other]
    if len(columns) == 2:
        return rest[0]
    by_name = {normalised(column): column for column in reversed(rest)}
    for name in common:
        if name in by_name:
            return by_name[name]
    raise UserError(
        f"No column is recognised as the {role}.",
        where=where,
        expected=f"a column called {', '.join(common[:4])} or alike; found: {', '.join(columns)}",
        remedy=f"Name it: --{role}-column NAME",
    )


def open_parallel(
    folder: Path,
    from_language: str | None,
    to_language: str | None,
    format: TableFormat = DETECTED,
) -> Text2TextSource:
    """Read files `train.LANGUAGE`, `valid.LANGUAGE` and `test.LANGUAGE`, also compressed.

    Args:
        folder: of the files; what follows train, valid, val, dev or test in a name, as in
            `test_2016.en`, is not looked at.
        from_language: code of the source; None where there are two languages in all, of which the
            first by name is the source.
        to_language: code of the target.
        format: of which the encoding is used.

    Raises:
        UserError: files are missing, or have different numbers of lines.
    """
    files = _files(folder)
    languages = sorted({language for _, language in files})
    chosen = _languages(folder, languages, from_language, to_language)
    sources: list[str] = []
    targets: list[str] = []
    parts: list[str] = []
    for part in sorted({part for part, _ in files}, key=PARTS.index):
        pair = [files.get((part, language)) for language in chosen]
        if None in pair:
            there = pair[0] or pair[1]
            if there is None:
                continue
            missing = chosen[pair.index(None)]
            raise UserError(
                f"There is no file of {part} in {missing}.",
                where=str(there),
                expected=f"a file {part}.{missing} beside it",
                remedy="Add it, or name other languages: --from and --to.",
            )
        lines = [_lines(file, format) for file in pair if file is not None]
        if len(lines[0]) != len(lines[1]):
            raise UserError(
                f"The files do not belong together: {len(lines[0]):,} lines and "
                f"{len(lines[1]):,} lines.",
                where=f"{pair[0]}, {pair[1]}",
                expected="line by line a text and its translation",
                remedy="Fetch both again, of one version.",
            )
        sources += lines[0]
        targets += lines[1]
        parts += [part] * len(lines[0])
    given = is_split(parts)
    return Text2TextSource(str(folder), sources, targets, parts if given else None, chosen, "")


def _files(folder: Path) -> dict[tuple[str, str], Path]:
    """Part and language to file."""
    found: dict[tuple[str, str], Path] = {}
    for file in sorted(folder.iterdir()):
        name = Path(file.stem) if file.suffix in COMPRESSED else Path(file.name)
        part = part_of(re.split(r"[^a-z]", name.stem.lower())[0]) or ""
        language = name.suffix.removeprefix(".")
        if not part or not language or not file.is_file():
            continue
        if (part, language) in found:
            raise UserError(
                f"Several files are the {part} part in {language}: "
                f"{found[part, language].name}, {file.name}.",
                where=str(folder),
                remedy="Keep one of them in the folder.",
            )
        found[part, language] = file
    if not found:
        raise UserError(
            "The folder holds no pairs of texts.",
            where=str(folder),
            expected="tables, or files train.LANGUAGE, test.LANGUAGE and so on",
            remedy="Name the folder of the files, or one table.",
        )
    return found


def _languages(
    folder: Path, languages: list[str], source: str | None, target: str | None
) -> tuple[str, str]:
    for language, option in ((source, "--from"), (target, "--to")):
        if language is not None and language not in languages:
            raise UserError(
                f"There is no file in '{language}'.",
                where=str(folder),
                expected=f"one of: {', '.join(languages)}",
                remedy=f"Change {option}.",
            )
    rest = [language for language in languages if language not in (source, target)]
    if len(rest) < (source is None) + (target is None) or (
        len(languages) != 2 and (source is None or target is None)
    ):
        raise UserError(
            f"Which languages are meant is not said: there are {', '.join(languages)}.",
            where=str(folder),
            expected="the language that is given, and the one to translate to",
            remedy="Say both: --from LANGUAGE --to LANGUAGE",
        )
    first = source or rest.pop(0)
    second = target or rest.pop(0)
    if first == second:
        raise UserError(f"Both sides are {first}.", where="--from, --to", expected="two languages")
    return first, second


def _lines(file: Path, format: TableFormat) -> list[str]:
    return [line.strip() for line in read_text(file, format).decode().rstrip("\n").split("\n")]


def open_text2text(
    source: Tabular,
    *,
    source_column: str | None = None,
    target_column: str | None = None,
    from_language: str | None = None,
    to_language: str | None = None,
    format: TableFormat = DETECTED,
) -> Text2TextSource:
    """Open a source of texts and what is to be made of each.

    Args:
        source: a built-in name (`tatoeba-eng-fra-part`, `scitldr-part`); `tfds:NAME`; a table with
            a column for each side; a folder of tables train, test and maybe valid; or a folder of
            files `train.LANGUAGE`, `test.LANGUAGE`, and so on, a text a line.
        source_column: of a table; None finds it by the language or common names.
        target_column: of a table; None finds it by the language or common names.
        from_language: code of the given language, which files or columns are named by.
        to_language: code of the other one.
        format: how text tables and files are written, where their content does not show it.

    Raises:
        UserError: the source cannot be used; it names what is wrong and the remedy.

    Example:

    >>> source = open_text2text("tatoeba-eng-fra-part")
    >>> source.names, source.sources[0], source.targets[0]
    (('en', 'fr'), 'He is old.', 'Il est vieux.')
    """
    named = (source_column or from_language, target_column or to_language)
    name = path_or_frame(source)
    if isinstance(name, FrameTable):
        return pairs_of(read_table(name, format), *named)
    if name in TEXT2TEXT:
        table = TEXT2TEXT[name]()
        rows = TableRows(name, table.frame, table.part, ((0, name, 1),), table.licence)
        return pairs_of(rows, *named)
    path = Path(name)
    if name and path.is_dir() and not any(map(is_table, path.iterdir())):
        return open_parallel(path, from_language, to_language, format)
    is_name = not name.startswith("tfds:") and not path.suffix and path.name == name
    if not name or (is_name and not path.exists()):
        near = difflib.get_close_matches(name, TEXT2TEXT, n=1, cutoff=0.5)
        raise UserError(
            f"There is no file, folder or built-in data set '{name}'.",
            where="--data",
            expected=f"a path, tfds:NAME, or a built-in name: {', '.join(TEXT2TEXT)}",
            remedy=f"Did you mean {near[0]}?" if near else "Check the name.",
        )
    return pairs_of(read_table(name, format), *named)

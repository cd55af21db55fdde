"""Files of texts, one a line, that belong together line by line."""

import re
from pathlib import Path

from kit.data._files import read_text
from kit.data._parts import PARTS, is_split, part_of
from kit.data._table_format import DETECTED, TableFormat
from kit.data._tables import COMPRESSED
from kit.data.pairs._source import PairSource
from kit.errors import UserError


def open_parallel(
    folder: Path,
    from_language: str | None,
    to_language: str | None,
    format: TableFormat = DETECTED,
) -> PairSource:
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
    return PairSource(str(folder), sources, targets, parts if given else None, chosen, "")


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

"""Tables of pairs: which columns are the two sides."""

import json
from collections.abc import Iterator

import polars as pl

from kit.data._columns import find_named, normalised
from kit.data._table_rows import TableRows
from kit.data.pairs._source import PairSource
from kit.errors import UserError

# Most telling first, as `normalised` leaves them.
SOURCE = ("source", "src", "text", "document", "article", "abstract", "input", "body", "en")
TARGET = ("target", "tgt", "summary", "translation", "tldr", "highlights", "output", "abstract")


def pairs_of(table: TableRows, source_column: str | None, target_column: str | None) -> PairSource:
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
    return PairSource(table.name, sources, targets, parts, (first, second), table.licence)


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

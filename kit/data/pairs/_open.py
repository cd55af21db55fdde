"""Open a source of pairs of texts."""

import difflib
from pathlib import Path

from kit.data._builtin import PAIRS
from kit.data._frames import FrameTable, Tabular, path_or_frame
from kit.data._table_format import DETECTED, TableFormat
from kit.data._table_rows import TableRows, read_table
from kit.data._tables import is_table
from kit.data.pairs._columns import pairs_of
from kit.data.pairs._parallel import open_parallel
from kit.data.pairs._source import PairSource
from kit.errors import UserError


def open_pairs(
    source: Tabular,
    *,
    source_column: str | None = None,
    target_column: str | None = None,
    from_language: str | None = None,
    to_language: str | None = None,
    format: TableFormat = DETECTED,
) -> PairSource:
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

    >>> source = open_pairs("tatoeba-eng-fra-part")
    >>> source.names, source.sources[0], source.targets[0]
    (('en', 'fr'), 'He is old.', 'Il est vieux.')
    """
    named = (source_column or from_language, target_column or to_language)
    name = path_or_frame(source)
    if isinstance(name, FrameTable):
        return pairs_of(read_table(name, format), *named)
    if name in PAIRS:
        table = PAIRS[name]()
        rows = TableRows(name, table.frame, table.part, ((0, name, 1),), table.licence)
        return pairs_of(rows, *named)
    path = Path(name)
    if name and path.is_dir() and not any(map(is_table, path.iterdir())):
        return open_parallel(path, from_language, to_language, format)
    is_name = not name.startswith("tfds:") and not path.suffix and path.name == name
    if not name or (is_name and not path.exists()):
        near = difflib.get_close_matches(name, PAIRS, n=1, cutoff=0.5)
        raise UserError(
            f"There is no file, folder or built-in data set '{name}'.",
            where="--data",
            expected=f"a path, tfds:NAME, or a built-in name: {', '.join(PAIRS)}",
            remedy=f"Did you mean {near[0]}?" if near else "Check the name.",
        )
    return pairs_of(read_table(name, format), *named)

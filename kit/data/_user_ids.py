"""A list of users."""

from pathlib import Path

from kit.data._features import id_column
from kit.data._files import read_lines
from kit.data._read import ids_of
from kit.data._table_formats import INTERACTION_SUFFIXES, kind_of, open_table
from kit.errors import UserError


def read_user_ids(path: Path) -> list[str]:
    """The ids of users in a file, each once, in the order of the file.

    Args:
        path: a table with a column of users, as sources of interactions have; or a text file with
            one id a line.

    Raises:
        UserError: the file cannot be read, has no column of users, or no id.
    """
    if kind_of(path) in INTERACTION_SUFFIXES:
        table = open_table(path)
        column = id_column(table.columns, "user", None, "user_id", where=str(path))
        text = ids_of(table, table.read([column])[column], column).text
        ids = text.drop_nulls().unique(maintain_order=True).to_list()
    else:
        lines = read_lines(path)
        ids = list(dict.fromkeys(line.strip() for line in lines if line.strip()))
    if not ids:
        raise UserError("The list of users is empty.", where=str(path))
    return ids

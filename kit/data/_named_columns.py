"""Columns of a table of examples with a class: found by name or by common names."""

from kit.data._columns import find_named, normalised
from kit.errors import UserError

# Most telling first, as `normalised` leaves them.
LABEL = ("label", "class", "classname", "category", "target", "labels")


def named_column(
    named: str | None, common: tuple[str, ...], columns: list[str], role: str, of: str, where: str
) -> str:
    """The column of a role.

    Args:
        named: by the user; None finds it by common names.
        common: names, most telling first, as `normalised` leaves them.
        columns: of the table.
        role: "label", of which the option is `--label-column`.
        of: what has a label, in the plural, for messages.
        where: the source.

    Raises:
        UserError: there is no such column.
    """
    if named is not None:
        return find_named(named, columns, option=f"--{role}-column", where=where)
    by_name = {normalised(column): column for column in reversed(columns)}
    for name in common:
        if name in by_name:
            return by_name[name]
    raise UserError(
        f"No column is recognised as the {role} of the {of}.",
        where=where,
        expected=f"a column called {' or '.join(common[:3])}; found: {', '.join(columns)}",
        remedy=f"Name it: --{role}-column NAME",
    )

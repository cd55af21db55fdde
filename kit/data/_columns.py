"""Which column of a table plays which role."""

import difflib
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from kit.errors import UserError

# Tiers, most telling first: a name of an earlier tier wins over one of a later tier; two columns of
# one tier are ambiguous. Written as `normalised` leaves them: lower case, letters and digits only.
_USER = (
    "userid uid customerid custid customerno visitorid reviewerid memberid clientid accountid "
    "shopperid buyerid playerid listenerid readerid",
    "user customer visitor reviewer member client account shopper buyer",
    "sessionid session",
)
_ITEM = (
    "itemid iid movieid productid stockcode sku asin parentasin articleid isbn trackid songid "
    "bookid gameid videoid appid newsid jobid recipeid bizid businessid showid courseid",
    "item movie product article track song book game video app stockitem",
    "artistid artist",
)
_TIME = (
    "timestamp time eventtime unixreviewtime invoicedate createdat datetime unixtimestamp ts "
    "timestampms eventtimestamp orderdate purchasedate",
    "date day reviewtime ratedat",
)
_WEIGHT = (
    "rating userrating overall weight score quantity count ratingscore stars",
    "cnt qty plays playcount clicks",
)
_KNOWN = {
    role: tuple(frozenset(tier.split()) for tier in tiers)
    for role, tiers in (("user", _USER), ("item", _ITEM), ("time", _TIME), ("weight", _WEIGHT))
}
# Names that no value of data has.
COMMON_NAMES = frozenset().union(
    *(tier for tiers in _KNOWN.values() for tier in tiers),
    ("id", "label", "class", "category", "target", "text", "sentence", "review", "title", "name"),
    ("split", "path", "file", "source"),
)
ROLES = ("user", "item", "time", "weight")


@dataclass(frozen=True)
class Columns:
    """The names of the columns of a source, where the common names do not find them.

    Args:
        user: column of user ids; None finds it by common names (`user_id`, `CustomerID`, ...).
        item: column of item ids; None finds it (`item_id`, `movieId`, `StockCode`, ...).
        time: column of times; None finds it if there is one, "" leaves time out.
        weight: column of weights or ratings; None finds it if there is one, "" leaves it out.
        time_format: how times are written: a strptime pattern ("%d/%m/%Y %H:%M"); "day-first",
            "month-first" or "year-first"; of numbers "s", "ms", "us", "ns" since 1970 or "excel",
            days of a spreadsheet. None finds it.
        min_weight: rows whose weight is smaller are no interactions; None keeps all.

    Example:

    >>> Columns(user="buyer", weight="").user
    'buyer'
    """

    user: str | None = None
    item: str | None = None
    time: str | None = None
    weight: str | None = None
    time_format: str | None = None
    min_weight: float | None = None


BY_COMMON_NAMES = Columns()


def plain_name(column: str) -> str:
    """The name without the type suffix of RecBole's atomic files (`user_id:token`)."""
    return re.sub(r":(token|float)(_seq)?$", "", column.strip())


def normalised(column: str) -> str:
    """The form names are compared in: `Customer ID`, `customer_id`, `CustomerID` are one."""
    return re.sub(r"[\W_]", "", plain_name(column).lower())


def find_named(name: str, header: Sequence[str], *, option: str, where: str) -> str:
    """The column the user named, exactly or without its type suffix."""
    for column in header:
        if name in (column, plain_name(column)):
            return column
    plain = [plain_name(column) for column in header]
    near = difflib.get_close_matches(name, plain, n=1, cutoff=0.5)
    raise UserError(
        f"There is no column '{name}'.",
        where=where,
        expected=f"one of: {', '.join(plain)}",
        remedy=f"Did you mean {option} {near[0]}?" if near else f"Change {option}.",
    )


def find_common(role: str, header: Sequence[str], *, where: str) -> str | None:
    """The column that has a common name of the role, or None."""
    for tier in _KNOWN[role]:
        found = [column for column in header if normalised(column) in tier]
        if len(found) > 1 and len(set(found)) == 1:
            raise UserError(
                f"The header names column '{plain_name(found[0])}' {len(found)} times.",
                where=where,
                expected="a name of its own for each column",
                remedy="Rename one of them.",
            )
        if len(found) > 1:
            raise UserError(
                f"Several columns could be the {role}: {', '.join(map(plain_name, found))}.",
                where=where,
                remedy=f"Say which: --{role}-column {plain_name(found[0])}",
            )
        if found:
            return found[0]
    return None


def find_columns(header: Sequence[str], columns: Columns, *, where: str) -> dict[str, str]:
    """Map role -> column name as it stands in the header.

    Raises:
        UserError: a named column does not exist, no column is the user or the item, two columns
            could be, or one column was named for two roles.

    Example:

    >>> find_columns(["CustomerID", "StockCode", "Quantity"], Columns(), where="sales.csv")
    {'user': 'CustomerID', 'item': 'StockCode', 'weight': 'Quantity'}
    """
    named = {role: name for role in ROLES if (name := getattr(columns, role)) is not None}
    found = {
        role: find_named(name, header, option=f"--{role}-column", where=where)
        for role, name in named.items()
        if name
    }
    rest = [column for column in header if column not in found.values()]
    for role in ROLES:
        if role not in named and (column := find_common(role, rest, where=where)) is not None:
            found[role] = column
    for role in ("user", "item"):
        if role not in found:
            raise UserError(
                f"No column is recognised as the {role}.",
                where=where,
                expected=f"a column of {role}s; found: {', '.join(map(plain_name, header))}"
                + _separator_hint(header),
                remedy=f"Name it: --{role}-column NAME",
            )
    for first, role in enumerate(found):
        for other in list(found)[first + 1 :]:
            if found[role] == found[other]:
                raise UserError(
                    f"Column '{plain_name(found[role])}' is named as {role} and as {other}.",
                    where=where,
                    remedy=f"Change --{role}-column or --{other}-column.",
                )
    return {role: found[role] for role in ROLES if role in found}


def _separator_hint(header: Sequence[str]) -> str:
    if len(header) == 1:
        for sign, name in ((";", "semicolons"), ("\t", "tabs"), ("|", "bars"), (",", "commas")):
            if sign in header[0]:
                return f" (one column that holds {name}: .csv is split at commas, .tsv at tabs)"
    return ""


# Most telling first, as `normalised` leaves them.
LABEL = ("label", "class", "classname", "category", "target", "labels")


def only_column(
    common: Sequence[str],
    columns: Sequence[str],
    role: str,
    where: str,
    taken: Collection[str] = (),
) -> str:
    """The one column whose name is common for a role, other than `named_column` never a guess.

    Args:
        common: names, as `normalised` leaves them.
        columns: of the table.
        role: "outcome", of which the option is `--outcome-column`.
        where: the source.
        taken: columns that are another role.

    Raises:
        UserError: there is none, or several could be it.
    """
    found = [c for c in columns if normalised(c) in common and c not in taken]
    if len(found) == 1:
        return found[0]
    raise UserError(
        f"Several columns could be the {role}: {', '.join(found)}."
        if found
        else f"No column is recognised as the {role}.",
        where=where,
        expected=f"one column of the {role}; found: {', '.join(columns)}",
        remedy=f"Name it: --{role}-column NAME",
    )


def check_distinct(columns: Mapping[str, str], options: Mapping[str, str], where: str) -> None:
    """Raise `UserError` where one column has two roles.

    Args:
        columns: role to its column.
        options: role to the option that names it.
        where: the source.
    """
    for role, column in columns.items():
        if twice := [one for one, name in columns.items() if name == column and one != role]:
            raise UserError(
                f"Column '{column}' is named as {role} and as {twice[0]}.",
                where=where,
                expected="a column of its own for each",
                remedy=f"Change {options[twice[0]]}.",
            )


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

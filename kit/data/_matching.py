"""How much of a log has a row in a table of items or users, and why so little."""

import polars as pl

LITTLE = 0.5
# What files of one company differ in, most likely first: a change that makes ids alike.
CAPITALS = "capital letters"
_DIFFERENCES = (
    (r"^0+(\d)", "$1", "leading zeros"),
    (r"\.0+$", "", "a '.0' at the end, as programs write numbers with gaps"),
    (r"^[\"'](.*)[\"']$", "$1", "quotes around them"),
    (r"^.*?0*(\d+)$", "$1", "what stands before the number"),
    ("$", "", CAPITALS),
)


def match_notes(role: str, known: pl.Series, ids: pl.Series, file: str) -> list[str]:
    """A line on how much matches, and one more if that is little.

    Args:
        role: "item" or "user".
        known: the ids of the log, each once.
        ids: the ids of the table, each once.
        file: name of the table.

    Example:

    >>> log, table = pl.Series(["7", "8", "9"]), pl.Series(["7", "5"])
    >>> match_notes("item", log, table, "items.csv")[0]
    '1 of 3 items of the log (33.3 %) have a row in items.csv; 1 of its 2 rows belong to no event'
    """
    matched = int(known.is_in(ids.implode()).sum())
    share = matched / max(len(known), 1)
    notes = [
        f"{matched:,} of {len(known):,} {role}s of the log ({100 * share:.1f} %) have a row in "
        f"{file}; {len(ids) - matched:,} of its {len(ids):,} rows belong to no event"
    ]
    if share < LITTLE:
        cause = difference(known, ids)
        notes.append(
            f"warning: few {role}s of the log have features"
            + (f": ids differ in {cause}" if cause else "; is the id column the right one?")
        )
    return notes


def difference(known: pl.Series, ids: pl.Series) -> str:
    """What makes ids of the log differ from those of a table, in words; "" if that is not known.

    Example:

    >>> difference(pl.Series(["i007", "i008"]), pl.Series(["7", "8"]))
    "what stands before the number, such as 'i007' and '7'"
    """
    best, found = LITTLE * len(known), ""
    for pattern, replacement, name in _DIFFERENCES:
        one, other = (s.str.replace(pattern, replacement) for s in (known, ids))
        if name == CAPITALS:
            one, other = (s.str.to_lowercase() for s in (known, ids))
        alike = one.is_in(other.implode())
        if alike.sum() > best:
            best = int(alike.sum())
            row = int(alike.arg_max() or 0)
            same = ids[int((other == one[row]).arg_max() or 0)]
            found = f"{name}, such as '{known[row]}' and '{same}'"
    return found

"""What a cell of any file means before its column has a kind: where it ends, and "no value"."""

import polars as pl

# ASCII whitespace, the spaces of Unicode (U+00A0 comes from web pages and spreadsheets), and
# characters without width, such as the byte order mark at the start of a file.
BLANKS = (
    " \t\n\v\f\r\x85\xa0\u1680\u180e\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009"
    "\u200a\u2028\u2029\u202f\u205f\u3000\u200b\u200c\u200d\u200e\u200f\u2060\ufeff"
)
"""Characters that are stripped from both ends of a cell."""
# What databases, languages and spreadsheets write where there is no value; in lower case.
MISSING = (
    *("na", "n/a", "n.a.", "nan", "null", "none", "nil", "nat", "undefined"),
    *("<na>", "<null>", "<none>", "(null)", "(none)", "(empty)", "\\n", "?", "-", "--", "."),
    *("#n/a", "#na", "#null!", "#value!", "#ref!", "#div/0!", "#num!", "#name?"),
)
_LONGEST = max(map(len, MISSING))


def clean_id(value: str) -> str:
    """An id as people ask for it, without blanks at its ends, as it is read from files.

    Example:

    >>> clean_id(" 85123A\\xa0")
    '85123A'
    """
    return value.strip(BLANKS)


def stripped(values: pl.Series) -> pl.Series:
    """Text without blanks at its ends; empty text is null."""
    text = values.str.strip_chars(BLANKS)
    return text.set(text == "", None)


def is_missing(text: pl.Series) -> pl.Series:
    """Which cells of stripped text hold no value: null or a marker such as NULL, NA, nan, \\N."""
    short = (text.str.len_chars() <= _LONGEST).fill_null(False)
    found = text.is_null()
    if short.any():
        # Markers are short: most columns have no cell that has to be compared.
        found = found | text.set(~short, None).str.to_lowercase().is_in(MISSING).fill_null(False)
    return found

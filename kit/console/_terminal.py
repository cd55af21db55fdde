"""Text on the terminal: whatever it says, it is shown and not obeyed."""

import json
import os
import re
import sys
import textwrap
from typing import Any, TextIO

import click

# Control characters of C0 and C1, marks and overrides of direction, invisible characters, line
# separators, and halves of surrogate pairs (bytes of a file name that are not UTF-8). The joiners
# U+200C and U+200D stay: words and emoji need them.
_UNSAFE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff"
    "\ufff9-\ufffb\U000e0000-\U000e007f\ud800-\udfff]"
)

_LABEL = re.compile(r" *[a-z]+: +| +")


def visible(text: str) -> str:
    r"""The text with control characters and invisible characters escaped, in one line.

    Ids, titles and file names come from others; in a terminal an escape sequence among them could
    write the clipboard or rewrite what is on the screen.

    Example:

    >>> print(visible("Red \x1b[31mcup\x07"))
    Red \x1b[31mcup\x07
    """
    return _UNSAFE.sub(_escaped, text)


def echo(text: str = "", *, err: bool = False, color: str | None = None) -> None:
    """Print one line; control characters in it are shown escaped.

    On a terminal a long line is wrapped between words, under the text behind its label.

    Args:
        text: the line.
        err: print to standard error instead of standard output.
        color: of the text, where the output is a terminal.
    """
    line = visible(text)
    stream = sys.stderr if err else sys.stdout
    if stream.isatty():
        line = _wrapped(line, terminal_width(stream))
    click.echo(click.style(line, fg=color) if color else line, err=err)


def terminal_width(stream: TextIO) -> int:
    """Columns of the terminal that a stream writes to; COLUMNS in the environment is stronger."""
    columns = os.environ.get("COLUMNS", "")
    if columns.isdecimal() and int(columns) > 0:
        return int(columns)
    try:
        return os.get_terminal_size(stream.fileno()).columns or 80
    except (OSError, ValueError):
        return 80


def echo_json(document: Any) -> None:
    """Print a JSON document; characters that a terminal obeys or hides are escaped as JSON has it.

    Args:
        document: of dicts, lists, text, numbers, booleans and None.
    """
    click.echo(json_text(document, indent=1))


def json_text(document: Any, *, indent: int | None = None) -> str:
    r"""The document as JSON, safe to be shown.

    Example:

    >>> print(json_text({"title": "caf\xe9 \x9b31m"}))
    {"title": "café \u009b31m"}
    """
    return visible_json(json.dumps(document, ensure_ascii=False, indent=indent))


def visible_json(text: str) -> str:
    """JSON text with everything escaped that a terminal obeys or hides; it says the same."""
    return _UNSAFE.sub(_json_escaped, text)


def _wrapped(line: str, width: int) -> str:
    label = _LABEL.match(line)
    return textwrap.fill(
        line,
        width,
        subsequent_indent=" " * len(label[0]) if label else "",
        break_long_words=False,
        break_on_hyphens=False,
    )


def _escaped(found: re.Match[str]) -> str:
    # A surrogate of a file name stands for one byte.
    code = ord(found[0])
    if 0xDC80 <= code <= 0xDCFF:
        return f"\\x{code - 0xDC00:02x}"
    return found[0].encode("unicode_escape", "surrogatepass").decode("ascii")


def _json_escaped(found: re.Match[str]) -> str:
    # Newlines in strings are escaped already; the others are those between the lines.
    return found[0] if found[0] == "\n" else json.dumps(found[0])[1:-1]

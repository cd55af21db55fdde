"""Options that say how text tables are written."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from kit.console._bundle import Function, bundled

if TYPE_CHECKING:
    from kit.data import TableFormat


@dataclass(frozen=True, kw_only=True)
class FormatOptions:
    """How text tables are written, where their content does not show it.

    Base of the options of every command that reads tables.
    """

    separator: str | None = None
    encoding: str | None = None
    header: bool | None = None
    quote: str | None = None

    def format(self) -> "TableFormat":
        """The same for `kit.data`."""
        from kit.data import TableFormat

        return TableFormat(
            self.separator,
            self.encoding,
            self.header,
            self.quote,  # type: ignore[arg-type]
        )


FORMAT = [
    click.option(
        "--separator",
        metavar="CHARACTER",
        help="Separates the cells of text tables; also tab, space, pipe.  [default: detected]",
    ),
    click.option(
        "--encoding",
        metavar="NAME",
        help="Encoding of text files that are not UTF-8, for example windows-1252.",
    ),
    click.option(
        "--header/--no-header",
        default=None,
        help="Whether the first row of the source names the columns; without, they are 1, 2, 3.  "
        "[default: header]",
    ),
    click.option(
        "--quote",
        type=click.Choice(["double", "none"]),
        help="Whether cells may be in double quotes, or quotes are text.  [default: detected]",
    ),
]


def format_options(function: Function) -> Function:
    """Add --separator to --quote; the command gets them as `format`, a `FormatOptions`."""
    return bundled(function, FORMAT, "format", FormatOptions)

"""How text tables are written."""

from dataclasses import dataclass, replace
from typing import Literal

from kit.data._encoding import check_encoding
from kit.errors import UserError

_NAMED = {"tab": "\t", "\\t": "\t", "comma": ",", "semicolon": ";", "pipe": "|", "space": " "}


@dataclass(frozen=True)
class TableFormat:
    """How text tables are written, where their content does not show it.

    Args:
        separator: between cells: characters, or tab, comma, semicolon, pipe or space; None is
            detected.
        encoding: of files that are not UTF-8, such as "windows-1252"; None is UTF-8, or UTF-16 or
            UTF-32 where the file shows it.
        header: whether the first row names the columns; without, they are "1", "2" and so on.
            None is True, but a first row that is certainly data is an error.
        quote: "double" if cells may be in double quotes, "none" if quotes are text; None is
            detected.

    Raises:
        UserError: no such encoding, or a separator that cannot be one.

    Example:

    >>> TableFormat(separator="tab").separator
    '\\t'
    """

    separator: str | None = None
    encoding: str | None = None
    header: bool | None = None
    quote: Literal["double", "none"] | None = None

    def __post_init__(self) -> None:
        if self.separator is not None:
            separator = _NAMED.get(self.separator, self.separator)
            if not separator or set(separator) & set('"\r\n') or not separator.isascii():
                raise UserError(
                    f"{self.separator!r} cannot separate cells.",
                    where="--separator",
                    expected="a character such as ; or |, or tab, comma, semicolon, pipe, space",
                )
            object.__setattr__(self, "separator", separator)
        if self.encoding is not None:
            object.__setattr__(self, "encoding", check_encoding(self.encoding, "--encoding"))

    def of_features(self) -> "TableFormat":
        """The same for tables of items and users, which may be written in another way."""
        return replace(self, header=None)


DETECTED = TableFormat()

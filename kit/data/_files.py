"""Bytes of a file, or an error that says why not."""

import os
import stat
from pathlib import Path

from kit.data._compression import (
    compression_of,
    plain_copy,
    promised_compression,
    read_bounded,
    start_of,
)
from kit.data._dialect import TableFormat
from kit.data._encoding import to_utf8
from kit.errors import UserError

_FORMATS = {
    b"PAR1": "a Parquet file",
    b"SQLite format 3\0": "an SQLite database",
    b"\x89HDF\r\n": "an HDF5 file",
    b"ARROW1": "an Arrow file",
    b"%PDF-": "a PDF document",
    b"\xd0\xcf\x11\xe0": "a workbook of a spreadsheet program",
    b"\x89PNG\r\n": "an image",
    b"\xff\xd8\xff": "an image",
    b"\x93NUMPY": "a NumPy array",
    b"{\\rtf": "a word processor's document",
    b"\x7fELF": "a program",
}
_KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFIFO: "a named pipe (FIFO)",
    stat.S_IFSOCK: "a socket",
}
PREPARED_NOTE = "prepared.json"
_KERNEL = ("/proc", "/sys")


def require_regular_file(path: Path) -> os.stat_result:
    """Check that a path is a file that ends, before it is opened; symlinks are followed.

    Reading a device may never end, opening a named pipe waits for a writer, and a file of the
    kernel may do either.

    Args:
        path: of the file.

    Returns:
        What `os.stat` says of the file.

    Raises:
        UserError: there is no such file, it cannot be looked at, or it is no regular file.
    """
    try:
        found = path.stat()
        kernel = {os.stat(place).st_dev for place in _KERNEL if os.path.isdir(place)}
    except (FileNotFoundError, NotADirectoryError):
        raise missing(path) from None
    except (OSError, ValueError) as error:
        raise unreadable(path, error) from None
    is_regular = stat.S_ISREG(found.st_mode)
    if not is_regular or found.st_dev in kernel:
        kind = "a file of the kernel" if is_regular else _KINDS.get(stat.S_IFMT(found.st_mode))
        raise UserError(
            f"It is {kind or 'no regular file'}, which cannot be read as data.",
            where=str(path),
            expected="a regular file",
            remedy="Name a file; save what a command prints to a file first.",
        )
    return found


def read_bytes(path: Path) -> bytes:
    """The file's bytes, decompressed if its content says so, whatever its name.

    Raises:
        UserError: no regular file, unreadable, damaged, of a format that is not read, too large or
            empty.
    """
    size = require_regular_file(path).st_size
    try:
        content = read_bounded(path, size) if size else b""
    except OSError as error:
        raise unreadable(path, error) from None
    if not content.strip():
        raise empty(path)
    return content


def read_text(path: Path, format: TableFormat | None = None) -> bytes:
    """`read_bytes` of a text, in UTF-8.

    Args:
        path: the file.
        format: of which the encoding is used; None where there is no option for it.

    Returns:
        Without byte order mark and blank lines at its end; each line ends in a line feed, or each
        in carriage return and line feed.

    Raises:
        UserError: as `read_bytes`; or it is not text, or of an encoding that is not known.
    """
    content = read_bytes(path)
    if inner := compression_of(content):
        command, new = plain_copy(path, compression_of(start_of(path)))
        raise UserError(
            f"The file is compressed twice: it holds {inner} data.",
            where=str(path),
            expected="a compressed text",
            remedy=f"Decompress it once: {command}, and use {new}",
        )
    if kind := _kind_of_binary(content):
        raise UserError(
            f"The file is {kind}, not text.",
            where=str(path),
            expected="text",
            remedy="Write it as CSV in UTF-8, or name another file.",
        )
    promised = promised_compression(path)
    if promised and _is_binary(content) and compression_of(start_of(path)) is None:
        raise UserError(
            f"The file is named as {promised} and is none, nor is it text.",
            where=str(path),
            expected=f"{promised} data",
            remedy="Fetch or compress it again.",
        )
    encoding, option = (format.encoding, "--encoding") if format else (None, None)
    content = _with_line_feeds(to_utf8(content, path, encoding, option))
    if not content.strip():
        raise empty(path)
    return content.rstrip(b"\r\n") + b"\n" if content.endswith((b"\n\n", b"\n\r\n")) else content


def read_lines(path: Path, format: TableFormat | None = None) -> list[str]:
    """The lines of a text.

    Args:
        path: the file.
        format: of which the encoding is used; None where there is no option for it.

    Raises:
        UserError: as `read_text`.
    """
    return read_text(path, format).decode().replace("\r\n", "\n").removesuffix("\n").split("\n")


def _with_line_feeds(content: bytes) -> bytes:
    """Line ends of one kind; a carriage return alone ends a line, too."""
    returns = content.count(b"\r")
    if returns and returns != content.count(b"\r\n"):
        content = content.replace(b"\r\r\n", b"\n").replace(b"\r\n", b"\n")
        content = content.replace(b"\r", b"\n")
    return content


def _is_binary(content: bytes) -> bool:
    try:
        content[:4096].decode()
    except UnicodeDecodeError as error:
        return error.start < 4000
    return False


def _kind_of_binary(content: bytes) -> str | None:
    if (
        content[:15].lower() in (b"<!doctype html>", b"<!doctype html ")
        or content[:6].lower() == b"<html>"
    ):
        return "a web page"
    if content[257:262] == b"ustar":
        return "a tar archive"
    return next((kind for start, kind in _FORMATS.items() if content.startswith(start)), None)


def is_prepared(folder: str | Path) -> bool:
    """Whether a source is a folder that `kit.data.prepare` wrote."""
    return (Path(folder) / PREPARED_NOTE).is_file()


def missing(path: Path) -> UserError:
    return UserError("There is no such file or folder.", where=str(path), remedy="Check the path.")


def unreadable(path: Path, error: OSError | ValueError) -> UserError:
    return UserError(
        f"The file cannot be read: {getattr(error, 'strerror', None) or error}.",
        where=str(path),
        remedy=f"Check its permissions: ls -l {path}",
    )


def empty(path: Path) -> UserError:
    return UserError("The file is empty.", where=str(path), expected="a header and rows")


def header_only(path: Path) -> UserError:
    return UserError(
        "The file has a header and no rows.", where=str(path), expected="rows of interactions"
    )

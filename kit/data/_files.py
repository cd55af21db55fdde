"""Bytes of a file, or an error that says why not."""

import codecs
import gzip
import lzma
import os
import stat
import zlib
from pathlib import Path

from kit.errors import UserError

_BLOCK = 1 << 24
_KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFIFO: "a named pipe (FIFO)",
    stat.S_IFSOCK: "a socket",
}
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
    """The file's bytes, decompressed if its name ends in .gz or .xz.

    Raises:
        UserError: missing, unreadable, corrupt or empty.
    """
    require_regular_file(path)
    try:
        content = path.read_bytes()
        if path.suffix == ".gz":
            content = gzip.decompress(content)
        elif path.suffix == ".xz":
            content = lzma.decompress(content)
    except FileNotFoundError:
        raise missing(path) from None
    except (EOFError, zlib.error, gzip.BadGzipFile, lzma.LZMAError) as error:
        kind = "xz" if path.suffix == ".xz" else "gzip"
        raise UserError(
            f"The file is not a complete {kind} file.",
            where=str(path),
            expected=f"{kind} data ({error})",
            remedy=f"Fetch or compress it again; `{kind} -t {path.name}` tests it.",
        ) from None
    except OSError as error:
        raise unreadable(path, error) from None
    if not content.strip():
        raise empty(path)
    return content


def read_text(path: Path) -> bytes:
    """`read_bytes` of a UTF-8 file, without byte order mark and without blank lines at its end."""
    content = read_bytes(path)
    decoder = codecs.getincrementaldecoder("utf-8")()
    view = memoryview(content)
    for start in range(0, len(content), _BLOCK):
        pending = len(decoder.getstate()[0])
        try:
            decoder.decode(view[start : start + _BLOCK], final=start + _BLOCK >= len(content))
        except UnicodeDecodeError as error:
            offset = start - pending + error.start
            likely = (
                "UTF-16" if content[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE) else "LATIN1"
            )
            raise UserError(
                f"The file is not UTF-8: byte 0x{content[offset]:02x}.",
                where=f"{path}, line {content.count(10, 0, offset) + 1}, byte offset {offset}",
                expected="text in UTF-8",
                remedy=f"Convert it, for example: iconv -f {likely} -t UTF-8 {path.name}",
            ) from None
    content = content.removeprefix(codecs.BOM_UTF8)
    return content.rstrip(b"\r\n") + b"\n" if content.endswith((b"\n\n", b"\n\r\n")) else content


def missing(path: Path) -> UserError:
    return UserError("There is no such file or folder.", where=str(path), remedy="Check the path.")


def unreadable(path: Path, error: OSError | ValueError) -> UserError:
    return UserError(
        f"The file cannot be read: {getattr(error, 'strerror', None) or error}.",
        where=str(path),
        remedy=f"Check its permissions: ls -l {path}",
    )


def empty(path: Path) -> UserError:
    return UserError(
        "The file is empty.", where=str(path), expected="a header and rows of interactions"
    )


def header_only(path: Path) -> UserError:
    return UserError(
        "The file has a header and no rows.", where=str(path), expected="rows of interactions"
    )

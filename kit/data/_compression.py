"""Compressed files, and how much memory they may take."""

import bz2
import gzip
import io
import lzma
import shlex
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

from kit.errors import UserError

_GROUPS = Path("/sys/fs/cgroup")
_MEMORY = Path("/proc/meminfo")
_OWN = Path("/proc/self/cgroup")


def available_memory() -> int | None:
    """Bytes that the machine and the limits of this process's control groups leave, or None.

    Example:

    >>> (available_memory() or 1) > 0
    True
    """
    found = [limit for limit in (_of_machine(), *_of_groups()) if limit is not None]
    return max(0, min(found)) if found else None


def _of_machine() -> int | None:
    for line in _lines(_MEMORY):
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) * 1024
    return None


def _of_groups() -> list[int]:
    left = []
    for line in _lines(_OWN):
        _, kinds, place = line.split(":", 2)
        if not kinds:  # version 2
            root, most, used, cache = _GROUPS, "memory.max", "memory.current", "inactive_file"
        elif "memory" in kinds.split(","):
            root, cache = _GROUPS / "memory", "total_inactive_file"
            most, used = "memory.limit_in_bytes", "memory.usage_in_bytes"
        else:
            continue
        own = root / place.lstrip("/")
        for group in (own, *own.parents):
            limit, usage = _number(group / most), _number(group / used)
            if limit is not None and usage is not None:
                # Pages of files that were read count as used and are given up on demand.
                stat = dict(line.split(" ", 1) for line in _lines(group / "memory.stat"))
                left.append(limit - usage + int(stat.get(cache, 0)))
            if group == root:
                break
    return left


def _number(file: Path) -> int | None:
    lines = _lines(file)
    return int(lines[0]) if lines and lines[0].isdigit() else None


def _lines(file: Path) -> list[str]:
    try:
        return file.read_text().splitlines()
    except OSError:
        return []


# A larger file of text is not 200 times its compressed size.
MOST_TIMES, ALWAYS_FINE = 200, 1 << 28
# What is read is parsed next to it.
SHARE_OF_MEMORY = 0.6
_BLOCK = 1 << 22
_OPENERS: dict[str, Callable[..., Any]] = {
    "gzip": gzip.open,
    "xz": lzma.open,
    "bzip2": bz2.open,
}
_STARTS = {
    b"\x1f\x8b\x08": "gzip",
    b"\xfd7zXZ\0": "xz",
    b"PK\x03\x04": "zip",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"\x04\x22\x4d\x18": "lz4",
    b"\x1f\x9d": "compress",
    b"7z\xbc\xaf\x27\x1c": "7z",
    b"Rar!\x1a\x07": "rar",
}
_COMMANDS = {
    "gzip": "gzip -dc < {file} > {new}",
    "xz": "xz -dc < {file} > {new}",
    "bzip2": "bzip2 -dc < {file} > {new}",
    "zstd": "zstd -dc < {file} > {new}",
    "lz4": "lz4 -dc < {file} > {new}",
    "compress": "gzip -dc < {file} > {new}",
    "zip": "unzip {file}",
    "7z": "7z x {file}",
    "rar": "unrar x {file}",
}
_SUFFIXES = {".gz": "gzip", ".xz": "xz", ".bz2": "bzip2", ".zip": "zip", ".zst": "zstd"}


def compression_of(start: bytes) -> str | None:
    """The kind of compression that the first bytes of a file show, or None.

    Example:

    >>> compression_of(gzip.compress(b"u1,i1"))
    'gzip'
    """
    if start[:3] == b"BZh" and start[4:10] == b"1AY&SY":
        return "bzip2"
    return next((kind for magic, kind in _STARTS.items() if start.startswith(magic)), None)


def start_of(path: Path) -> bytes:
    """The first bytes of a file, as it is on disk."""
    with path.open("rb") as file:
        return file.read(16)


def promised_compression(path: Path) -> str | None:
    """The kind of compression that the name of a file promises, or None."""
    return _SUFFIXES.get(path.suffix.lower())


def plain_copy(path: Path, kind: str | None) -> tuple[str, Path]:
    """A shell command that decompresses a file, and the file it leads to.

    Args:
        path: the file.
        kind: of compression; None is none.
    """
    if kind is None:
        return "", path
    stem = path.with_suffix("") if path.suffix.lower() in _SUFFIXES else path
    new = stem if stem != path and stem.suffix else stem.with_name(f"{stem.name}.plain.csv")
    return _COMMANDS[kind].format(file=shlex.quote(str(path)), new=shlex.quote(str(new))), new


def read_bounded(path: Path, size: int) -> bytes:
    """The content of a file, decompressed.

    Args:
        path: the file.
        size: of the file in bytes.

    Raises:
        UserError: damaged, of a kind that is not read here, or too large for the memory.
        OSError: it cannot be read.
    """
    memory = available_memory()
    room = None if memory is None else int(memory * SHARE_OF_MEMORY)
    if room is not None and size > room:
        raise _too_large(path, None, f"has {_shown(size)}", room)
    try:
        with path.open("rb") as file:
            kind = compression_of(file.read(16))
            file.seek(0)
            if kind is None:
                return file.read()
            if kind == "zip":
                return _only_member(path, file, size, room)
            if kind not in _OPENERS:
                raise _unknown_kind(path, kind)
            with _OPENERS[kind](file) as stream:
                return _read(stream, path, kind, size, room)
    except (EOFError, zlib.error, gzip.BadGzipFile, lzma.LZMAError, zipfile.BadZipFile) as error:
        raise _damaged(path, kind or "", error) from None
    except MemoryError:
        raise _too_large(path, kind, "does not fit", 0) from None


def _read(stream: IO[bytes], path: Path, kind: str, size: int, room: int | None) -> bytes:
    most = max(ALWAYS_FINE, MOST_TIMES * size)
    content = io.BytesIO()
    try:
        while block := stream.read(_BLOCK):
            content.write(block)
            if content.tell() > most:
                command, new = plain_copy(path, kind)
                raise UserError(
                    f"The file expands to more than {_shown(most)}, from {_shown(size)}.",
                    where=str(path),
                    expected=f"at most {MOST_TIMES} times the size of the compressed file, or "
                    f"{_shown(ALWAYS_FINE)}",
                    remedy=f"If that is right: {command}, and use {new}",
                )
            if room is not None and content.tell() > room:
                raise _too_large(path, kind, f"expands to more than {_shown(room)}", room)
    except OSError as error:
        # BZ2File raises a plain OSError for damaged data, which has no number.
        if error.errno is not None or isinstance(error, gzip.BadGzipFile):
            raise
        raise _damaged(path, kind, error) from None
    return content.getvalue()


def _only_member(path: Path, file: IO[bytes], size: int, room: int | None) -> bytes:
    with zipfile.ZipFile(file) as archive:
        names = [
            one.filename
            for one in archive.infolist()
            if not one.is_dir() and not one.filename.startswith(("__MACOSX/", "."))
        ]
        if "[Content_Types].xml" in names:
            raise UserError(
                "It is a workbook of a spreadsheet program, not a text table.",
                where=str(path),
                expected="a .csv file",
                remedy="Open it in the spreadsheet program and save the sheet as CSV UTF-8.",
            )
        if len(names) != 1:
            raise UserError(
                f"The zip file holds {len(names)} files: {', '.join(names[:5])}"
                + ("." if len(names) <= 5 else ", ..."),
                where=str(path),
                expected="one file",
                remedy=f"Unpack it, unzip {shlex.quote(str(path))}, and name one of the files.",
            )
        try:
            with archive.open(names[0]) as stream:
                return _read(stream, path, "zip", size, room)
        except (RuntimeError, NotImplementedError) as error:
            raise UserError(
                f"The zip file cannot be unpacked: {error}.",
                where=str(path),
                expected="a zip file without password",
                remedy=f"Unpack it, unzip {shlex.quote(str(path))}, and name the file.",
            ) from None


def _damaged(path: Path, kind: str, error: Exception) -> UserError:
    tests = {"zip": "unzip -t {}", "gzip": "gzip -tv < {}", "xz": "xz -tv < {}"}
    test = tests.get(kind, "bzip2 -tv < {}").format(shlex.quote(str(path)))
    return UserError(
        f"The file is not a complete {kind} file: {str(error).rstrip('.')}.",
        where=str(path),
        expected=f"{kind} data, whole",
        remedy=f"Fetch or compress it again; `{test}` tests it.",
    )


def _unknown_kind(path: Path, kind: str) -> UserError:
    command, new = plain_copy(path, kind)
    return UserError(
        f"The file is compressed with {kind}, which is not read here.",
        where=str(path),
        expected="gzip, xz, bzip2, zip, or no compression",
        remedy=f"Decompress it: {command}, and use "
        + ("what it holds." if kind in ("7z", "rar") else f"{new}"),
    )


def _too_large(path: Path, kind: str | None, what: str, room: int) -> UserError:
    _, new = plain_copy(path, kind)
    show = {None: "head", "gzip": "gzip -dc", "xz": "xz -dc", "bzip2": "bzip2 -dc"}
    file = shlex.quote(str(path))
    fewer = shlex.quote(str(new.with_name(f"{new.stem}.first{new.suffix or '.csv'}")))
    read = "unzip -p" if kind == "zip" else f"{show.get(kind, 'cat')}"
    command = f"{read} {file} | head -n 1000000" if kind else f"head -n 1000000 {file}"
    return UserError(
        f"The file {what}; there is memory for {_shown(room)}.",
        where=str(path),
        expected="a file that fits into the memory that is free",
        remedy=f"Use a machine with more memory, or fewer rows: {command} > {fewer}",
    )


def _shown(size: int) -> str:
    unit = next((u for u in ("GiB", "MiB", "KiB") if size >= 1 << _BITS[u]), "bytes")
    return f"{size / (1 << _BITS[unit]):.4g} {unit}"


_BITS = {"bytes": 0, "KiB": 10, "MiB": 20, "GiB": 30}

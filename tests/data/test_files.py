import gzip
import os
import socket
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from kit.data import ParquetTable, _encoding, read_bytes, read_text, require_regular_file
from kit.errors import UserError


def test_gzip_is_decompressed(tmp_path: Path) -> None:
    file = tmp_path / "a.csv.gz"
    file.write_bytes(gzip.compress(b"a,b\n"))
    assert read_bytes(file) == b"a,b\n"


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"no such file(.|\n)*none\.csv"):
        read_bytes(tmp_path / "none.csv")


def _device(folder: Path) -> Path:
    return Path("/dev/zero")


def _linked_device(folder: Path) -> Path:
    (folder / "a.csv").symlink_to("/dev/zero")
    return folder / "a.csv"


def _pipe(folder: Path) -> Path:
    os.mkfifo(folder / "a.csv")
    return folder / "a.csv"


def _socket(folder: Path) -> Path:
    # The path of a socket has to be short.
    with tempfile.TemporaryDirectory() as place, socket.socket(socket.AF_UNIX) as opened:
        opened.bind(f"{place}/s")
        return (Path(place) / "s").rename(folder / "a.csv")


def _folder(folder: Path) -> Path:
    (folder / "a.csv").mkdir()
    return folder / "a.csv"


def _file_of_the_kernel(folder: Path) -> Path:
    return Path("/proc/self/environ")


@pytest.mark.parametrize(
    ("make", "kind"),
    [
        (_device, "device"),
        (_linked_device, "device"),
        (_pipe, "named pipe"),
        (_socket, "socket"),
        (_folder, "folder"),
        (_file_of_the_kernel, "kernel"),
    ],
)
@pytest.mark.parametrize("read", [require_regular_file, read_bytes, read_text, ParquetTable])
def test_only_regular_files_are_read(
    tmp_path: Path, make: Callable[[Path], Path], kind: str, read: Callable[[Path], object]
) -> None:
    path = make(tmp_path)
    with pytest.raises(UserError, match=rf"It is a.* {kind}(.|\n)*where: {path}(.|\n)*regular"):
        read(path)


@pytest.mark.parametrize("name", ["loop", "dangling", "a.csv/b.csv", "n\0ul"])
def test_paths_that_lead_nowhere(tmp_path: Path, name: str) -> None:
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "dangling").symlink_to("nothing")
    (tmp_path / "a.csv").write_text("")
    with pytest.raises(UserError, match=r"(no such file|cannot be read)(.|\n)*where"):
        require_regular_file(tmp_path / name)


def test_a_link_to_a_regular_file_is_followed(tmp_path: Path) -> None:
    (tmp_path / "real.csv").write_text("a\n")
    (tmp_path / "a.csv").symlink_to("real.csv")
    assert require_regular_file(tmp_path / "a.csv").st_size == 2


def test_an_unreadable_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Permissions do not stop the superuser, so the refusal is played.
    def refuse(path: Path, *args: object, **named: object) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    (tmp_path / "a.csv").write_text("a")
    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(UserError, match=r"Permission denied(.|\n)*a\.csv(.|\n)*ls -l"):
        read_bytes(tmp_path / "a.csv")


# A fixed mtime: the header holds the time, and it would stand in the name of the test.
@pytest.mark.parametrize(
    "content",
    [gzip.compress(b"a,b\n" * 99, mtime=0)[:-9], gzip.compress(b"a,b\n", mtime=0) + b"more"],
    ids=["cut", "followed"],
)
def test_a_corrupt_gzip_file(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "a.csv.gz"
    file.write_bytes(content)
    with pytest.raises(UserError, match=r"gzip(.|\n)*a\.csv\.gz(.|\n)*remedy"):
        read_bytes(file)


@pytest.mark.parametrize("content", [b"", b"\n \n"])
def test_an_empty_file(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "a.csv"
    file.write_bytes(content)
    with pytest.raises(UserError, match=r"empty(.|\n)*a\.csv"):
        read_bytes(file)


def test_utf_8_is_checked_across_blocks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_encoding, "_BLOCK", 2)
    file = tmp_path / "a.csv"
    text = "aé€𝄞\n".encode()
    file.write_bytes(text)
    assert read_text(file) == text
    file.write_bytes(text + "é".encode()[:1])
    with pytest.raises(UserError, match=f"line 2, byte offset {len(text)}"):
        read_text(file)


def test_blank_lines_at_the_end_are_no_rows(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    for end in (b"\n", b"\n\n\n", b"\r\n\r\n"):
        file.write_bytes(b"user\nu1" + end)
        assert read_text(file) == b"user\nu1\n"


def test_a_byte_order_mark_is_dropped(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_bytes(b"\xef\xbb\xbfuser\n")
    assert read_text(file) == b"user\n"

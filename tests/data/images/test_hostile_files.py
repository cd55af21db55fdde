"""Paths of images that are no files, and images too large to decode."""

import os
import socket
import struct
import zlib

import numpy as np
import polars as pl
import pytest

from kit.data import TrainableColumn
from kit.data.detection import open_detection
from kit.data.images import MOST_PIXELS, header_of, open_images, split_images
from kit.errors import UserError
from tests.data.detection.boxed import squares, write_coco
from tests.data.images.files import class_folders, image

SIDES = (13_000, 13_000)


def bomb(kind="png", sides=SIDES):
    """A small file that says it holds many pixels."""
    if kind == "gif":
        return b"GIF89a" + struct.pack("<HH", *sides) + bytes(20)
    if kind == "bmp":
        return b"BM" + bytes(16) + struct.pack("<ii", *sides) + bytes(20)
    if kind == "jpg":
        return image(kind="JPEG").replace(
            b"\xff\xc0\x00\x11\x08\x00\x08\x00\x08",
            b"\xff\xc0\x00\x11\x08" + struct.pack(">HH", *sides),
        )
    head = struct.pack(">IIBBBBB", *sides, 8, 2, 0, 0, 0)
    chunk = struct.pack(">I", 13) + b"IHDR" + head + struct.pack(">I", zlib.crc32(b"IHDR" + head))
    return b"\x89PNG\r\n\x1a\n" + chunk


@pytest.fixture
def strange(tmp_path):
    """Paths that are no regular files."""
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to("pipe")
    server = socket.socket(socket.AF_UNIX)
    server.bind(str(tmp_path / "socket"))
    yield {name: tmp_path / name for name in ("pipe", "folder", "link", "socket")} | {
        "device": "/dev/zero"
    }
    server.close()


@pytest.mark.parametrize("kind", ["png", "jpg", "gif", "bmp"])
def test_sizes_are_read_from_headers(kind):
    header = header_of(bomb(kind))
    assert (header.width, header.height) == SIDES
    assert header.is_too_large
    assert MOST_PIXELS < 13_000 * 13_000


@pytest.mark.parametrize("name", ["pipe", "folder", "link", "socket", "device"])
def test_images_have_to_be_regular_files(tmp_path, strange, name):
    class_folders(tmp_path / "good")
    rows = [f"good/{c}/{n}.png,{c}" for c in ("dark", "light") for n in range(10)]
    table = tmp_path / "list.csv"
    table.write_text("\n".join(["path,label", *rows, f"{strange[name]},dark"]))
    source = open_images(str(table))
    with pytest.raises(UserError, match=r"1 are no regular files(.|\n)*list\.csv, row 22") as error:
        split_images(source)
    assert str(strange[name]) in error.value.where
    data = split_images(source, on_bad_file="skip")
    assert [(step.name, step.rows) for step in data.cleaning] == [
        ("files that are no regular files", 1)
    ]


@pytest.mark.parametrize("name", ["pipe", "device"])
def test_images_with_boxes_have_to_be_regular_files(tmp_path, strange, name):
    file = write_coco(tmp_path / "a.json", squares(3))
    file.write_text(file.read_text().replace('"1.png"', f'"{strange[name]}"'))
    with pytest.raises(UserError, match=r"which cannot be read as data") as error:
        open_detection(str(file))
    assert str(strange[name]) in error.value.where
    assert len(open_detection(str(file), on_bad_file="skip").images) == 2


@pytest.mark.parametrize("kind", ["png", "jpg", "gif", "bmp"])
def test_an_image_of_too_many_pixels_is_not_decoded(tmp_path, kind):
    class_folders(tmp_path / "good")
    (tmp_path / "good" / "dark" / "bomb.png").write_bytes(bomb(kind))
    source = open_images(str(tmp_path / "good"))
    with pytest.raises(UserError, match=r"1 have more than 89,478,485 pixels(.|\n)*bomb\.png"):
        split_images(source)
    assert split_images(source, on_bad_file="skip").cleaning[0].rows == 1
    file = write_coco(tmp_path / "boxes" / "a.json", squares(3))
    (tmp_path / "boxes" / "1.png").write_bytes(bomb(kind))
    with pytest.raises(UserError, match=r"13,000 x 13,000 pixels(.|\n)*1\.png"):
        open_detection(str(file))


@pytest.mark.parametrize("name", ["pipe", "folder", "device"])
def test_item_images_have_to_be_regular_files(tmp_path, strange, name):
    content = TrainableColumn("photo")
    table = pl.DataFrame({"item_id": ["a"], "photo": [str(strange[name])]})
    with pytest.raises(UserError, match=r"cannot be read as data(.|\n)*of item a, column photo"):
        content.read(table)
    (tmp_path / "b.png").write_bytes(bomb())
    table = pl.DataFrame({"item_id": ["a"], "photo": ["b.png"]})
    with pytest.raises(UserError, match="13,000 x 13,000 pixels"):
        content.read(table, tmp_path)
    (tmp_path / "b.png").write_bytes(image())
    assert np.any(content.read(table, tmp_path))

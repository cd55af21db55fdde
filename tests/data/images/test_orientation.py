"""Images are used as they are shown."""

import io
import struct

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image, ImageOps

from kit.data.images import Header, decode_upright, decoded, header_of, orientation

ORDERS = {"<": b"II*\0", ">": b"MM\0*"}


def photo(turn=1, kind="JPEG", size=(48, 32)):
    """A file whose four corners differ, to be turned."""
    pixels = np.full((size[1], size[0], 3), 120, np.uint8)
    pixels[:16, :16], pixels[-16:, :16], pixels[-16:, -16:] = (250, 0, 0), (0, 250, 0), (0, 0, 250)
    exif = Image.Exif()
    exif[0x0112] = turn
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, kind, exif=exif, quality=95)
    return file.getvalue()


def shown(content):
    return np.asarray(ImageOps.exif_transpose(Image.open(io.BytesIO(content))).convert("RGB"))


def with_exif(tiff, *before):
    """A JPEG whose segments are given."""
    plain = photo()
    start = 2
    while plain[start + 1] in (0xE0, 0xE1):
        start += 2 + int.from_bytes(plain[start + 2 : start + 4], "big")
    segments = [*before, (0xE1, b"Exif\0\0" + tiff)]
    written = b"".join(
        bytes([0xFF, marker]) + struct.pack(">H", 2 + len(body)) + body for marker, body in segments
    )
    return plain[:2] + written + plain[start:]


def tiff(order, *entries, offset=8):
    rows = b"".join(struct.pack(f"{order}HHIHH", *entry, 0) for entry in entries)
    head = ORDERS[order] + struct.pack(f"{order}I", offset) + bytes(offset - 8)
    return head + struct.pack(f"{order}H", len(entries)) + rows + bytes(4)


@pytest.mark.parametrize("turn", range(1, 9))
def test_all_orientations_are_as_they_are_shown(turn):
    content = photo(turn)
    expected = shown(content)
    found = decode_upright(tf.constant(content), 3).numpy()
    assert found.shape == expected.shape
    assert np.abs(found.astype(int) - expected).mean() < 2
    height, width = expected.shape[:2]
    again = decoded(tf.constant(content), height, width, 3).numpy()
    np.testing.assert_array_equal(again, decode_upright(tf.constant(content)).numpy())
    header = header_of(content)
    assert header == Header(48, 32, turn)
    assert header.upright == (width, height)


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("turn", [1, 3, 6, 8])
def test_exif_is_read_wherever_it_stands(order, turn):
    entries = [(0x010F, 2, 4, 7), (0x0110, 3, 1, 5), (0x0112, 3, 1, turn), (0x0131, 3, 1, 2)]
    jfif, other = (0xE0, b"JFIF\0" + bytes(9)), (0xE2, bytes(3000))
    for before in ([], [jfif], [jfif, other, (0xFE, b"a comment"), (0xE1, b"http://ns\0<x/>")]):
        for offset in (8, 30):
            content = with_exif(tiff(order, *entries, offset=offset), *before)
            assert int(orientation(tf.constant(content))) == turn
            assert header_of(content).orientation == turn


@pytest.mark.parametrize(
    "damaged",
    [
        b"",
        b"II*\0",
        b"XX*\0" + bytes(20),
        tiff("<", (0x0112, 3, 1, 9)),
        tiff("<", (0x0112, 3, 1, 0)),
        tiff(">", (0x0112, 4, 1, 6)),
        tiff(">", (0x0112, 3, 2, 6)),
        b"II*\0" + struct.pack("<I", 2**31 - 1) + bytes(30),
        b"MM\0*" + struct.pack(">I", 2**32 - 1) + bytes(30),
        tiff("<", (0x0112, 3, 1, 6))[:14],
    ],
)
def test_damaged_exif_turns_nothing(damaged):
    content = with_exif(damaged)
    assert int(orientation(tf.constant(content))) == 1
    assert header_of(content).orientation == 1
    np.testing.assert_array_equal(
        decode_upright(tf.constant(content)), tf.io.decode_jpeg(content).numpy()
    )


@pytest.mark.parametrize("kind", ["PNG", "GIF", "BMP"])
def test_other_formats_have_a_size_and_stay(kind):
    file = io.BytesIO()
    Image.fromarray(np.zeros((5, 7, 3), np.uint8)).save(file, kind)
    assert header_of(file.getvalue()) == Header(7, 5)
    assert int(orientation(tf.constant(file.getvalue()))) == 1


@pytest.mark.parametrize(
    "content", [b"", b"\xff", b"\xff\xd8", b"\xff\xd8\xff", b"\xff\xd8\xff\xe1\0\0", b"BM", b"text"]
)
def test_what_is_no_image_has_no_header_and_no_orientation(content):
    assert header_of(content) is None
    assert int(orientation(tf.constant(content))) == 1


def test_the_graph_is_of_cores_operations_and_fast_enough_for_a_photo():
    traced = tf.function(lambda x: decode_upright(x, 3)).get_concrete_function(
        tf.TensorSpec([], tf.string)
    )
    assert traced(tf.constant(photo(6))).shape == (48, 32, 3)
    functions = traced.graph.as_graph_def().library.function
    used = {node.op for function in functions for node in function.node_def}
    assert not {op for op in used if "PyFunc" in op or op in ("ReadFile", "WriteFile")}

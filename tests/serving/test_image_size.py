import io
import struct

import pytest
import tensorflow as tf
from PIL import Image

from kit.serving import ServingError, pixels


def encoded(kind: str, width: int, height: int, **options) -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", (width, height)).save(stream, kind, **options)
    return stream.getvalue()


FILES = {
    "JPEG": encoded("JPEG", 31, 17),
    "progressive JPEG": encoded("JPEG", 31, 17, progressive=True),
    "JPEG with metadata": encoded("JPEG", 31, 17, exif=b"Exif\0\0" + b"\xff\xc0\0\x11" * 40),
    "PNG": encoded("PNG", 31, 17),
    "BMP": encoded("BMP", 31, 17),
    "lossy WebP": encoded("WEBP", 31, 17),
    "lossless WebP": encoded("WEBP", 31, 17, lossless=True),
    "WebP with metadata": encoded("WEBP", 31, 17, exif=b"Exif\0\0abcd"),
}


@pytest.mark.parametrize("content", FILES.values(), ids=FILES)
def test_the_size_is_that_of_the_decoder(content):
    height, width, _ = tf.io.decode_image(content, expand_animations=False).shape
    assert pixels(content) == height * width == 17 * 31


@pytest.mark.parametrize("kind", ["GIF", "WEBP"])
def test_frames_of_an_animation_add_up(kind):
    frames = [Image.new("RGB", (40, 30), (50 * n, 0, 0)) for n in range(5)]
    stream = io.BytesIO()
    frames[0].save(stream, kind, save_all=True, append_images=frames[1:], duration=50)
    assert 5 * 40 * 30 <= pixels(stream.getvalue()) <= 6 * 40 * 30


def gif(canvas: tuple[int, int], *frames: tuple[int, int]) -> bytes:
    blocks = [b"\x21\xfe\x03abc\0"]
    blocks += [
        b"\x2c" + struct.pack("<HHHHB", 0, 0, *frame, 0) + b"\x02\x01\0\0" for frame in frames
    ]
    return b"GIF89a" + struct.pack("<HHBBB", *canvas, 0x80, 0, 0) + bytes(6) + b"".join(blocks)


def png(width: int, height: int) -> bytes:
    return b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)


def jpeg(*sizes: tuple[int, int]) -> bytes:
    frames = [b"\xff\xc2\0\x0b\x08" + struct.pack(">HH", h, w) + b"\1\1\x11\0" for w, h in sizes]
    return b"\xff\xd8\xff\xe0\0\x04ab\0garbage\xff\xff" + b"".join(frames)[1:] + b"\xff\xda"


BOMBS = {
    "PNG": (png(50_000, 50_000), 50_000**2),
    "PNG as wide as it goes": (png(2**31 - 1, 2**31 - 1), (2**31 - 1) ** 2),
    "JPEG": (jpeg((65_000, 65_000)), 65_000**2),
    "JPEG with two headers": (jpeg((1, 1), (60_000, 50_000)), 3_000_000_000),
    "GIF canvas": (gif((60_000, 60_000), (1, 1)), 2 * 60_000**2),
    "GIF frame larger than its canvas": (gif((1, 1), (60_000, 60_000)), 1 + 60_000**2),
    "GIF of many frames": (gif((1000, 1000), *[(1000, 1000)] * 300), 301 * 1000**2),
    "GIF cut off": (gif((1, 1), (60_000, 60_000))[:-3], 1 + 60_000**2),
    "BMP upside down": (b"BM" + bytes(16) + struct.pack("<ii", 40_000, -40_000), 40_000**2),
    "WebP canvas": (
        b"RIFF\0\0\0\0WEBPVP8X" + struct.pack("<I", 10) + bytes(4) + b"\xff\x3f\0\xff\x3f\0",
        2**28,
    ),
}


@pytest.mark.parametrize(("content", "size"), BOMBS.values(), ids=BOMBS)
def test_small_files_that_decode_to_large_images(content, size):
    assert len(content) < 10_000
    assert pixels(content) == size


REFUSED = {
    "JPEG XL": b"\xff\x0a" + bytes(20),
    "JPEG XL in a container": b"\0\0\0\x0cJXL \r\n\x87\n",
    "PNG without its header first": png(1, 1).replace(b"IHDR", b"tEXt"),
    "JPEG of many scans": jpeg((1000, 1000)) + b"\xff\xda\0\0" * 70,
}


@pytest.mark.parametrize("content", REFUSED.values(), ids=REFUSED)
def test_what_its_header_does_not_bound(content):
    with pytest.raises(ServingError) as caught:
        pixels(content)
    assert caught.value.code == "INVALID_ARGUMENT"


@pytest.mark.parametrize(
    "content", [b"", b"text", b"BM", b"GIF89a", b"\xff\xd8\xff", png(9, 9)[:20]]
)
def test_what_is_no_image_or_too_short_has_no_pixels(content):
    assert pixels(content) == 0


@pytest.mark.parametrize("content", FILES.values(), ids=FILES)
def test_every_beginning_of_a_file_is_read(content):
    assert all(pixels(content[:end]) <= 17 * 31 for end in range(len(content)))

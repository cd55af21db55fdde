"""Pixels of an encoded image, from its headers: what a decoder would allocate.

The formats are those of TensorFlow's decoders, recognized by the same bytes.
"""

import struct
from collections.abc import Iterator

from kit.serving._status import invalid

DECODERS = frozenset(
    f"Decode{name}" for name in ("Image", "Jpeg", "AndCropJpeg", "Png", "Gif", "Bmp", "WebP", "Jxl")
)
# A progressive JPEG has about ten; every one of them passes over the whole image.
MOST_SCANS = 64
JPEG_XL = (b"\xff\x0a", b"\0\0\0\x0cJXL \r\n\x87\n")


def pixels(content: bytes) -> int:
    """Width times height, of all frames together.

    Args:
        content: the bytes of a file.

    Returns:
        0 where it is no image, or too short to be decoded.

    Raises:
        ServingError: INVALID_ARGUMENT, for what cannot be bounded by its header.
    """
    try:
        if content[:3] == b"\xff\xd8\xff":
            return _jpeg(content)
        if content[:8] == b"\x89PNG\r\n\x1a\n":
            return _png(content)
        if content[:4] == b"GIF8":
            return _gif(content)
        if content[:2] == b"BM":
            width, height = struct.unpack_from("<ii", content, 18)
            return int(abs(width * height))
        if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
            return _webp(content)
    except (struct.error, IndexError):
        return 0
    if content.startswith(JPEG_XL):
        raise invalid("JPEG XL images are not accepted")
    return 0


def _jpeg(content: bytes) -> int:
    if (scans := content.count(b"\xff\xda")) > MOST_SCANS:
        raise invalid(f"A JPEG has {scans} scans, at most {MOST_SCANS} are accepted")
    largest, place = 0, 2
    while (place := content.find(b"\xff", place)) >= 0:
        # Any number of 0xFF may stand before a marker, and garbage is passed over.
        while content[place] == 0xFF:
            place += 1
        marker = content[place]
        place += 1
        if marker == 0xDA or marker == 0xD9:
            break
        if marker in (0x00, 0x01) or 0xD0 <= marker <= 0xD8:
            continue
        (length,) = struct.unpack_from(">H", content, place)
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack_from(">HH", content, place + 3)
            largest = max(largest, width * height)
        place += length
    return largest


def _png(content: bytes) -> int:
    name, width, height = struct.unpack_from(">4sII", content, 12)
    if name != b"IHDR":
        raise invalid("A PNG does not begin with its header")
    return int(width * height)


def _gif(content: bytes) -> int:
    width, height, flags = struct.unpack_from("<HHB", content, 6)
    canvas = int(width * height)
    # Every frame is unpacked, the canvas as well.
    return canvas + sum(max(canvas, frame) for frame in _gif_frames(content, 13, flags))


def _gif_frames(content: bytes, place: int, flags: int) -> Iterator[int]:
    place += _colours(flags)
    while place < len(content) and (kind := content[place]) in (0x21, 0x2C):
        if kind == 0x21:
            place += 2
        else:
            # What is cut off behind this has been allocated.
            if place + 10 > len(content):
                return
            width, height, flags = struct.unpack_from("<HHB", content, place + 5)
            yield width * height
            place += 10 + _colours(flags) + 1
        while place < len(content) and content[place]:
            place += content[place] + 1
        place += 1


def _colours(flags: int) -> int:
    return 3 * 2 ** ((flags & 7) + 1) if flags & 0x80 else 0


def _webp(content: bytes) -> int:
    largest, frames, place = 0, 0, 12
    while place + 8 <= len(content):
        kind, length = struct.unpack_from("<4sI", content, place)
        data = content[place + 8 : place + 24]
        if kind == b"VP8X":
            width, height = _int24(data[4:7]) + 1, _int24(data[7:10]) + 1
        elif kind == b"VP8L":
            (bits,) = struct.unpack_from("<I", data, 1)
            width, height = (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
        elif kind == b"VP8 ":
            width, height = (size & 0x3FFF for size in struct.unpack_from("<HH", data, 6))
        else:
            width = height = 0
            frames += kind == b"ANMF"
        largest = max(largest, width * height)
        place += 8 + length + length % 2
    return largest * max(1, frames)


def _int24(data: bytes) -> int:
    return int.from_bytes(data, "little")

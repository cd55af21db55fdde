"""What the first bytes of an image file tell, read without decoding it."""

import struct
from dataclasses import dataclass
from pathlib import Path

from kit.data._files import require_regular_file

# As many as Pillow decodes without a warning: 256 MiB of colour.
MOST_PIXELS = 89_478_485
"""An image with more pixels is not decoded."""
PNG, GIF = b"\x89PNG\r\n\x1a\n", (b"GIF87a", b"GIF89a")
# Frames hold the size; DHT, JPG and DAC share their range.
FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
ORIENTATION = 0x0112


@dataclass(frozen=True)
class Header:
    """Size and orientation of an image.

    Args:
        width: of the stored pixels.
        height: of the stored pixels.
        orientation: of a JPEG's EXIF, 1 to 8; 1 where there is none.
    """

    width: int
    height: int
    orientation: int = 1

    @property
    def upright(self) -> tuple[int, int]:
        """Width and height as the image is shown and used here."""
        return (self.height, self.width) if self.orientation > 4 else (self.width, self.height)

    @property
    def is_too_large(self) -> bool:
        """Whether decoding it would take more memory than an image may."""
        return self.width * self.height > MOST_PIXELS


def read_image(content: Path | bytes) -> bytes:
    """The bytes of an image.

    Raises:
        UserError: the path is missing, or no regular file.
        OSError: it cannot be read.
    """
    if isinstance(content, bytes):
        return content
    require_regular_file(content)
    return content.read_bytes()


def header_of(content: bytes) -> Header | None:
    """Size and orientation of a JPEG, PNG, GIF or BMP; None of anything else.

    Example:

    >>> header_of(PNG + bytes(8) + struct.pack(">II", 13_000, 13_000))
    Header(width=13000, height=13000, orientation=1)
    """
    try:
        if content.startswith(PNG):
            return Header(*struct.unpack_from(">II", content, 16))
        if content.startswith(GIF):
            return Header(*struct.unpack_from("<HH", content, 6))
        if content.startswith(b"BM"):
            width, height = struct.unpack_from("<ii", content, 18)
            return Header(abs(width), abs(height))
        if content.startswith(b"\xff\xd8"):
            return _jpeg(content)
    except struct.error:
        pass
    return None


def _jpeg(content: bytes) -> Header | None:
    place, orientation, seen = 2, 1, False
    while content[place : place + 1] == b"\xff":
        (marker,) = content[place + 1 : place + 2] or (0,)
        if marker == 0xFF:
            place += 1
            continue
        if marker in FRAMES:
            height, width = struct.unpack_from(">HH", content, place + 5)
            return Header(width, height, orientation)
        (length,) = struct.unpack_from(">H", content, place + 2)
        if not seen and marker == 0xE1 and content[place + 4 : place + 10] == b"Exif\0\0":
            seen, orientation = True, _orientation(content[place + 10 : place + 2 + length])
        place += 2 + length
    return None


def _orientation(tiff: bytes) -> int:
    """Of EXIF; 1 where it is damaged."""
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(tiff[:4])
    if order is None:
        return 1
    try:
        (first,) = struct.unpack_from(f"{order}I", tiff, 4)
        (entries,) = struct.unpack_from(f"{order}H", tiff, first)
        for number in range(entries):
            tag, kind, count, value = struct.unpack_from(
                f"{order}HHIH", tiff, first + 2 + 12 * number
            )
            if tag == ORIENTATION:
                return value if kind == 3 and count == 1 and 1 <= value <= 8 else 1
    except struct.error:
        pass
    return 1

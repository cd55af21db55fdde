"""Images in the format of MNIST: `train-images-idx3-ubyte` and its like, maybe with .gz."""

import gzip
import struct
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kit.data._parts import TEST, part_of
from kit.data.images._source import ImageSource
from kit.errors import UserError

# MNIST's own name of its test part.
TEN_THOUSAND = "t10k"
UNSIGNED_BYTES = 8


def is_idx(folder: Path) -> bool:
    """Whether a folder holds such files."""
    return any(folder.glob("*-images-idx3-ubyte*"))


def open_idx(folder: Path) -> ImageSource:
    """Read a folder of such files.

    Classes are called by their number, or by the lines of `classes.txt` where that is there.

    Args:
        folder: with `train-...`, `t10k-...` (the test part) and maybe `valid-...`.

    Raises:
        UserError: a file is missing or damaged.
    """
    parts: dict[str, tuple[NDArray[np.uint8], NDArray[np.uint8]]] = {}
    for file in sorted(folder.glob("*-images-idx3-ubyte*")):
        name = file.name.split("-")[0]
        part = TEST if name == TEN_THOUSAND else part_of(name)
        if part is None or part in parts:
            raise UserError(
                "The name of the file says no part, or that of another file.",
                where=str(file),
                expected=f"train, {TEN_THOUSAND} or valid before -images-idx3-ubyte",
                remedy="Rename it.",
            )
        beside = file.with_name(file.name.replace("-images-idx3-", "-labels-idx1-"))
        images, labels = read_idx(file), read_idx(beside)
        if images.ndim != 3 or labels.shape != images.shape[:1]:
            raise UserError(
                f"Images {list(images.shape)} and labels {list(labels.shape)} do not fit.",
                where=f"{file} and {beside.name}",
                expected="[images, height, width] and [images]",
            )
        parts[part] = images[..., None], labels
    labels = np.concatenate([found[1] for found in parts.values()])
    names = _names(folder / "classes.txt", int(labels.max()) + 1)
    return ImageSource(
        name=str(folder),
        contents=np.concatenate([found[0] for found in parts.values()]),
        names=tuple(f"{p}/{n}" for p, (_, found) in parts.items() for n in range(len(found))),
        labels=tuple(names[label] for label in labels),
        parts=tuple(p for p, (_, found) in parts.items() for _ in range(len(found))),
        licence="",
    )


def read_idx(file: Path) -> NDArray[np.uint8]:
    """The array of one file.

    Raises:
        UserError: it is missing, damaged or of another kind.
    """
    try:
        content = file.read_bytes()
        content = gzip.decompress(content) if file.suffix == ".gz" else content
        kind, dimensions = content[2], content[3]
        shape: Any = struct.unpack(f">{dimensions}I", content[4 : 4 + 4 * dimensions])
        array = np.frombuffer(content, np.uint8, offset=4 + 4 * dimensions)
        if content[:2] != b"\0\0" or kind != UNSIGNED_BYTES:
            raise ValueError("not a file of unsigned bytes")
        return array.reshape(shape)
    except (OSError, EOFError, IndexError, struct.error, ValueError) as error:
        raise UserError(
            f"The file cannot be read: {error}.",
            where=str(file),
            expected="unsigned bytes in the format IDX, whole",
            remedy="Fetch it again.",
        ) from None


def _names(file: Path, classes: int) -> list[str]:
    if not file.is_file():
        return [str(number) for number in range(classes)]
    names = [line.strip() for line in file.read_text(encoding="utf-8").splitlines() if line.strip()]
    if len(names) < classes or len(set(names)) < len(names):
        raise UserError(
            f"{len(names)} lines name {classes} classes.",
            where=str(file),
            expected="a line of its own for each class, no two alike",
        )
    return names

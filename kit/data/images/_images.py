"""Images of one part of a data set."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kit.data.images._decode import decoded
from kit.data.images._header import read_image


@dataclass(frozen=True)
class Images:
    """Images that were found good, and their classes.

    Args:
        contents: the file or the bytes of each; or None where there are pixels alone.
        pixels: uint8 [images, height, width, channels] where they are held in memory, else None.
        names: of each, for messages.
        labels: int32 [images], numbers of their classes.
        shape: height, width and channels in which they are used.
    """

    contents: Sequence[Path] | Sequence[bytes] | None
    pixels: NDArray[np.uint8] | None
    names: Sequence[str]
    labels: NDArray[np.int32]
    shape: tuple[int, int, int]

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, rows: NDArray[np.integer]) -> "Images":
        """Some of them, in this order."""
        contents = None if self.contents is None else [self.contents[row] for row in rows]
        return Images(
            contents,
            None if self.pixels is None else self.pixels[rows],
            [self.names[row] for row in rows],
            self.labels[rows],
            self.shape,
        )

    def encoded(self, row: int) -> bytes:
        """One as a file: its own, else a PNG of its pixels."""
        if self.contents is not None:
            return read_image(self.contents[row])
        import tensorflow as tf

        assert self.pixels is not None
        return bytes(tf.io.encode_png(self.pixels[row]).numpy())

    def decoded(self, rows: NDArray[np.integer] | slice) -> NDArray[np.uint8]:
        """Pixels of some, uint8 [images, height, width, channels]."""
        if self.pixels is not None:
            return self.pixels[rows]
        assert self.contents is not None
        places = np.arange(len(self))[rows]
        contents = [self.contents[place] for place in places]
        found = np.empty((len(places), *self.shape), np.uint8)

        def fill(place: int) -> None:
            found[place] = decoded(read_image(contents[place]), *self.shape).numpy()

        with ThreadPoolExecutor(4) as several:
            list(several.map(fill, range(len(places))))
        return found

    def colours(self, most: int = 5000) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Mean and standard deviation of each channel, of at most `most` images."""
        rows = np.random.default_rng(0).permutation(len(self))[:most]
        pixels = self.decoded(rows).astype(np.float64)
        return pixels.mean(axis=(0, 1, 2)), pixels.std(axis=(0, 1, 2)) + 1.0

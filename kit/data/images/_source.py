"""Images of a source with their labels, before anyone looked into them."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class ImageSource:
    """What a source names.

    Args:
        name: as the user named it.
        contents: a file or its bytes for each image, JPEG, PNG, GIF or BMP; or the pixels of
            all, uint8 [images, height, width, channels].
        names: of each image, for messages.
        labels: name of its class.
        parts: "train", "valid" or "test" of each, where the source has a split; or None.
        licence: attribution, "" where the source has none.
    """

    name: str
    contents: Sequence[Path] | Sequence[bytes] | NDArray[np.uint8]
    names: Sequence[str]
    labels: Sequence[str]
    parts: Sequence[str] | None
    licence: str

"""The file of trained weights in an export."""

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kit.errors import UserError

WEIGHTS = Path("assets.extra", "weights.npz")
"""Where the trained weights of a version lie, for `kit train --from`."""
ABOUT = "about.json"


def write_weights(version: Path, arrays: dict[str, NDArray[Any]], about: dict[str, Any]) -> None:
    """Write weights, and what is to be known of them, to a version that is being made."""
    # In UTF-8 and not compressed, so that a search for ids reads it.
    text = np.frombuffer(json.dumps(about, ensure_ascii=False).encode(), np.uint8)
    with (version / WEIGHTS).open("wb") as stream:
        np.savez(stream, **{ABOUT: text}, **arrays)  # type: ignore[arg-type]


def read_weights(
    version: Path, *, with_arrays: bool = True
) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    """The weights of a version by name, and what is to be known of them.

    Args:
        version: its folder.
        with_arrays: False reads only what is to be known.

    Raises:
        UserError: it holds none, or they cannot be read.
    """
    file = version / WEIGHTS
    if not file.is_file():
        raise UserError(
            "The export does not hold the weights of its training.",
            where=str(version),
            expected=f"{WEIGHTS}, which kit train two-tower, sequential and ranking write",
            remedy="Name the version that kit train wrote, such as saved_models/two-tower/1, or "
            "train once from nothing.",
        )
    try:
        with file.open("rb") as stream, np.load(stream, allow_pickle=False) as stored:
            about = json.loads(stored[ABOUT].tobytes())
            names = [name for name in stored.files if name != ABOUT] if with_arrays else []
            return {name: stored[name] for name in names}, about
    except Exception as error:  # Of zipfile, zlib, numpy and json, by what is damaged.
        raise UserError(
            f"The weights of the export cannot be read: {error}.",
            where=str(file),
            expected="the file as kit train wrote it",
            remedy="Train from another version, or from nothing.",
        ) from error

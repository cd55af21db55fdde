"""The content of items that an export was trained on."""

import hashlib
import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import tensorflow as tf
from numpy.typing import NDArray

from kit.data import image_bytes, undecodable, values_of
from kit.errors import UserError
from kit.exports._check import check_operations
from kit.exports._graph import read_graph
from kit.exports._operations import load_version
from kit.exports._version_folder import MANIFEST, version_folder

AT_ONCE = 64
"""Rows that the encoder reads at a time."""


@dataclass(frozen=True)
class ItemContent:
    """A column of the items' table that an exported encoder turns into vectors.

    Args:
        column: of paths of images, or of texts.
        encoder: folder of an export with the signature `embed`; its input, `image` (encoded) or
            `text`, determines the content of the column.
        folder: base of relative paths of images.
        trust: load the encoder also if it could do what no export of this kit does.

    Example:

    >>> ItemContent("photo", "saved_models/image-classification", "shop").card()
    {'column': 'photo', 'encoder': 'saved_models/image-classification'}
    """

    column: str
    encoder: str
    folder: str = "."
    trust: bool = False

    def card(self) -> dict[str, str]:
        """The entry of the card, from which new items can be embedded later."""
        return {"column": self.column, "encoder": self.encoder}

    def joined(self, table: pl.DataFrame) -> pl.DataFrame:
        """The table with a number column for each entry of the vectors, `column[0]` and so on.

        A column of paths is dropped, as its words have no meaning; one of texts stays. A row
        without an image or text gets nulls. The vectors of a column are computed once and cached in
        the user's cache folder.

        Args:
            table: a row an item, with its `item_id`.

        Raises:
            UserError: there is no such column or encoder, or an image cannot be read.
        """
        values = values_of(table, self.column)
        version = version_folder(Path(self.encoder)).resolve()
        kind = self._kind(version)
        rows = [row for row, value in enumerate(values) if value]
        if not rows:
            raise UserError(
                f"No item has {'an image' if kind == 'image' else 'a text'}.",
                where=f"column {self.column}",
                expected="a value in some rows",
                remedy="Name another column.",
            )
        names = [str(table["item_id"][row]) for row in rows]
        contents = [
            self._content(values[row], name, kind) for row, name in zip(rows, names, strict=True)
        ]
        file = _file(version, contents)
        vectors = _cached(file, len(contents))
        if vectors is None:
            vectors = self._embedded(version, contents, names, kind)
            _keep(file, vectors)
        whole = np.full((len(values), vectors.shape[1]), np.nan, np.float32)
        whole[rows] = vectors
        numbers = [
            pl.Series(f"{self.column}[{place}]", entry).fill_nan(None)
            for place, entry in enumerate(whole.T)
        ]
        return (table.drop(self.column) if kind == "image" else table).with_columns(numbers)

    def _kind(self, version: Path) -> str:
        """The input of the encoder, read from its files without loading it into TensorFlow."""
        check_operations(version, trust=self.trust)
        graph = read_graph(version)
        kinds = list(graph.signatures["embed"].inputs) if "embed" in graph.signatures else []
        if kinds not in (["image"], ["text"]) or not (version / MANIFEST).is_file():
            raise UserError(
                "The export encodes neither images nor texts.",
                where=str(version),
                expected="an export of this kit with a signature embed that takes image or text",
                remedy="Make one: kit train image-classification, or for texts kit encoder PRESET",
            )
        return kinds[0]

    def _content(self, value: str, name: str, kind: str) -> bytes:
        if kind == "text":
            return value.encode()
        return image_bytes(Path(self.folder) / value, name, self.column)

    def _embedded(
        self, version: Path, contents: list[bytes], names: list[str], kind: str
    ) -> NDArray[np.float32]:
        # The signature needs the resources of its model, so the model must not be collected.
        model = load_version(version, trust=self.trust)

        def embed(batch: list[bytes]) -> NDArray[np.float32]:
            answer = model.signatures["embed"](**{kind: tf.constant(batch)})
            return np.asarray(answer["embedding"], np.float32)

        found = []
        for start in range(0, len(contents), AT_ONCE):
            batch = contents[start : start + AT_ONCE]
            try:
                found.append(embed(batch))
            except tf.errors.OpError:
                for name, content in zip(names[start:], batch, strict=False):
                    self._try(content, name, embed)
                raise
        return np.concatenate(found)

    def _try(self, content: bytes, name: str, embed: Any) -> None:
        try:
            embed([content])
        except tf.errors.OpError as error:
            raise undecodable(name, self.column, error.message) from None


def _file(version: Path, contents: list[bytes]) -> Path:
    digest = hashlib.blake2b((version / MANIFEST).read_bytes(), digest_size=16)
    for content in contents:
        digest.update(hashlib.blake2b(content).digest())
    home = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(home).expanduser() / "kit" / "vectors" / f"{digest.hexdigest()}.npy"


def _cached(file: Path, rows: int) -> NDArray[np.float32] | None:
    # Damaged entries are computed again.
    with suppress(OSError, ValueError, EOFError):
        found: NDArray[np.float32] = np.load(file)
        if len(found) == rows:
            return found
    return None


def _keep(file: Path, vectors: NDArray[np.float32]) -> None:
    with suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True)
        draft = file.with_suffix(f".{os.getpid()}.npy")
        np.save(draft, vectors)
        draft.rename(file)

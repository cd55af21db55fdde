"""Images and texts of items that a model learns to read."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from kit.errors import UserError

PICTURE = (32, 32, 3)
VOCABULARY = 8_000
MOST_PIECES = 64
# Of the texts so many are not longer than what is read.
WHOLE = 0.95


@dataclass(frozen=True)
class TrainableColumn:
    """A column of the items' table that a model learns to read.

    Args:
        column: of paths of images, or of texts.
        shape: of what is read of one: height, width and 3, or a number of pieces.
        vocabulary: subword tokens; none for images.

    Example:

    >>> table = pl.DataFrame({"item_id": ["a", "b"], "about": ["a red cup", "a cup"]})
    >>> content = TrainableColumn.of_texts(table, "about")
    >>> content.read(table).tolist()
    [[4, 19, 11], [4, 11, 0]]
    """

    column: str
    shape: tuple[int, ...] = PICTURE
    vocabulary: tuple[str, ...] = ()

    @classmethod
    def of_texts(cls, table: pl.DataFrame, column: str) -> "TrainableColumn":
        """Learn the pieces of a column's texts, and how many of a text to read.

        Raises:
            UserError: there is no such column, or no text in it.
        """
        # Learning a vocabulary needs TensorFlow, most uses of this room do not.
        from kit.tokenizers import WordPiece, train_wordpiece

        texts = [text for text in values_of(table, column) if text]
        try:
            vocabulary = train_wordpiece(texts, VOCABULARY)
        except ValueError:
            raise _nothing("text", column) from None
        lengths = WordPiece(vocabulary).tokenize(texts).row_lengths().numpy()
        length = int(np.clip(np.ceil(np.quantile(lengths, WHOLE)), 1, MOST_PIECES))
        return cls(column, (length,), tuple(vocabulary))

    @classmethod
    def of_card(cls, saved: dict[str, Any]) -> "TrainableColumn":
        """From what `card` gave."""
        return cls(saved["column"], tuple(saved["shape"]), tuple(saved["vocabulary"]))

    def card(self) -> dict[str, Any]:
        """What an export has to remember, to read items that come later."""
        return asdict(self)

    def read(self, table: pl.DataFrame, folder: Path | str = ".") -> NDArray[Any]:
        """Images as uint8 [items, height, width, 3], or texts as int32 [items, pieces].

        What an item has not is 0 all over.

        Args:
            table: a row an item, with its `item_id`.
            folder: what paths of images start from.

        Raises:
            UserError: there is no such column, no item has an image, or one cannot be read.
        """
        values = values_of(table, self.column)
        if self.vocabulary:
            from kit.tokenizers import WordPiece

            tokens = WordPiece(self.vocabulary)
            pieces: NDArray[Any] = tokens.padded(values, self.shape[0], marked=False).numpy()
            return pieces
        if not any(values):
            raise _nothing("image", self.column)
        images = np.zeros((len(values), *self.shape), np.uint8)
        for row, value in enumerate(values):
            if value:
                name = str(table["item_id"][row])
                images[row] = self._pixels(
                    image_bytes(Path(folder) / value, name, self.column), name
                )
        return images

    def _pixels(self, content: bytes, item: str) -> NDArray[np.uint8]:
        import tensorflow as tf

        from kit.data.images import decoded

        height, width, channels = self.shape
        try:
            pixels: NDArray[np.uint8] = decoded(content, height, width, channels).numpy()
        except tf.errors.OpError as error:
            raise undecodable(item, self.column, error.message) from None
        # Black all over would be none.
        return np.maximum(pixels, 1)


def values_of(table: pl.DataFrame, column: str) -> Sequence[str]:
    """The trimmed texts of a column, "" where there is none.

    Raises:
        UserError: there is no such column.
    """
    if column not in table.columns:
        raise UserError(
            f"The items have no column {column!r}.",
            where=f"columns {', '.join(table.columns)}",
            expected="a column of paths of images, or of texts",
            remedy="Name it as the file does.",
        )
    values: list[str] = table[column].cast(pl.String).fill_null("").str.strip_chars().to_list()
    return values


def image_bytes(path: Path, item: str, column: str) -> bytes:
    """The file of an item's image.

    Raises:
        UserError: it cannot be read.
    """
    # Only here: what reads images stands above the tables.
    from kit.data.images import header_of, read_image

    where = f"{path}, of item {item}, column {column}"
    try:
        content = read_image(path)
    except (UserError, OSError) as error:
        why = error.what if isinstance(error, UserError) else f"{error.strerror}."
        raise UserError(
            f"An image cannot be read: {why}",
            where=where,
            expected="a path of a JPEG or PNG file, from the folder of the items' file",
            remedy="Correct the path, or leave it empty.",
        ) from None
    header = header_of(content)
    if header is not None and header.is_too_large:
        raise UserError(
            f"An image has {header.width:,} x {header.height:,} pixels.",
            where=where,
            expected="an image of ordinary size",
            remedy="Make it smaller, or leave it empty.",
        )
    return content


def undecodable(item: str, column: str, why: str) -> UserError:
    """An item's image is none."""
    return UserError(
        "An image cannot be decoded.",
        where=f"item {item}, column {column}",
        expected="JPEG or PNG",
        remedy=f"Replace it, or leave it empty ({why.splitlines()[0][:100]}).",
    )


def _nothing(kind: str, column: str) -> UserError:
    return UserError(
        f"No item has {'an image' if kind == 'image' else 'a text'}.",
        where=f"column {column}",
        expected="a value in some rows",
        remedy="Name another column.",
    )

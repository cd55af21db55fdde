"""Open a source of images."""

import difflib
from pathlib import Path

from kit.data._table_formats import is_table
from kit.data.builtin._open import PICTURES
from kit.data.images._idx import is_idx, open_idx
from kit.data.images._source import ImageSource, open_class_folders, open_listed
from kit.errors import UserError


def open_images(
    source: str, *, path_column: str | None = None, label_column: str | None = None
) -> ImageSource:
    """Open a source of images with a class each.

    Args:
        source: a built-in name (`fashion-mnist-part`); `tfds:NAME`; a folder with a folder for
            every class, or with train and test of that kind; a table that lists paths and labels;
            a folder of files in the format of MNIST.
        path_column: of a table; None finds it by common names.
        label_column: of a table; None finds it by common names.

    Raises:
        UserError: the source cannot be used; it names what is wrong and the remedy.

    Example:

    >>> source = open_images("fashion-mnist-part")
    >>> source.labels[0], source.contents.shape
    ('Ankle boot', (7000, 28, 28, 1))
    """
    if source.startswith("tfds:"):
        # TensorFlow takes seconds to import.
        from kit.data.images._source import open_tfds

        return open_tfds(source.removeprefix("tfds:"))
    if source in PICTURES:
        found = PICTURES[source]()
        counted = {"train": 0, "test": 0}
        names = []
        for part in found.parts:
            names.append(f"{part}/{counted[part]}")
            counted[part] += 1
        return ImageSource(source, found.pixels, names, found.labels, found.parts, found.licence)
    path = Path(source)
    if source and path.is_dir():
        if is_idx(path):
            return open_idx(path)
        if any(is_table(file) for file in path.iterdir() if file.is_file()):
            return open_listed(source, path_column, label_column)
        return open_class_folders(path)
    if source and path.is_file():
        if is_table(path):
            return open_listed(source, path_column, label_column)
        raise UserError(
            "The file is no table of images.",
            where=source,
            expected="a .csv, .tsv, .parquet or .jsonl file with columns path and label",
            remedy="Name the folder of the images, or a table that lists them.",
        )
    near = difflib.get_close_matches(source, PICTURES, n=1, cutoff=0.5)
    raise UserError(
        f"There is no file, folder or built-in data set '{source}'.",
        where="--data",
        expected=f"a path, tfds:NAME, or a built-in name: {', '.join(PICTURES)}",
        remedy=f"Did you mean {near[0]}?" if near else "Check the name.",
    )

"""Images of a TensorFlow data set (TFDS)."""

from typing import Any

import tensorflow_datasets as tfds

from kit.data._parts import is_split, part_of
from kit.data._tfds import prepared
from kit.data.images._source import ImageSource
from kit.errors import UserError


def open_tfds(name: str) -> ImageSource:
    """Prepare a data set with one image and one class an example, and read it encoded.

    Args:
        name: NAME, NAME/CONFIG or NAME/CONFIG:VERSION.

    Raises:
        UserError: unknown name, no download, or no image or class in it.
    """
    where = f"tfds:{name}"
    builder = prepared(name, where=where)
    image = _feature(builder, tfds.features.Image, "image", where)
    label = _feature(builder, tfds.features.ClassLabel, "class", where)
    classes = builder.info.features[label].names
    splits = {split: part_of(split) for split in builder.info.splits}
    given = is_split(splits.values())
    contents: list[bytes] = []
    names: list[str] = []
    labels: list[str] = []
    parts: list[str] = []
    for split, part in splits.items():
        if given and part is None:
            continue
        rows = builder.as_dataset(split, decoders={image: tfds.decode.SkipDecoding()})
        for number, row in enumerate(tfds.as_numpy(rows)):
            contents.append(row[image])
            labels.append(classes[row[label]])
            names.append(f"{where}, {split} {number}")
            parts.append(str(part))
    return ImageSource(where, contents, names, labels, parts if given else None, licence="")


def _feature(builder: Any, kind: type, what: str, where: str) -> str:
    features = builder.info.features
    for name in features:
        if isinstance(features[name], kind):
            return str(name)
    raise UserError(
        f"The data set has no {what}.",
        where=where,
        expected="a feature of type Image and one of type ClassLabel; "
        f"found: {', '.join(features)}",
        remedy="Choose a data set of image classification.",
    )

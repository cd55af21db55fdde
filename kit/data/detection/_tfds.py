"""Boxes of a TensorFlow data set (TFDS)."""

from typing import Any

import tensorflow_datasets as tfds

from kit.data._parts import is_split, part_of
from kit.data._tfds import prepared
from kit.data.detection._boxes import RawBox, RawImage, size_of
from kit.errors import UserError


def read_tfds(name: str) -> tuple[list[RawImage], list[str]]:
    """Prepare a data set and read its images, boxes and classes.

    It has a feature "image", and "objects" with "bbox" and "label", as voc and coco have. Boxes
    marked as crowds are left out.

    Args:
        name: NAME, NAME/CONFIG or NAME/CONFIG:VERSION.

    Returns:
        Images, encoded as the data set has them, and names of the classes.

    Raises:
        UserError: unknown name, no download, or no boxes in it.
    """
    where = f"tfds:{name}"
    builder = prepared(name, where=where)
    features = builder.info.features
    inner = getattr(features["objects"], "feature", {}) if "objects" in features else {}
    if "image" not in features or "bbox" not in inner or "label" not in inner:
        raise UserError(
            "The data set has no boxes.",
            where=where,
            expected="a feature image, and objects with bbox and label",
            remedy="Name another, such as tfds:voc/2007 or tfds:bccd.",
        )
    classes = list(inner["label"].names or map(str, range(inner["label"].num_classes)))
    decoders = {"image": tfds.decode.SkipDecoding()}
    given = is_split(map(part_of, builder.info.splits))
    found = []
    for split in builder.info.splits:
        part = (part_of(split) or "") if given else ""
        if given and not part:
            continue
        examples = builder.as_dataset(split=split, decoders=decoders)
        for number, example in enumerate(examples.as_numpy_iterator()):
            found.append(_image(example, f"{split} {number}", part, classes))
    return found, classes


def _image(example: Any, name: str, part: str, classes: list[str]) -> RawImage:
    content = bytes(example["image"])
    given = example.get("image/filename", b"").decode()
    width, height = size_of(name, content)
    objects = example["objects"]
    crowds = objects.get("is_crowd", [False] * len(objects["label"]))
    boxes = [
        # Shares of a side in float32 are not quite the pixels they were made from.
        RawBox(_pixels(x0 * width, y0 * height, x1 * width, y1 * height), classes[int(label)])
        for (y0, x0, y1, x1), label, crowd in zip(
            objects["bbox"].tolist(), objects["label"], crowds, strict=True
        )
        if not crowd
    ]
    return RawImage(given or name, content, boxes, part)


def _pixels(*sides: float) -> tuple[float, float, float, float]:
    left, top, right, bottom = (round(side, 3) for side in sides)
    return left, top, right, bottom

"""Small images with boxes, as files."""

import io
import json
from pathlib import Path

import numpy as np
from PIL import Image

VOC_BOX = (
    "<object><name>{}</name><bndbox><xmin>{}</xmin><ymin>{}</ymin><xmax>{}</xmax><ymax>{}</ymax>"
    "</bndbox></object>"
)


def image(seed=0, size=(40, 30), kind="PNG", mode="RGB"):
    """Encoded bytes of an image of noise."""
    pixels = np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3), np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).convert(mode).save(file, kind)
    return file.getvalue()


def squares(count, seed=0, size=(96, 64)):
    """Images of one bright and one dark square each on grey, and their boxes."""
    rng = np.random.default_rng(seed)
    for _ in range(count):
        pixels = np.full((size[1], size[0], 3), 120, np.uint8)
        boxes = []
        for label, bright, left in (("bright", 255, 0), ("dark", 0, size[0] // 2)):
            side = int(rng.integers(20, 36))
            x = left + int(rng.integers(0, size[0] // 2 - side + 1))
            y = int(rng.integers(0, size[1] - side + 1))
            pixels[y : y + side, x : x + side] = bright
            boxes.append((label, x, y, x + side, y + side))
        file = io.BytesIO()
        Image.fromarray(pixels).save(file, "PNG")
        yield file.getvalue(), boxes


def write_voc(folder: Path, images, lists=None) -> Path:
    """A VOC folder of (bytes, boxes) pairs named 000, 001 ... and lists of names by part."""
    for name in ("Annotations", "JPEGImages", "ImageSets/Main"):
        (folder / name).mkdir(parents=True)
    for number, (content, boxes) in enumerate(images):
        (folder / "JPEGImages" / f"{number:03d}.png").write_bytes(content)
        # The format counts pixels from 1.
        objects = "".join(VOC_BOX.format(b[0], b[1] + 1, b[2] + 1, b[3], b[4]) for b in boxes)
        text = f"<annotation><filename>{number:03d}.png</filename>{objects}</annotation>"
        (folder / "Annotations" / f"{number:03d}.xml").write_text(text)
    for part, names in (lists or {}).items():
        (folder / "ImageSets" / "Main" / f"{part}.txt").write_text("\n".join(names) + "\n")
    return folder


def write_coco(file: Path, images, categories=("bright", "dark")) -> Path:
    """A COCO file of (bytes, boxes) pairs, the images beside it."""
    file.parent.mkdir(parents=True, exist_ok=True)
    entries, annotations = [], []
    for number, (content, boxes) in enumerate(images):
        (file.parent / f"{number}.png").write_bytes(content)
        entries.append({"id": number, "file_name": f"{number}.png"})
        for label, left, top, right, bottom in boxes:
            annotations.append(
                {
                    "id": len(annotations) + 1,
                    "image_id": number,
                    "category_id": categories.index(label) + 1,
                    "bbox": [left, top, right - left, bottom - top],
                }
            )
    named = [{"id": n, "name": name} for n, name in enumerate(categories, 1)]
    content = {"images": entries, "annotations": annotations, "categories": named}
    file.write_text(json.dumps(content))
    return file

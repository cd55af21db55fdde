"""Small folders of images, as files."""

import io
from pathlib import Path

import numpy as np
from PIL import Image


def image(value=0, size=(8, 8), channels=3, kind="PNG"):
    """The bytes of an image: noise around a brightness."""
    rng = np.random.default_rng(value)
    pixels = np.clip(value + rng.normal(0, 20, (*size, channels)), 0, 255).astype(np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels if channels == 3 else pixels[..., 0]).save(buffer, kind)
    return buffer.getvalue()


def class_folders(folder: Path, count=10, **how) -> Path:
    """Dark and light images, `count` of each."""
    for name, value in (("dark", 40), ("light", 200)):
        (folder / name).mkdir(parents=True)
        for number in range(count):
            content = image(value + number % 20, **how)
            (folder / name / f"{number}.png").write_bytes(content)
    return folder

"""A classifier that was not trained, and its data."""

import numpy as np

from kit.data.images import ImageSource, split_images
from kit.models import ImageClassifier, ImageEncoder


def untrained(classes=7):
    """Small grey images of classes a, b, c ... and a model for them."""
    rng = np.random.default_rng(0)
    labels = [chr(ord("a") + n % classes) for n in range(20 * classes)]
    pixels = rng.integers(0, 256, (len(labels), 9, 8, 1)).astype(np.uint8)
    names = [str(n) for n in range(len(labels))]
    data = split_images(ImageSource("noise", pixels, names, labels, None, ""))
    model = ImageClassifier(ImageEncoder(widths=[4, 6]), classes)
    model(pixels[:1])
    return data, model

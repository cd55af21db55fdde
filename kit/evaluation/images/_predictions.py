"""What a classifier says of images."""

import keras
import numpy as np
from numpy.typing import NDArray

from kit.data.images import Images
from kit.progress import stage

PICTURES_AT_ONCE = 256


def probabilities_of_images(model: keras.Model, images: Images) -> NDArray[np.float32]:
    """What a classifier says as it stands, float32 [images, classes].

    Args:
        model: gives logits.
        images: read and decoded as many at a time as fit easily.
    """
    parts = []
    with stage("evaluate", len(images), "images") as looked_at:
        for start in range(0, len(images), PICTURES_AT_ONCE):
            pixels = images.decoded(slice(start, start + PICTURES_AT_ONCE))
            logits = model.predict_on_batch(pixels)
            parts.append(keras.ops.convert_to_numpy(keras.ops.softmax(logits)))
            looked_at.advance(len(pixels))
    return np.concatenate(parts)

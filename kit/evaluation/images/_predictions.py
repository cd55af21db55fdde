"""What a classifier says of pictures."""

import keras
import numpy as np
from numpy.typing import NDArray

from kit.data.images import Pictures
from kit.progress import stage

PICTURES_AT_ONCE = 256


def probabilities_of_pictures(model: keras.Model, pictures: Pictures) -> NDArray[np.float32]:
    """What a classifier says as it stands, float32 [pictures, classes].

    Args:
        model: gives logits.
        pictures: read and decoded as many at a time as fit easily.
    """
    parts = []
    with stage("evaluate", len(pictures), "images") as looked_at:
        for start in range(0, len(pictures), PICTURES_AT_ONCE):
            pixels = pictures.decoded(slice(start, start + PICTURES_AT_ONCE))
            logits = model.predict_on_batch(pixels)
            parts.append(keras.ops.convert_to_numpy(keras.ops.softmax(logits)))
            looked_at.advance(len(pixels))
    return np.concatenate(parts)

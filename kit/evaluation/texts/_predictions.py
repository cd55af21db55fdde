"""What a classifier says of texts."""

import keras
import numpy as np
from numpy.typing import NDArray

from kit.progress import stage
from kit.tokenizers import TokenIds

TEXTS_AT_ONCE = 128


def probabilities_of_texts(model: keras.Model, numbers: TokenIds) -> NDArray[np.float32]:
    """What a classifier says as it stands, float32 [texts, classes].

    Args:
        model: gives logits.
        numbers: of the texts; those of like length go together.
    """
    order = np.argsort(numbers.lengths, kind="stable")
    parts = []
    with stage("evaluate", len(order), "texts") as read:
        for start in range(0, len(order), TEXTS_AT_ONCE):
            rows = order[start : start + TEXTS_AT_ONCE]
            logits = model.predict_on_batch(numbers.padded(rows))
            parts.append(keras.ops.convert_to_numpy(keras.ops.softmax(logits)))
            read.advance(len(rows))
    said = np.concatenate(parts)
    found = np.empty_like(said)
    found[order] = said
    return found

"""From a trained classifier of images to its artefact."""

from base64 import b64encode
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from kit.artefact import ImageClassificationCard, SignatureCheck
from kit.data.images import ImageData
from kit.export._image_classifier import MOST_LABELS, ImageLabels
from kit.export._samples import sample_images
from kit.export._saved_model import export
from kit.models import ImageClassifier
from kit.progress import stage

CASES = 8


@stage("export")
def export_images(
    model: ImageClassifier, data: ImageData, folder: Path, *, card: dict[str, Any]
) -> tuple[Path, list[SignatureCheck]]:
    """Write the next version of a trained model and verify it in processes of their own.

    Args:
        model: the trained model, computing in float32.
        data: what it was trained on.
        folder: the model's folder; versions are numbered in it.
        card: what the artefact is, kept in `assets.extra/card.json`.

    Returns:
        The version's folder and the checks it passed.

    Raises:
        UserError: the folder cannot be written.
        VerificationError: the artefact does not answer as the model; nothing is left behind.
    """
    encoded = sample_images(data.shape, CASES)
    channels = data.shape[2]
    pixels = np.stack([tf.io.decode_png(content, channels).numpy() for content in encoded])
    probabilities = tf.nn.softmax(tf.cast(model(pixels, training=False), tf.float32)).numpy()
    best = np.argsort(-probabilities, axis=1, kind="stable")[:, :MOST_LABELS]
    contents = [{"b64": b64encode(content).decode()} for content in encoded]
    names = np.array(data.classes, dtype=object)
    recorded = {
        "serving_default": {
            "inputs": {"image": contents},
            "outputs": {
                "label": names[best].tolist(),
                "probability": np.take_along_axis(probabilities, best, axis=1).tolist(),
            },
        },
        "embed": {
            "inputs": {"image": contents},
            "outputs": {"embedding": model.embed(pixels).numpy().tolist()},
        },
    }
    module = ImageLabels(model, data.classes, data.shape)
    whole = ImageClassificationCard(**card, classes=list(data.classes), shape=list(data.shape))
    return export(module, folder, recorded=recorded, card=whole)

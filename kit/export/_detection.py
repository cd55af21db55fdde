"""From a trained detector to its artefact."""

from base64 import b64encode
from pathlib import Path
from typing import Any

import tensorflow as tf

from kit.artefact import SignatureCheck
from kit.data.detection import DetectionData
from kit.export._detector import BoxFinder, answers
from kit.export._saved_model import export
from kit.models import Detector

CASES = 4


def export_detection(
    model: Detector, data: DetectionData, folder: Path, *, card: dict[str, Any]
) -> tuple[Path, list[SignatureCheck]]:
    """Write the next version of a trained detector and verify it in processes of their own.

    Recorded are answers to the smallest pictures of test and to one of a single colour.

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
    contents = sorted((picture.encoded() for picture in data.test), key=len)[:CASES]
    blank = tf.io.encode_png(tf.fill([40, 30, 3], tf.constant(127, tf.uint8))).numpy()
    inputs = [*contents, blank]
    found = answers(model, tf.constant(inputs))
    outputs = {
        "box": found["box"].numpy().tolist(),
        "label": [[name.decode() for name in row] for row in found["label"].numpy()],
        "score": found["score"].numpy().tolist(),
    }
    images = [{"b64": b64encode(content).decode()} for content in inputs]
    recorded = {"serving_default": {"inputs": {"image": images}, "outputs": outputs}}
    kept = {"classes": model.classes, "picture_shape": list(model.picture_shape)}
    return export(BoxFinder(model), folder, recorded=recorded, card={**card, **kept})

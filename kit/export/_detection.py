"""From a trained detector to its artefact."""

from base64 import b64encode
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from kit.artefact import DetectionCard, SignatureCheck
from kit.data.detection import DetectionData
from kit.export._detector import BoxFinder, answers
from kit.export._samples import sample_images
from kit.export._saved_model import export
from kit.models import Detector
from kit.progress import stage

CASES = 4
# By how much scores, and sides in pixels, may differ between two ways to compute them.
SCORES, SIDES = 1e-4, 0.05


@stage("export")
def export_detection(
    model: Detector, data: DetectionData, folder: Path, *, card: dict[str, Any]
) -> tuple[Path, list[SignatureCheck]]:
    """Write the next version of a trained detector and verify it in processes of their own.

    Recorded are answers to drawn images and to one of a single colour. A side of a
    box is a small difference of large numbers, so what is recorded are the graph's own answers,
    after they were held against the model's.

    Args:
        model: the trained model, computing in float32.
        data: what it was trained on.
        folder: the model's folder; versions are numbered in it.
        card: what the artefact is, kept in `assets.extra/card.json`.

    Returns:
        The version's folder and the checks it passed.

    Raises:
        UserError: the folder cannot be written.
        RuntimeError: the graph does not answer as the model.
        VerificationError: the artefact does not answer as the model; nothing is left behind.
    """
    height, width = model.picture_shape
    drawn = sample_images((min(height, 96), min(width, 128), 3), CASES)
    blank = tf.io.encode_png(tf.fill([40, 30, 3], tf.constant(127, tf.uint8))).numpy()
    inputs = [*drawn, blank]
    module = BoxFinder(model)
    images = tf.constant(inputs)
    found = _plain(module.signatures()["serving_default"](image=images))
    hold(found, _plain(answers(model, images)))
    outputs = {name: values.tolist() for name, values in found.items()}
    contents = [{"b64": b64encode(content).decode()} for content in inputs]
    recorded = {"serving_default": {"inputs": {"image": contents}, "outputs": outputs}}
    whole = DetectionCard(
        **card, classes=list(model.classes), image_shape=list(model.picture_shape)
    )
    return export(module, folder, recorded=recorded, card=whole)


def hold(found: dict[str, NDArray[Any]], expected: dict[str, NDArray[Any]]) -> None:
    """Hold the graph's answers against the model's.

    Boxes of nearly one score may change places, so boxes and labels are compared where the scores
    of an image are apart.

    Args:
        found: box, label and score.
        expected: the same.

    Raises:
        RuntimeError: they differ.
    """
    scores = expected["score"]
    gaps = np.abs(np.diff(scores, axis=1, prepend=2, append=-1))
    apart = np.minimum(gaps[:, 1:], gaps[:, :-1]) > 10 * SCORES
    sides = np.abs(found["box"] - expected["box"])[apart]
    if (
        np.abs(found["score"] - scores).max() > SCORES
        or sides.max(initial=0) > SIDES
        or (found["label"] != expected["label"])[apart].any()
    ):
        raise RuntimeError("The graph to export does not answer as the model does.")


def _plain(outputs: dict[str, Any]) -> dict[str, NDArray[Any]]:
    found = {name: values.numpy() for name, values in outputs.items()}
    found["label"] = np.array([[name.decode() for name in row] for row in found["label"]])
    return found

"""Exports of object detectors."""

from base64 import b64encode
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from kit.data.detection import DetectionData
from kit.data.images import decode_upright
from kit.exporting._samples import sample_images
from kit.exporting._saved_model import export
from kit.exports import DetectionCard, SignatureCheck
from kit.layers import letterbox
from kit.models import Detector, non_max_suppression
from kit.progress import stage


class BoxFinder(tf.Module):
    """The graph of the export, in operations that stock TensorFlow Serving has.

    `serving_default` reads `image`, string [batch], encoded JPEG, PNG, GIF or BMP images of any
    size, and returns `box`, float32 [batch, boxes, 4], left, top, right and bottom in pixels of
    that image; `label`, string [batch, boxes], "" past the last box; `score`, float32 [batch,
    boxes], descending. Decoding, scaling and non-maximum suppression are in the graph.

    Args:
        model: the trained model.
    """

    def __init__(self, model: Detector) -> None:
        super().__init__()
        # The Keras model is not tracked: only its variables and its traced computation are saved.
        self._weights = [weight.value for weight in model.variables]
        spec = tf.TensorSpec([None], tf.string, "image")

        def detect(image: Any) -> dict[str, Any]:
            return answers(model, image)

        self._detect = tf.function(detect, autograph=False).get_concrete_function(image=spec)

    def signatures(self) -> dict[str, Any]:
        """The signatures, by name."""
        return {"serving_default": self._detect}


def answers(model: Detector, images: Any) -> dict[str, Any]:
    """Boxes of encoded images, see `BoxFinder`.

    Args:
        model: the model, used in its current state.
        images: string [batch].
    """
    height, width = model.picture_shape

    def one(content: Any) -> tuple[Any, Any, Any]:
        image = decode_upright(content, 3)
        canvas, scale = letterbox(image, (height, width))
        sides = tf.cast(tf.shape(image)[:2], tf.float32)
        return canvas, scale, tf.stack([sides[1], sides[0]] * 2)

    floats = tf.TensorSpec([], tf.float32)
    canvases, scales, limits = tf.map_fn(
        one,
        images,
        fn_output_signature=(
            tf.TensorSpec([height, width, 3], tf.float32),
            floats,
            tf.TensorSpec([4], tf.float32),
        ),
    )
    boxes, classes, scores = non_max_suppression(*model(canvases, training=False))
    boxes = tf.clip_by_value(boxes / scales[:, None, None], 0.0, limits[:, None])
    there = classes >= 0
    names = tf.constant([*model.classes, ""])
    return {
        "box": tf.where(there[:, :, None], boxes, 0.0),
        "label": tf.gather(names, tf.where(there, classes, len(model.classes))),
        "score": scores,
    }


CASES = 4
# Tolerances of scores, and of box coordinates in pixels, between two computations.
SCORES, SIDES = 1e-4, 0.05


@stage("export")
def export_detection(
    model: Detector, data: DetectionData, folder: Path, *, card: dict[str, Any]
) -> tuple[Path, list[SignatureCheck]]:
    """Export a trained detector as the next version and verify it in separate processes.

    The recorded requests are synthetic images and one image of a single colour. The side of a
    box is a small difference of large numbers, so the recorded answers are those of the graph,
    after they were compared with the model's.

    Args:
        model: the trained model, computing in float32.
        data: its training data.
        folder: the model's folder; versions are numbered in it.
        card: of the export, stored in `assets.extra/card.json`.

    Returns:
        The version's folder and the checks it passed.

    Raises:
        UserError: the folder cannot be written.
        RuntimeError: the graph's outputs differ from the model's.
        VerificationError: the export's outputs differ from the model's; it is removed.
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
    """Compare the graph's outputs with the model's.

    Boxes of nearly equal scores may swap, so boxes and labels are compared only where the scores
    of an image are distinct.

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
        raise RuntimeError("The outputs of the exported graph differ from the model's.")


def _plain(outputs: dict[str, Any]) -> dict[str, NDArray[Any]]:
    found = {name: values.numpy() for name, values in outputs.items()}
    found["label"] = np.array([[name.decode() for name in row] for row in found["label"]])
    return found

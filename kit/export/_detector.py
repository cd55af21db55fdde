"""What a detector becomes for serving: encoded images in, boxes in their own pixels out."""

from typing import Any

import tensorflow as tf

from kit.data.images import decode_upright
from kit.layers import letterbox
from kit.models import Detector, non_max_suppression


class BoxFinder(tf.Module):
    """The graph of the artefact, in operations that every TensorFlow Serving has.

    `serving_default` takes `image`, string [batch], whole JPEG, PNG, GIF or BMP files, each of its
    own size, and gives `box`, float32 [batch, boxes, 4], left, top, right and bottom in pixels of
    that image; `label`, string [batch, boxes], "" where there are no more; `score`, float32
    [batch, boxes], falling. Decoding, scaling and non-maximum suppression are in the graph.

    Args:
        model: the trained model.
    """

    def __init__(self, model: Detector) -> None:
        super().__init__()
        # The model itself stays outside: only its variables and what it computes are saved.
        self._weights = [weight.value for weight in model.variables]
        spec = tf.TensorSpec([None], tf.string, "image")

        def detect(image: Any) -> dict[str, Any]:
            return answers(model, image)

        self._detect = tf.function(detect, autograph=False).get_concrete_function(image=spec)

    def signatures(self) -> dict[str, Any]:
        """The functions a server offers, by name."""
        return {"serving_default": self._detect}


def answers(model: Detector, images: Any) -> dict[str, Any]:
    """Boxes of encoded images, see `BoxFinder`.

    Args:
        model: the model as it stands.
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

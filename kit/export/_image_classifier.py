"""What a classifier of images becomes for serving: a file's bytes in, labels out."""

from collections.abc import Sequence
from typing import Any

import tensorflow as tf

from kit.data.images import decoded
from kit.models import ImageClassifier

MOST_LABELS = 5


class ImageLabels(tf.Module):
    """The graph of the artefact, in operations that every TensorFlow Serving has.

    An image that cannot be decoded fails the request.

    Args:
        model: the trained model.
        classes: names, in the order of its logits.
        shape: height, width and channels it takes; what comes is resized as in training.
    """

    def __init__(
        self, model: ImageClassifier, classes: Sequence[str], shape: tuple[int, int, int]
    ) -> None:
        super().__init__()
        # The model itself stays outside: only its variables and what it computes are saved.
        self._weights = [weight.value for weight in model.variables]
        names = tf.constant(list(classes))
        best = min(MOST_LABELS, len(classes))

        def pixels(image: Any) -> Any:
            signature = tf.TensorSpec(shape, tf.uint8)
            return tf.map_fn(
                lambda content: decoded(content, *shape), image, fn_output_signature=signature
            )

        def predict(image: Any) -> dict[str, Any]:
            logits = tf.cast(model(pixels(image), training=False), tf.float32)
            probability, number = tf.math.top_k(tf.nn.softmax(logits), best)
            return {"label": tf.gather(names, number), "probability": probability}

        def embed(image: Any) -> dict[str, Any]:
            return {"embedding": model.embed(pixels(image))}

        image = tf.TensorSpec([None], tf.string, "image")
        self._predict = tf.function(predict, autograph=False).get_concrete_function(image=image)
        self._embed = tf.function(embed, autograph=False).get_concrete_function(image=image)

    def signatures(self) -> dict[str, Any]:
        """The functions a server offers, by name."""
        return {"serving_default": self._predict, "embed": self._embed}

"""Exports of classifiers of images and of texts."""

from base64 import b64encode
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from kit.data.images import ImageData, decoded
from kit.data.texts import TextData
from kit.exporting._samples import LONG_TEXT, TEXTS, sample_images
from kit.exporting._saved_model import custom_operations, export
from kit.exports import ImageClassificationCard, SignatureCheck, TextClassificationCard
from kit.models import ImageClassifier, TextClassifier
from kit.progress import stage
from kit.tokenizers import Tokenizer

MOST_LABELS = 5


class ImageLabels(tf.Module):
    """The graph of the export, in operations that stock TensorFlow Serving has.

    An image that cannot be decoded fails the request.

    Args:
        model: the trained model.
        classes: names, in the order of its logits.
        shape: height, width and channels of its input; images are resized as in training.
    """

    def __init__(
        self, model: ImageClassifier, classes: Sequence[str], shape: tuple[int, int, int]
    ) -> None:
        super().__init__()
        # The Keras model is not tracked: only its variables and its traced computation are saved.
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
        """The signatures, by name."""
        return {"serving_default": self._predict, "embed": self._embed}


CASES = 8


@stage("export")
def export_images(
    model: ImageClassifier, data: ImageData, folder: Path, *, card: dict[str, Any]
) -> tuple[Path, list[SignatureCheck]]:
    """Export a trained model as the next version and verify it in separate processes.

    Args:
        model: the trained model, computing in float32.
        data: its training data.
        folder: the model's folder; versions are numbered in it.
        card: of the export, stored in `assets.extra/card.json`.

    Returns:
        The version's folder and the checks it passed.

    Raises:
        UserError: the folder cannot be written.
        VerificationError: the export's outputs differ from the model's; it is removed.
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


class TextLabels(tf.Module):
    """The graph of the export, in operations that stock TensorFlow Serving has.

    It includes the tokenizer. A batch is padded to its longest text; empty texts are allowed.

    Args:
        model: the trained model.
        tokenizer: of the model.
        classes: names, in the order of its logits.
        length: maximum tokens of a text, special tokens included; the middle of a longer one is
            truncated.
    """

    def __init__(
        self, model: TextClassifier, tokenizer: Tokenizer, classes: Sequence[str], length: int
    ) -> None:
        super().__init__()
        # The Keras model is not tracked: only its variables and its traced computation are saved.
        self._weights = [weight.value for weight in model.variables]
        self._tokenizer = tokenizer
        names = tf.constant(list(classes))
        best = min(MOST_LABELS, len(classes))

        def numbers(text: Any) -> Any:
            return tokenizer.padded(text, length, shortest=True, ends=True)

        def predict(text: Any) -> dict[str, Any]:
            logits = tf.cast(model(numbers(text), training=False), tf.float32)
            probability, number = tf.math.top_k(tf.nn.softmax(logits), best)
            return {"label": tf.gather(names, number), "probability": probability}

        def embed(text: Any) -> dict[str, Any]:
            return {"embedding": model.embed(numbers(text))}

        text = tf.TensorSpec([None], tf.string, "text")
        self._predict = tf.function(predict, autograph=False).get_concrete_function(text=text)
        self._embed = tf.function(embed, autograph=False).get_concrete_function(text=text)

    def signatures(self) -> dict[str, Any]:
        """The signatures, by name."""
        return {"serving_default": self._predict, "embed": self._embed}


# Inputs that servers get although data sets lack them: empty, whitespace, unusual characters.
STRANGE = ("", "  \n", "Čaj 茶 🫖 <br />!!!")


@stage("export")
def export_texts(
    model: TextClassifier,
    tokenizer: Tokenizer,
    data: TextData,
    length: int,
    folder: Path,
    *,
    card: dict[str, Any],
) -> tuple[Path, list[SignatureCheck]]:
    """Export a trained model as the next version and verify it in separate processes.

    Args:
        model: the trained model, computing in float32.
        tokenizer: of the model.
        data: its training data.
        length: maximum tokens of a text.
        folder: the model's folder; versions are numbered in it.
        card: of the export, stored in `assets.extra/card.json`.

    Returns:
        The version's folder and the checks it passed.

    Raises:
        UserError: the folder cannot be written.
        VerificationError: the export's outputs differ from the model's; it is removed.
    """
    texts = [*TEXTS, LONG_TEXT, *STRANGE]
    # As in training, to the full length: the graph pads to the longest of the batch.
    numbers = tokenizer.padded(tf.constant(texts), length, ends=True)
    probabilities = tf.nn.softmax(tf.cast(model(numbers, training=False), tf.float32)).numpy()
    best = np.argsort(-probabilities, axis=1, kind="stable")[:, :MOST_LABELS]
    names = np.array(data.classes, dtype=object)
    recorded = {
        "serving_default": {
            "inputs": {"text": texts},
            "outputs": {
                "label": names[best].tolist(),
                "probability": np.take_along_axis(probabilities, best, axis=1).tolist(),
            },
        },
        "embed": {
            "inputs": {"text": texts},
            "outputs": {"embedding": model.embed(numbers).numpy().tolist()},
        },
    }
    module = TextLabels(model, tokenizer, data.classes, length)
    whole = TextClassificationCard(
        **card, classes=list(data.classes), length=length, custom_ops=custom_operations(tokenizer)
    )
    return export(module, folder, recorded=recorded, card=whole)

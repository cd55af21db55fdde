"""From a trained classifier of texts to its artefact."""

from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from kit.artefact import SignatureCheck, TextClassificationCard
from kit.data.texts import TextData
from kit.export._samples import LONG_TEXT, TEXTS
from kit.export._saved_model import custom_operations, export
from kit.export._text_labels import MOST_LABELS, TextLabels
from kit.models import TextClassifier
from kit.progress import stage
from kit.tokenizers import Tokenizer

# What no data set holds, and a server gets: nothing, spaces, signs of many kinds.
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
    """Write the next version of a trained model and verify it in processes of their own.

    Args:
        model: the trained model, computing in float32.
        tokenizer: of the model.
        data: what it was trained on.
        length: maximum tokens of a text.
        folder: the model's folder; versions are numbered in it.
        card: what the artefact is, kept in `assets.extra/card.json`.

    Returns:
        The version's folder and the checks it passed.

    Raises:
        UserError: the folder cannot be written.
        VerificationError: the artefact does not answer as the model; nothing is left behind.
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

"""From a trained model that writes to its artefact."""

from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from kit.artefact import SignatureCheck, Text2TextCard
from kit.data.pairs import PairData
from kit.export._samples import LONG_TEXT, TEXTS
from kit.export._saved_model import custom_operations, export
from kit.export._text_generator import TextGenerator, WritesTexts
from kit.progress import stage

CASES = 6


@stage("export")
def export_pairs(
    model: keras.Model,
    writer: WritesTexts,
    data: PairData,
    folder: Path,
    *,
    output: str,
    card: dict[str, Any],
) -> tuple[Path, list[SignatureCheck]]:
    """Write the next version of a trained model and verify it in processes of their own.

    Args:
        model: the trained model, computing in float32.
        writer: the model with its tokenizer and search.
        data: what it was trained on.
        folder: the model's folder; versions are numbered in it.
        output: what is written, the name of the output: "translation" or "summary".
        card: what the artefact is, kept in `assets.extra/card.json`.

    Returns:
        The version's folder and the checks it passed.

    Raises:
        UserError: the folder cannot be written.
        VerificationError: the artefact does not answer as the model; nothing is left behind.
    """
    # One of no word, as a server may get it.
    texts = [*TEXTS[:CASES], LONG_TEXT, ""]
    answer = writer(tf.constant(texts))
    recorded = {
        "serving_default": {
            "inputs": {"text": texts},
            "outputs": {
                output: [text.decode() for text in answer["text"].numpy()],
                "score": answer["score"].numpy().tolist(),
            },
        },
        "embed": {
            "inputs": {"text": texts},
            "outputs": {"embedding": writer.embed(tf.constant(texts)).numpy().tolist()},
        },
    }
    module = TextGenerator(writer, model.variables, output)
    operations = custom_operations(writer.tokenizer)
    whole = Text2TextCard(**card, output=output, custom_ops=operations)
    return export(module, folder, recorded=recorded, card=whole)

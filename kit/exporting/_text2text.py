"""Exports of models that generate texts."""

from pathlib import Path
from typing import Any, Protocol

import keras
import tensorflow as tf

from kit.data.text2text import Text2TextData
from kit.exporting._samples import LONG_TEXT, TEXTS
from kit.exporting._saved_model import custom_operations, export
from kit.exports import SignatureCheck, Text2TextCard
from kit.progress import stage


class WritesTexts(Protocol):
    """A text for each text."""

    @property
    def tokenizer(self) -> tf.Module:
        """The tokenizer, whose tables are saved with the graph."""
        ...

    def __call__(self, texts: Any) -> dict[str, Any]:
        """Of string [batch]: "text" string [batch] and "score" float32 [batch]."""
        ...

    def embed(self, texts: Any) -> Any:
        """Vectors of string [batch], float32 [batch, dim]."""
        ...


class TextGenerator(tf.Module):
    """The graph of the export, in operations that stock TensorFlow Serving has.

    Args:
        writer: tokenizer, trained model and search.
        variables: of the model.
        output: name of the output, "translation" or "summary".
    """

    def __init__(self, writer: WritesTexts, variables: Any, output: str) -> None:
        super().__init__()
        # The Keras model is not tracked: only its variables and its traced computation are saved.
        self._weights = [variable.value for variable in variables]
        self._tokenizer = writer.tokenizer

        def write(text: Any) -> dict[str, Any]:
            answer = writer(text)
            return {output: answer["text"], "score": answer["score"]}

        def embed(text: Any) -> dict[str, Any]:
            return {"embedding": writer.embed(text)}

        text = tf.TensorSpec([None], tf.string, "text")
        self._write = tf.function(write, autograph=False).get_concrete_function(text=text)
        self._embed = tf.function(embed, autograph=False).get_concrete_function(text=text)

    def signatures(self) -> dict[str, Any]:
        """The signatures, by name."""
        return {"serving_default": self._write, "embed": self._embed}


CASES = 6


@stage("export")
def export_text2text(
    model: keras.Model,
    writer: WritesTexts,
    data: Text2TextData,
    folder: Path,
    *,
    output: str,
    card: dict[str, Any],
) -> tuple[Path, list[SignatureCheck]]:
    """Export a trained model as the next version and verify it in separate processes.

    Args:
        model: the trained model, computing in float32.
        writer: the model with its tokenizer and search.
        data: its training data.
        folder: the model's folder; versions are numbered in it.
        output: name of the output, "translation" or "summary".
        card: of the export, stored in `assets.extra/card.json`.

    Returns:
        The version's folder and the checks it passed.

    Raises:
        UserError: the folder cannot be written.
        VerificationError: the export's outputs differ from the model's; it is removed.
    """
    # With an empty text, which servers may get.
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

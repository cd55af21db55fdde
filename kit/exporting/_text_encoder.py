"""Export pretrained text encoders."""

from pathlib import Path
from typing import Any

import tensorflow as tf

from kit.exporting._saved_model import custom_operations, export
from kit.exports import EncoderCard, SignatureCheck
from kit.models.pretrained import PretrainedTextEncoder
from kit.progress import stage

# Includes inputs that servers get, too: empty, whitespace, unusual characters.
TEXTS = ("A red cup.", "two cups and a spoon", "", "  \n", "Čaj 茶 🫖 <br />!!!")


class TextVectors(tf.Module):
    """The graph of the export: texts in, the mean of their tokens' vectors out.

    Args:
        found: encoder and tokenizer.
        length: maximum tokens of a text, special tokens included; the middle of a longer one is
            truncated.
    """

    def __init__(self, found: PretrainedTextEncoder, length: int) -> None:
        super().__init__()
        # The encoder is not tracked: only its variables and its traced computation are saved.
        self._weights = [weight.value for weight in found.encoder.variables]
        self._tokenizer = found.tokenizer

        def embed(text: Any) -> dict[str, Any]:
            numbers = found.tokenizer.padded(text, length, shortest=True, ends=True)
            return {"embedding": tf.cast(found.encoder(numbers)["pooled"], tf.float32)}

        text = tf.TensorSpec([None], tf.string, "text")
        self._embed = tf.function(embed, autograph=False).get_concrete_function(text=text)

    def signatures(self) -> dict[str, Any]:
        """The signatures, by name."""
        return {"serving_default": self._embed, "embed": self._embed}


@stage("export")
def export_text_encoder(
    found: PretrainedTextEncoder, length: int, folder: Path, *, card: dict[str, Any]
) -> tuple[Path, list[SignatureCheck]]:
    """Export an encoder as the next version and verify it in separate processes.

    Args:
        found: the result of `pretrained_text_encoder`, computing in float32.
        length: maximum tokens of a text.
        folder: the model's folder; versions are numbered in it.
        card: of the export, stored in `assets.extra/card.json`.

    Returns:
        The version's folder and the checks it passed.

    Raises:
        UserError: the folder cannot be written.
        VerificationError: the export's outputs differ from the encoder's; it is removed.
    """
    # To the full length: the graph pads to the longest of the batch.
    numbers = found.tokenizer.padded(tf.constant(TEXTS), length, ends=True)
    vectors = tf.cast(found.encoder(numbers)["pooled"], tf.float32).numpy().tolist()
    answer = {"inputs": {"text": list(TEXTS)}, "outputs": {"embedding": vectors}}
    recorded = {"serving_default": answer, "embed": answer}
    whole = EncoderCard(**card, length=length, custom_ops=custom_operations(found.tokenizer))
    return export(TextVectors(found, length), folder, recorded=recorded, card=whole)

"""What a classifier of texts becomes for serving: texts in, labels out."""

from collections.abc import Sequence
from typing import Any

import tensorflow as tf

from kit.models import TextClassifier
from kit.tokenizers import Tokenizer

MOST_LABELS = 5


class TextLabels(tf.Module):
    """The graph of the artefact, in operations that every TensorFlow Serving has.

    The tokenizer is in it. A batch is padded to its longest text; an empty text is answered, too.

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
        # The model itself stays outside: only its variables and what it computes are saved.
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
        """The functions a server offers, by name."""
        return {"serving_default": self._predict, "embed": self._embed}

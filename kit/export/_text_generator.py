"""What a model that writes becomes for serving: strings in, strings out."""

from typing import Any, Protocol

import tensorflow as tf


class WritesTexts(Protocol):
    """A text for each text."""

    @property
    def tokenizer(self) -> tf.Module:
        """Its tables of words are saved with the graph."""
        ...

    def __call__(self, texts: Any) -> dict[str, Any]:
        """Of string [batch]: "text" string [batch] and "score" float32 [batch]."""
        ...

    def embed(self, texts: Any) -> Any:
        """Vectors of string [batch], float32 [batch, dim]."""
        ...


class TextGenerator(tf.Module):
    """The graph of the artefact, in operations that every TensorFlow Serving has.

    Args:
        writer: tokenizer, trained model and search.
        variables: of the model.
        output: what is written, the name of the output: "translation" or "summary".
    """

    def __init__(self, writer: WritesTexts, variables: Any, output: str) -> None:
        super().__init__()
        # The model itself stays outside: only its variables and what it computes are saved.
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
        """The functions a server offers, by name."""
        return {"serving_default": self._write, "embed": self._embed}

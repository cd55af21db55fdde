"""The model that says of which class a text is."""

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="kit")
class TextClassifier(keras.Model):
    """Gives each text the logits of its classes.

    An encoder makes one vector of the text, its embedding, and a linear layer reads the classes
    from it.

    Args:
        encoder: a layer from numbers of pieces to "vectors" and "pooled", with `embedded` and
            `encoded`, as `TextEncoder`.
        classes: how many.
        dropout: share of the embedding dropped in training.

    Call arguments:
        numbers: int [batch, length], 0 is padding.

    Returns:
        Logits, float32 [batch, classes].

    Example:

    >>> import numpy as np
    >>> from kit.models import TextEncoder
    >>> model = TextClassifier(TextEncoder(size=50, dim=8), classes=3)
    >>> numbers = np.array([[2, 17, 3], [2, 3, 0]])
    >>> model(numbers).shape, model.embed(numbers).shape
    (TensorShape([2, 3]), TensorShape([2, 8]))
    """

    def __init__(
        self, encoder: keras.layers.Layer, classes: int, dropout: float = 0.0, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.autocast = False  # Token ids arrive as they are given.
        self.encoder, self.classes = encoder, classes
        self.dropout = keras.layers.Dropout(dropout)
        self.head = keras.layers.Dense(classes, dtype="float32", name="head")

    def build(self, numbers_shape: Any) -> None:
        if not self.encoder.built:
            self.encoder.build(numbers_shape)
        if not self.head.built:
            self.head.build(self.encoder.compute_output_shape(numbers_shape)["pooled"])
        self.built = True

    def call(self, numbers: Any, training: bool = False) -> Any:
        pooled = self.encoder(numbers, training=training)["pooled"]
        return self.head(self.dropout(ops.cast(pooled, "float32"), training=training))

    def embed(self, numbers: Any) -> Any:
        """The vectors from which the classes are read, float32 [batch, dim]."""
        return ops.cast(self.encoder(numbers, training=False)["pooled"], "float32")

    def logits_of_vectors(self, vectors: Any, mask: Any) -> Any:
        """What the model reads from vectors of pieces that `encoder.embedded` gave.

        Args:
            vectors: float [batch, length, dim].
            mask: bool [batch, length], False where there is padding.
        """
        pooled = self.encoder.encoded(vectors, mask, training=False)["pooled"]
        return self.head(ops.cast(pooled, "float32"))

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "encoder": keras.saving.serialize_keras_object(self.encoder),
            "classes": self.classes,
            "dropout": self.dropout.rate,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "TextClassifier":
        encoder = keras.saving.deserialize_keras_object(config["encoder"])
        return cls(**{**config, "encoder": encoder})

"""Text classifier."""

from typing import Any, Self

import keras
import numpy as np
from keras import ops

from kit.data.texts import TextData
from kit.models._for_dataset import attach, recorded, set_seed
from kit.models._text_encoder import TextEncoder
from kit.models.pretrained import pretrained_text_encoder
from kit.tokenizers import Bytes, WordPiece, train_wordpiece

WORD_DROPOUTS = {"lstm": 0.1, "conv": 0.1, "transformer": 0.2}


@keras.saving.register_keras_serializable(package="kit")
class TextClassifier(keras.Model):
    """Text classifier: encoder and a linear head.

    The pooled output of the encoder is the embedding of the text.

    Args:
        encoder: a layer from token ids to "vectors" and "pooled", with `embedded` and
            `encoded`, as `TextEncoder`.
        classes: number of classes.
        dropout: dropout rate of the embedding.

    Call arguments:
        numbers: token ids, int [batch, length]; 0 is padding.

    Returns:
        Logits, float32 [batch, classes].

    Example:

    >>> import numpy as np
    >>> from kit.models._text_encoder import TextEncoder
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

    @classmethod
    @recorded
    def for_dataset(
        cls,
        data: TextData,
        encoder: str = "lstm",
        *,
        dim: int = 128,
        layers: int = 1,
        tokenizer: str = "wordpiece",
        vocabulary: int = 20_000,
        length: int = 256,
        backbone: str | None = None,
        tune: str = "whole",
        rank: int = 8,
        dropout: float = 0.3,
        word_dropout: float | None = None,
        seed: int | None = None,
    ) -> Self:
        """Build the model for the classes of train, with a tokenizer learned from its texts.

        The model keeps the tokenizer and the maximum length as `tokenizer` and `length`.

        Args:
            data: the split texts.
            encoder: "lstm", "conv" or "transformer", from scratch.
            dim: width of the embeddings.
            layers: blocks of the encoder; of convolutions twice as many.
            tokenizer: "wordpiece" or "bytes".
            vocabulary: maximum size of the vocabulary.
            length: maximum tokens of a text; the middle of a longer one is truncated.
            backbone: preset of keras-nlp, or a folder that has one, in place of `encoder`.
            tune: what of a backbone is trained: "whole", "lora" or "frozen".
            rank: LoRA rank.
            dropout: dropout rate of embeddings and of the output of each block.
            word_dropout: dropout rate of whole tokens; None for 0.1, or 0.2 with a transformer.
            seed: random seed of the initial weights; None is that of the data.

        Returns:
            The model, built, untrained.

        Raises:
            UserError: the backbone cannot be loaded.

        Example:

        >>> import kit
        >>> data = kit.open("sentiment-labelled-sentences", limit=100)
        >>> model = TextClassifier.for_dataset(data, dim=8, vocabulary=500)
        >>> model.classes, model.length, model.tokenizer.size > 100
        (2, 256, True)
        """
        if backbone is not None:
            pretrained = pretrained_text_encoder(backbone, tune, rank=rank)  # type: ignore[arg-type]
            own, length = pretrained.tokenizer, min(length, pretrained.longest)
        else:
            pretrained = None
            own = (
                Bytes()
                if tokenizer == "bytes"
                else WordPiece(train_wordpiece(data.train.texts, vocabulary))
            )
        set_seed(data, seed)
        if word_dropout is None:
            word_dropout = WORD_DROPOUTS[encoder]
        layer = (
            pretrained.encoder
            if pretrained is not None
            else TextEncoder(
                own.size,
                encoder,  # type: ignore[arg-type]
                dim=dim,
                layers=layers,
                dropout=dropout,
                word_dropout=word_dropout,
            )
        )
        model = cls(layer, len(data.classes), dropout=dropout)
        model(np.full((1, 8), own.unknown, np.int32))
        attach(model, tokenizer=own, length=length, word_dropout=word_dropout)
        return model

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
        """Embeddings of the texts, float32 [batch, dim]."""
        return ops.cast(self.encoder(numbers, training=False)["pooled"], "float32")

    def logits_of_vectors(self, vectors: Any, mask: Any) -> Any:
        """Logits of token vectors that `encoder.embedded` returned.

        Args:
            vectors: float [batch, length, dim].
            mask: bool [batch, length], False at padding.
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

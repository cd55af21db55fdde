"""BERT backbones of keras-nlp (keras-hub)."""

from dataclasses import dataclass
from typing import Any, Literal

import keras
import tensorflow as tf

from kit.errors import UserError
from kit.layers import MaskedPooling
from kit.models._lora import add_lora
from kit.models._preset import read_preset
from kit.models._text_encoder import PADDING
from kit.tokenizers import WordPiece

Tune = Literal["whole", "lora", "frozen"]


@dataclass(frozen=True)
class PretrainedTextEncoder:
    """A backbone and how it wants its texts.

    Args:
        encoder: from numbers of pieces to "vectors" and "pooled".
        tokenizer: with the pieces it was trained on.
        longest: most pieces of a text it can take, with marks.
    """

    encoder: "BackboneEncoder"
    tokenizer: WordPiece
    longest: int


@keras.saving.register_keras_serializable(package="kit")
class BackboneEncoder(keras.layers.Layer):
    """A BERT, whose pieces' vectors are averaged to that of the text.

    Args:
        backbone: takes "token_ids", "padding_mask" and "segment_ids"; gives "sequence_output".

    Call arguments:
        numbers: int [batch, length]; 0 is padding, which stands behind.

    Returns:
        "vectors", float [batch, length, dim], and "pooled", float [batch, dim].

    Source: Devlin et al. (2019), BERT; the mean as in Reimers and Gurevych (2019), Sentence-BERT.
    """

    def __init__(self, backbone: keras.Model, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.backbone = backbone
        self.pooling = MaskedPooling(dtype=self.dtype_policy, name="pooling")
        # From the vectors of pieces on: the same layers, the same weights.
        self._rest = keras.Model(
            [
                backbone.token_embedding.output,
                backbone.input["padding_mask"],
                backbone.input["segment_ids"],
            ],
            backbone.output["sequence_output"],
        )

    def build(self, numbers_shape: tuple[int | None, ...]) -> None:
        self.built = True

    def call(self, numbers: Any, training: bool = False) -> dict[str, Any]:
        return self.encoded(self.embedded(numbers), numbers != PADDING, training=training)

    def embedded(self, numbers: Any) -> Any:
        """The vectors of the pieces alone, float [batch, length, dim]."""
        return self.backbone.token_embedding(numbers)

    def encoded(self, vectors: Any, mask: Any, training: bool = False) -> dict[str, Any]:
        """What `call` gives, from vectors of pieces, see `TextEncoder`."""
        found = self._rest(
            [vectors, tf.cast(mask, tf.int32), tf.zeros_like(mask, tf.int32)],
            training=training,
        )
        return {"vectors": found, "pooled": self.pooling(found, mask=mask)}

    def compute_output_shape(self, numbers_shape: Any) -> dict[str, Any]:
        dim = self.backbone.hidden_dim
        return {"vectors": (*numbers_shape, dim), "pooled": (numbers_shape[0], dim)}

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "backbone": keras.saving.serialize_keras_object(self.backbone),
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "BackboneEncoder":
        backbone = keras.saving.deserialize_keras_object(config["backbone"])
        return cls(**{**config, "backbone": backbone})


def pretrained_text_encoder(
    preset: str, tune: Tune = "whole", *, rank: int = 8
) -> PretrainedTextEncoder:
    """Load a BERT with its tokenizer.

    Args:
        preset: name of a preset (`bert_tiny_en_uncased`), fetched with keras-hub's own download; a
            folder that `save_to_preset` wrote; or a folder of the Hugging Face format, which needs
            safetensors.
        tune: what learns: the "whole", small matrices beside those of attention ("lora"), or
            nothing ("frozen").
        rank: of the small matrices.

    Raises:
        UserError: keras-hub is not installed, there is no such preset, it cannot be fetched, or it
            is no BERT whose tokenizer is of word pieces.

    Source: Hu et al. (2022), LoRA: low-rank adaptation of large language models.
    """
    backbone, found = read_preset(preset, lambda hub, place: _read(hub, place, preset))
    tokenizer = WordPiece(
        found.get_vocabulary(),
        lower=bool(found.lowercase),
        # Uncased BERTs were trained on letters without accents; keras-hub leaves these on.
        plain=bool(found.strip_accents or found.lowercase),
        start="[CLS]",
        end="[SEP]",
    )
    if tokenizer.padding != PADDING:
        raise UserError(
            f"The vocabulary has [PAD] as number {tokenizer.padding}.",
            where=f"--backbone {preset}",
            expected="number 0, as in BERT",
        )
    # What it makes of the first piece is not read.
    backbone.pooled_dense.trainable = False
    if tune == "lora":
        add_lora(backbone, rank)
    backbone.trainable = tune != "frozen" and backbone.trainable
    return PretrainedTextEncoder(
        BackboneEncoder(backbone), tokenizer, int(backbone.max_sequence_length)
    )


def _read(hub: Any, place: str, preset: str) -> tuple[Any, Any]:
    """The backbone and its tokenizer."""
    backbone: Any = hub.models.Backbone.from_preset(place)
    if not isinstance(backbone, hub.models.BertBackbone):
        raise UserError(
            f"The preset is a {type(backbone).__name__}, which is no BERT.",
            where=f"--backbone {preset}",
            expected="a BertBackbone with its vocabulary, such as bert_tiny_en_uncased",
        )
    return backbone, hub.models.BertTokenizer.from_preset(place)

"""BERT backbones of keras-nlp (keras-hub), and those of its family."""

from dataclasses import dataclass
from typing import Any, Literal

import keras
import tensorflow as tf

from kit.errors import UserError
from kit.layers import MaskedPooling, integer_ids
from kit.models._text_encoder import PADDING
from kit.models.pretrained._preset import (
    add_lora,
    preset_byte_pairs,
    preset_sentence_pieces,
    read_preset,
)
from kit.tokenizers import Tokenizer, WordPiece

# Of keras-hub. The last two cut texts by operations of TensorFlow Text, the others by the core's.
FAMILY = ("Bert", "DistilBert", "Electra", "Roberta", "Albert", "DebertaV3")
Tune = Literal["whole", "lora", "frozen"]


@dataclass(frozen=True)
class PretrainedTextEncoder:
    """A backbone and how it wants its texts.

    Args:
        encoder: from numbers of pieces to "vectors" and "pooled".
        tokenizer: with the pieces it was trained on.
        longest: maximum tokens of a text it can take, special tokens included.
    """

    encoder: "BackboneEncoder"
    tokenizer: Tokenizer
    longest: int


@keras.saving.register_keras_serializable(package="kit")
class BackboneEncoder(keras.layers.Layer):
    """A BERT or one of its family, whose pieces' vectors are averaged to that of the text.

    Args:
        backbone: takes "token_ids", "padding_mask" and maybe "segment_ids"; gives vectors of the
            pieces, by themselves or as "sequence_output".

    Call arguments:
        numbers: int [batch, length]; 0 is padding, which stands behind.

    Returns:
        "vectors", float [batch, length, dim], and "pooled", float [batch, dim].

    Source: Devlin et al. (2019), BERT; the mean as in Reimers and Gurevych (2019), Sentence-BERT.
    """

    def __init__(self, backbone: keras.Model, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.autocast = False  # Token ids arrive as they are given.
        self.backbone = backbone
        self.pooling = MaskedPooling(dtype=self.dtype_policy, name="pooling")
        # Some put vectors of pieces and places together in one layer.
        self._first = getattr(backbone, "embeddings", None) or backbone.token_embedding
        self._others = [name for name in backbone.input if name != "token_ids"]
        output = backbone.output
        # From the vectors of pieces on: the same layers, the same weights.
        self._rest = keras.Model(
            [self._first.output, *(backbone.input[name] for name in self._others)],
            output["sequence_output"] if isinstance(output, dict) else output,
        )

    def build(self, numbers_shape: tuple[int | None, ...]) -> None:
        self.built = True

    def call(self, numbers: Any, training: bool = False) -> dict[str, Any]:
        return self.encoded(self.embedded(numbers), numbers != PADDING, training=training)

    def embedded(self, numbers: Any) -> Any:
        """The vectors that pieces have before any block, float [batch, length, dim]."""
        return self._first(integer_ids(numbers))

    def encoded(self, vectors: Any, mask: Any, training: bool = False) -> dict[str, Any]:
        """What `call` gives, from vectors of pieces, see `TextEncoder`."""
        others = {"padding_mask": tf.cast(mask, tf.int32)}
        others["segment_ids"] = tf.zeros_like(others["padding_mask"])
        found = self._rest([vectors, *(others[name] for name in self._others)], training=training)
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
    """Load a BERT, DistilBERT, ELECTRA, RoBERTa, ALBERT or DeBERTa with its tokenizer.

    Args:
        preset: name of a preset (`bert_tiny_en_uncased`), fetched with keras-hub's own download; a
            folder that `save_to_preset` wrote; or a folder of the Hugging Face format, which needs
            safetensors.
        tune: what learns: the "whole", small matrices beside those of attention ("lora"), or
            nothing ("frozen").
        rank: of the small matrices.

    Raises:
        UserError: keras-hub is not installed, there is no such preset, it cannot be fetched, or it
            is of another kind.

    Source: Hu et al. (2022), LoRA: low-rank adaptation of large language models.
    """
    backbone, found = read_preset(preset, lambda hub, place: _read(hub, place, preset))
    tokenizer = _tokenizer(backbone, found, preset)
    if hasattr(backbone, "pooled_dense"):
        # What it makes of the first piece is not read.
        backbone.pooled_dense.trainable = False
    if tune == "lora":
        add_lora(backbone, rank)
    backbone.trainable = tune != "frozen" and backbone.trainable
    # A preset says how long texts are by the places it has vectors for.
    longest = int(backbone.max_sequence_length)
    return PretrainedTextEncoder(BackboneEncoder(backbone), tokenizer, longest)


def _read(hub: Any, place: str, preset: str) -> tuple[Any, Any]:
    """The backbone and its tokenizer."""
    backbone: Any = hub.models.Backbone.from_preset(place)
    # What is derived of one of them has another tokenizer.
    family = type(backbone).__name__.removesuffix("Backbone")
    if family not in FAMILY:
        raise UserError(
            f"The preset is a {type(backbone).__name__}, which is no BERT.",
            where=f"--backbone {preset}",
            expected=f"a backbone of {', '.join(FAMILY)} with its vocabulary, such as "
            "bert_tiny_en_uncased",
        )
    return backbone, getattr(hub.models, f"{family}Tokenizer").from_preset(place)


def _tokenizer(backbone: Any, found: Any, preset: str) -> Tokenizer:
    """With padding as number 0."""
    if hasattr(found, "proto"):
        return preset_sentence_pieces(found, backbone.token_embedding, preset)
    if hasattr(found, "merges"):
        return preset_byte_pairs(found, backbone.token_embedding, preset)
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
    return tokenizer

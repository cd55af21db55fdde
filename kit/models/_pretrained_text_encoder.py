"""BERT backbones of keras-nlp (keras-hub). Only this module imports it, when it is asked for."""

import os
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import keras
import tensorflow as tf

from kit.errors import UserError
from kit.layers import MaskedPooling
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
    try:
        import keras_hub
    except ImportError:
        raise UserError(
            "A pretrained backbone needs keras-hub, which is not installed.",
            where="--backbone",
            remedy="Install it, pip install kit[pretrained], or leave --backbone out.",
        ) from None
    folder = Path(preset).expanduser()
    is_folder = folder.is_dir()
    if not is_folder and ("\\" in preset or preset.startswith((".", "/", "~"))):
        raise _no_preset(preset, "there is no such folder")
    place = os.fspath(folder) if is_folder else preset
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            backbone: Any = keras_hub.models.Backbone.from_preset(place)
            if not isinstance(backbone, keras_hub.models.BertBackbone):
                raise UserError(
                    f"The preset is a {type(backbone).__name__}, which is no BERT.",
                    where=f"--backbone {preset}",
                    expected="a BertBackbone with its vocabulary, such as bert_tiny_en_uncased",
                )
            found: Any = keras_hub.models.BertTokenizer.from_preset(place)
    except UserError:
        raise
    except Exception as error:  # Downloads and half a dozen formats fail in as many ways.
        raise _no_preset(preset, f"{type(error).__name__}: {str(error).splitlines()[0]}") from None
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
        _add_lora(backbone, rank)
    backbone.trainable = tune != "frozen" and backbone.trainable
    return PretrainedTextEncoder(
        BackboneEncoder(backbone), tokenizer, int(backbone.max_sequence_length)
    )


def _add_lora(backbone: Any, rank: int) -> None:
    """Freeze all but new matrices beside those of query and value, as in the paper."""
    for layer in backbone._flatten_layers():
        if layer.name in ("query", "value") and hasattr(layer, "enable_lora"):
            layer.enable_lora(rank)
    kept = {id(weight) for layer in backbone._flatten_layers() for weight in _of_lora(layer)}
    for weight in backbone.weights:
        if id(weight) not in kept:
            weight.trainable = False


def _of_lora(layer: Any) -> list[Any]:
    if not getattr(layer, "lora_enabled", False):
        return []
    return [layer.lora_kernel_a, layer.lora_kernel_b]


def _no_preset(preset: str, why: str) -> UserError:
    return UserError(
        f"The backbone cannot be loaded: {why}",
        where=f"--backbone {preset}",
        expected="a preset of keras-hub (https://keras.io/keras_hub/presets), or a folder that "
        "save_to_preset wrote",
        remedy="Check the name; a preset that is not on this machine needs a network.",
    )

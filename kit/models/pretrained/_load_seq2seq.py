"""Encoder-decoder backbones of keras-nlp (keras-hub) that write."""

from dataclasses import dataclass
from typing import Any, Literal

from kit.errors import UserError
from kit.models.pretrained._bart import BartWriter
from kit.models.pretrained._preset import (
    add_lora,
    preset_byte_pairs,
    preset_sentence_pieces,
    read_preset,
)
from kit.models.pretrained._seq2seq import PretrainedSeq2Seq
from kit.models.pretrained._t5 import T5Writer
from kit.tokenizers import Tokenizer

FAMILY = ("Bart", "T5")
TuneWriter = Literal["whole", "lora"]


@dataclass(frozen=True)
class PretrainedWriter:
    """A backbone that writes, and how it wants its texts.

    Args:
        model: from tokens to tokens.
        tokenizer: with the pieces the model was trained on.
        longest: maximum tokens of a text it can read or write, special tokens included; None for
            any number.
    """

    model: PretrainedSeq2Seq
    tokenizer: Tokenizer
    longest: int | None


def pretrained_writer(
    preset: str, tune: TuneWriter = "whole", *, rank: int = 8, label_smoothing: float = 0.1
) -> PretrainedWriter:
    """Load a BART or a T5 with its tokenizer.

    Args:
        preset: name of a preset (`bart_base_en`), fetched with keras-hub's own download; or a
            folder that `save_to_preset` wrote.
        tune: what learns: the "whole", or small matrices beside those of attention ("lora").
        rank: of the small matrices.
        label_smoothing: share of the target that is spread over all tokens.

    Raises:
        UserError: keras-hub is not installed, there is no such preset, it cannot be fetched, or it
            is of another kind.

    Source: Hu et al. (2022), LoRA: low-rank adaptation of large language models.
    """
    backbone, found = read_preset(preset, lambda hub, place: _read(hub, place, preset))
    table = backbone.token_embedding
    if _family(backbone) == "Bart":
        tokenizer: Tokenizer = preset_byte_pairs(found, table, preset)
        model: PretrainedSeq2Seq = BartWriter(backbone, label_smoothing=label_smoothing)
        longest = int(backbone.max_sequence_length)
    else:
        tokenizer = preset_sentence_pieces(found, table, preset)
        model, longest = T5Writer(backbone, label_smoothing=label_smoothing), None
    model.build()
    if tune == "lora":
        add_lora(backbone, rank)
        model.bias.trainable = False
    return PretrainedWriter(model, tokenizer, longest)


def _read(hub: Any, place: str, preset: str) -> tuple[Any, Any]:
    """The backbone and its tokenizer."""
    backbone: Any = hub.models.Backbone.from_preset(place)
    family = _family(backbone)
    if family not in FAMILY:
        raise UserError(
            f"The preset is a {type(backbone).__name__}, which is no BART and no T5.",
            where=f"--backbone {preset}",
            expected="a BartBackbone or T5Backbone with its vocabulary, such as bart_base_en",
        )
    return backbone, getattr(hub.models, f"{family}Tokenizer").from_preset(place)


def _family(backbone: Any) -> str:
    return type(backbone).__name__.removesuffix("Backbone")

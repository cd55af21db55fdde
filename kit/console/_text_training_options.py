"""How a classifier of texts is trained."""

from dataclasses import dataclass

import click

from kit.console._backbone_options import backbone_options
from kit.console._bundle import Function, bundled


@dataclass(frozen=True)
class TextTrainingOptions:
    """The model, how it sees texts, and regularization."""

    encoder: str
    layers: int
    tokenizer: str
    vocabulary: int
    length: int
    backbone: str | None
    tune: str
    rank: int
    class_weights: str
    label_smoothing: float
    dropout: float
    word_dropout: float | None


_OPTIONS = [
    click.option(
        "--encoder",
        type=click.Choice(["lstm", "conv", "transformer"]),
        default="lstm",
        show_default=True,
        help="What is trained from scratch.",
    ),
    click.option(
        "--layers",
        type=click.IntRange(min=1),
        default=1,
        show_default=True,
        help="Blocks of the --encoder; of convolutions twice as many.",
    ),
    click.option(
        "--tokenizer",
        type=click.Choice(["wordpiece", "bytes"]),
        default="wordpiece",
        show_default=True,
        help="wordpiece learns subword tokens from the training texts; bytes needs no vocabulary "
        "and a --length some five times as long.",
    ),
    click.option(
        "--vocabulary",
        type=click.IntRange(min=100),
        metavar="PIECES",
        default=20_000,
        show_default=True,
        help="Pieces of words at most.",
    ),
    click.option(
        "--length",
        type=click.IntRange(min=4),
        metavar="PIECES",
        default=256,
        show_default=True,
        help="Maximum tokens of a text; the middle of a longer one is truncated.",
    ),
    *backbone_options(
        "BERT, DistilBERT, ELECTRA, RoBERTa, ALBERT or DeBERTa",
        ["whole", "lora", "frozen"],
        tune_help="all of it, small matrices beside those of its attention, or nothing but the "
        "last layer",
    ),
    click.option(
        "--class-weights",
        type=click.Choice(["none", "balanced"]),
        default="none",
        show_default=True,
        help="balanced: a text of a rare class counts more, so that all classes count alike.",
    ),
    click.option(
        "--label-smoothing",
        type=click.FloatRange(0, 1, max_open=True),
        default=0.05,
        show_default=True,
        help="Label smoothing: share of the target spread over all classes.",
    ),
    click.option(
        "--dropout",
        type=click.FloatRange(0, 1, max_open=True),
        default=0.3,
        show_default=True,
        help="Share dropped in training of embeddings and of what the blocks add.",
    ),
    click.option(
        "--word-dropout",
        type=click.FloatRange(0, 1, max_open=True),
        show_default="0.1, of a transformer 0.2",
        help="Share of the pieces that an --encoder does not see in training.",
    ),
]


def text_training_options(function: Function) -> Function:
    """Add --encoder to --word-dropout; the command gets them as `how`, a `TextTrainingOptions`."""
    return bundled(function, _OPTIONS, "how", TextTrainingOptions)

"""How a model that writes is made, trained and asked."""

from collections.abc import Callable
from dataclasses import dataclass

import click

from kit.console._backbone_options import backbone_options
from kit.console._bundle import Function, bundled
from kit.errors import UserError


@dataclass(frozen=True)
class WritingOptions:
    """The model, regularization, and the search."""

    layers: int
    heads: int
    hidden: int | None
    vocabulary: int
    source_length: int
    target_length: int
    dropout: float
    label_smoothing: float
    average: float
    beams: int
    length_penalty: float
    backbone: str | None
    tune: str
    rank: int

    def check_width(self, dim: int) -> None:
        """Raise `UserError` where the heads cannot share the width."""
        if self.backbone is None and dim % (2 * self.heads):
            raise UserError(
                f"A width of {dim} cannot be shared out to {self.heads} heads.",
                where="--dim, --heads",
                expected="a width that is a multiple of twice the heads",
                remedy=f"Give --dim {max(1, round(dim / 2 / self.heads)) * 2 * self.heads}.",
            )


def writing_options_of(
    *,
    layers: int,
    hidden: int,
    vocabulary: int,
    source_length: int,
    target_length: int,
    dropout: float,
    length_penalty: float,
) -> Callable[[Function], Function]:
    """Add --layers to --rank; the command gets them as `how`, a `WritingOptions`.

    Args:
        layers: blocks of the encoder, and of the decoder, if not given.
        hidden: width of the feed-forward layers.
        vocabulary: subword tokens.
        source_length: tokens read.
        target_length: tokens written.
        dropout: share dropped.
        length_penalty: of the search.
    """
    share = click.FloatRange(0, 1, max_open=True)
    options = [
        click.option(
            "--layers",
            type=click.IntRange(min=1),
            default=layers,
            show_default=True,
            help="Blocks of the encoder, and as many of the decoder.",
        ),
        click.option(
            "--heads",
            type=click.IntRange(min=1),
            default=4,
            show_default=True,
            help="Of attention.",
        ),
        click.option(
            "--hidden",
            type=click.IntRange(min=1),
            default=hidden,
            show_default=True,
            help="Width of the feed-forward layers.",
        ),
        click.option(
            "--vocabulary",
            type=click.IntRange(min=300),
            metavar="PIECES",
            default=vocabulary,
            show_default=True,
            help="Pieces of words that are learned, for both sides together.",
        ),
        click.option(
            "--source-length",
            type=click.IntRange(min=4),
            metavar="PIECES",
            default=source_length,
            show_default=True,
            help="Of a longer text only the beginning is read.",
        ),
        click.option(
            "--target-length",
            type=click.IntRange(min=4),
            metavar="PIECES",
            default=target_length,
            show_default=True,
            help="No longer text is written.",
        ),
        click.option(
            "--dropout",
            type=share,
            default=dropout,
            show_default=True,
            help="Share dropped in training of what every layer adds.",
        ),
        click.option(
            "--label-smoothing",
            type=share,
            default=0.1,
            show_default=True,
            help="Share of the target that is spread over all pieces.",
        ),
        click.option(
            "--average",
            type=share,
            default=0.05,
            show_default=True,
            help="Over about which share of the steps the weights are averaged; the averages are "
            "measured and exported. 0 takes the weights themselves.",
        ),
        click.option(
            "--beams",
            type=click.IntRange(1, 64),
            default=4,
            show_default=True,
            help="Beginnings that the search keeps; 1 is greedy. Fixed in the export.",
        ),
        click.option(
            "--length-penalty",
            type=click.FloatRange(0, 5),
            default=length_penalty,
            show_default=True,
            help="Greater values write longer texts. Fixed in the export.",
        ),
        *backbone_options(
            "BART or T5",
            ["whole", "lora"],
            tune_help="all of it, or small matrices beside those of its attention",
        ),
    ]
    return lambda function: bundled(function, options, "how", WritingOptions)

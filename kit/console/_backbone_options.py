"""Pretrained backbones of texts, and what of them learns."""

from collections.abc import Sequence
from typing import Any

import click


def backbone_options(kind: str, tune: Sequence[str], *, tune_help: str) -> list[Any]:
    """--backbone, --tune and --rank.

    Args:
        kind: of the backbones that are taken.
        tune: ways to tune, the first is taken if none is given.
        tune_help: what they do.
    """
    return [
        click.option(
            "--backbone",
            metavar="PRESET",
            help=f"Fine-tune a pretrained {kind} of keras-nlp instead: the name of a preset, or a "
            "folder that has one. Needs the extra: pip install kit[pretrained]",
        ),
        click.option(
            "--tune",
            type=click.Choice(list(tune)),
            default=tune[0],
            show_default=True,
            help=f"What of a --backbone learns: {tune_help}.",
        ),
        click.option(
            "--rank",
            type=click.IntRange(min=1),
            default=8,
            show_default=True,
            help="LoRA rank of --tune lora.",
        ),
    ]

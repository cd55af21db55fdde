"""A pretrained encoder of texts as an export, as it is."""

from pathlib import Path

import click

from kit.console import Command, echo, quiet_tensorflow, verified


@click.command(
    cls=Command, example="kit encoder bert_tiny_en_uncased --output saved_models/encoder"
)
@click.argument("preset")
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    default=Path("saved_models/encoder"),
    show_default=True,
    help="Where versions of the export go.",
)
@click.option(
    "--length",
    type=click.IntRange(min=4),
    default=128,
    show_default=True,
    metavar="TOKENS",
    help="Maximum tokens of a text; the middle of a longer one is truncated.",
)
def encoder(preset: str, output: Path, length: int) -> None:
    """Export a pretrained BERT or one of its family of keras-nlp as it is.

    PRESET is its name, or a folder that has one. The export gives vectors of texts, the means of
    their tokens' vectors, and reads items for --text-encoder of the recommenders. Needs the
    extra: pip install keras-application-kit[pretrained]
    """
    quiet_tensorflow()
    from kit.exporting import export_text_encoder
    from kit.models.pretrained import pretrained_text_encoder

    found = pretrained_text_encoder(preset, "frozen")
    length = min(length, found.longest)
    version, checks = export_text_encoder(
        found,
        length,
        output,
        card={
            "recipe": "encoder",
            "preset": Path(preset).name,
            "intended_use": "Vectors of texts, for models that learn what to make of them.",
            "limits": ["It is as it was published; what it was trained on is its maker's to say."],
        },
    )
    echo(verified(checks))
    echo(f"model:     {version}")
    echo(f"next:      kit train two-tower --item-text COLUMN --text-encoder {output} ...")

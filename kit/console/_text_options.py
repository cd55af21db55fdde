"""Options of recipes that learn from texts with a class."""

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import click

from kit.console._bundle import Function, bundled
from kit.console._format_options import FORMAT, FormatOptions
from kit.progress import stage

if TYPE_CHECKING:
    from kit.data.texts import TextData, TextSource


@dataclass(frozen=True)
class TextOptions(FormatOptions):
    """What the texts are; the help of the options says what each means."""

    data: str
    text_column: str | None
    label_column: str | None
    split: str | None
    limit: int | None
    seed: int

    def card(self) -> dict[str, Any]:
        """What an export keeps, to find its data again."""
        return asdict(self)

    @stage("read")
    def open(self) -> "TextSource":
        """Open the source."""
        from kit.data.texts import open_texts

        return open_texts(
            self.data,
            text_column=self.text_column,
            label_column=self.label_column,
            format=self.format(),
        )

    @stage("split")
    def split_of(self, source: "TextSource") -> "TextData":
        """Leave out what cannot be used, and split.

        Args:
            source: what `open` returned.
        """
        from kit.data.texts import split_texts

        return split_texts(source, self.split, limit=self.limit, seed=self.seed)


_TEXTS = [
    click.option(
        "--data",
        metavar="SOURCE",
        required=True,
        help="A .csv, .tsv, .jsonl or .parquet file of text and label, also compressed; a folder "
        "of train, test and maybe dev of that kind; tfds:NAME; or the built-in "
        "sentiment-labelled-sentences.",
    ),
    click.option("--text-column", metavar="NAME", help="Column of the text, if not found by name."),
    click.option("--label-column", metavar="NAME", help="Column of the class."),
    click.option(
        "--split",
        type=click.Choice(["given", "random"]),
        help="How the test set is held out.  [default: given, else random]",
    ),
    click.option(
        "--limit",
        type=click.IntRange(min=1),
        metavar="TEXTS",
        help="Train on that many texts only, drawn at random, for a quick trial.",
    ),
    # Shuffling takes seeds of 32 bits with a sign.
    click.option(
        "--seed",
        type=click.IntRange(0, 2**31 - 1),
        metavar="NUMBER",
        default=0,
        show_default=True,
        help="Random seed.",
    ),
    *FORMAT,
]


def text_options(function: Function) -> Function:
    """Add --data to --seed; the command gets them as `data`, a `TextOptions`."""
    return bundled(function, _TEXTS, "data", TextOptions)

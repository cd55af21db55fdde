"""Options of recipes that learn from pairs of texts."""

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import click

from kit.console._bundle import Function, bundled
from kit.console._format_options import FORMAT, FormatOptions
from kit.console._image_options import PICTURE_SEED
from kit.progress import stage

if TYPE_CHECKING:
    from kit.data.pairs import PairData, PairSource


@dataclass(frozen=True)
class PairOptions(FormatOptions):
    """What the pairs are; the help of the options says what each means."""

    data: str
    source_column: str | None
    target_column: str | None
    from_language: str | None
    to_language: str | None
    split: str | None
    limit: int | None
    seed: int

    def card(self) -> dict[str, Any]:
        """What an export keeps, to find its data again."""
        return asdict(self)

    @stage("read")
    def open(self) -> "PairSource":
        """Open the source."""
        from kit.data.pairs import open_pairs

        return open_pairs(
            self.data,
            source_column=self.source_column,
            target_column=self.target_column,
            from_language=self.from_language,
            to_language=self.to_language,
            format=self.format(),
        )

    @stage("split")
    def split_of(self, source: "PairSource") -> "PairData":
        """Split the pairs."""
        from kit.data.pairs import split_pairs

        return split_pairs(source, self.split, limit=self.limit, seed=self.seed)


_PAIRS = [
    click.option(
        "--data",
        metavar="SOURCE",
        required=True,
        help="A .csv, .tsv, .parquet or .jsonl file (also .gz or .xz) with a column for each side, "
        "a folder of such files train, test and maybe valid, a folder of files train.en, train.de "
        "and so on, tfds:NAME, or a built-in name: tatoeba-eng-fra-part, scitldr-part.",
    ),
    click.option(
        "--source-column", metavar="NAME", help="Column of the given text, if not found by name."
    ),
    click.option("--target-column", metavar="NAME", help="Column of the text to be written."),
    click.option(
        "--from",
        "from_language",
        metavar="LANGUAGE",
        help="The given side, as the files or columns are named: en.  [default: the first]",
    ),
    click.option(
        "--to",
        "to_language",
        metavar="LANGUAGE",
        help="The other side, as the files or columns are named: de.",
    ),
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
    PICTURE_SEED,
    *FORMAT,
]


def pair_options(function: Function) -> Function:
    """Add --data to --seed; the command gets them as `data`, a `PairOptions`."""
    return bundled(function, _PAIRS, "data", PairOptions)

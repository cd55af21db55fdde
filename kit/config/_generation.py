"""Options of recipes that generate texts from texts."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from kit.config._data import SIGNED_SEED, FormatOptions
from kit.config._options import Options, option
from kit.errors import UserError
from kit.progress import stage

if TYPE_CHECKING:
    from kit.data.text2text import Text2TextData, Text2TextSource


@dataclass(frozen=True, kw_only=True)
class Text2TextOptions(FormatOptions):
    """Where pairs of texts are and how they are split.

    Example:

    >>> Text2TextOptions(data="tatoeba-eng-fra-part", limit=500).dataset().names
    ('en', 'fr')
    """

    data: Any = option(
        help="A .csv, .tsv, .parquet or .jsonl file (also .gz or .xz) with a column for each side, "
        "a folder of such files train, test and maybe valid, a folder of files train.en, train.de "
        "and so on, tfds:NAME, or a built-in name: tatoeba-eng-fra-part, scitldr-part.",
        metavar="SOURCE",
    )
    source_column: str | None = option(
        None, "Column of the given text, if not found by name.", metavar="NAME"
    )
    target_column: str | None = option(None, "Column of the text to be generated.", metavar="NAME")
    from_language: str | None = option(
        None,
        "The source language, as the files or columns are named: en.  [default: the first]",
        names=("--from",),
        metavar="LANGUAGE",
    )
    to_language: str | None = option(
        None,
        "The target language, as the files or columns are named: de.",
        names=("--to",),
        metavar="LANGUAGE",
    )
    split: str | None = option(
        None,
        "How the test set is held out.  [default: given, else random]",
        choices=("given", "random"),
    )
    limit: int | None = option(
        None,
        "Train on that many texts only, drawn at random, for a quick trial.",
        min=1,
        metavar="TEXTS",
    )
    seed: int = option(0, "Random seed.", min=0, max=SIGNED_SEED, metavar="NUMBER")

    @stage("read")
    def open(self) -> "Text2TextSource":
        """Open the source."""
        from kit.data.text2text import open_text2text

        return open_text2text(
            self.data,
            source_column=self.source_column,
            target_column=self.target_column,
            from_language=self.from_language,
            to_language=self.to_language,
            format=self.format(),
        )

    @stage("split")
    def split_of(self, source: "Text2TextSource") -> "Text2TextData":
        """Split the pairs."""
        from kit.data.text2text import split_text2text

        return split_text2text(source, self.split, limit=self.limit, seed=self.seed)

    def dataset(self) -> "Text2TextData":
        """Open the source and split it."""
        return replace(self.split_of(self.open()), options=self)


@dataclass(frozen=True, kw_only=True)
class GenerationOptions(Options):
    """The model that generates texts, regularization, and the search."""

    layers: int = option(3, "Blocks of the encoder, and as many of the decoder.", min=1)
    heads: int = option(4, "Attention heads.", min=1)
    hidden: int = option(512, "Width of the feed-forward layers.", min=1)
    vocabulary: int = option(
        6000, "Maximum size of the vocabulary that both sides share.", min=300, metavar="TOKENS"
    )
    source_length: int = option(
        128, "Maximum tokens of a source text; a longer one is truncated.", min=4, metavar="TOKENS"
    )
    target_length: int = option(128, "Maximum tokens to generate.", min=4, metavar="TOKENS")
    dropout: float = option(0.2, "Dropout rate of the output of each layer.", min=0, below=1)
    label_smoothing: float = option(
        0.1, "Label smoothing: share of the target spread over all tokens.", min=0, below=1
    )
    average: float = option(
        0.05,
        "Exponential moving average of the weights, over about this share of the steps; the "
        "averages are evaluated and exported. 0 disables it.",
        min=0,
        below=1,
    )
    beams: int = option(4, "Beam width; 1 is greedy decoding. Fixed in the export.", min=1, max=64)
    length_penalty: float = option(
        1.0, "Greater values generate longer texts. Fixed in the export.", min=0, max=5
    )
    backbone: str | None = option(
        None,
        "Fine-tune a pretrained BART or T5 of keras-nlp instead: the name of a preset, or a folder "
        "that has one. Needs the extra: pip install keras-application-kit[pretrained]",
        metavar="PRESET",
    )
    tune: str = option(
        "whole",
        "What of a --backbone is trained: all of it, or LoRA matrices beside those of its "
        "attention.",
        choices=("whole", "lora"),
    )
    rank: int = option(8, "LoRA rank of --tune lora.", min=1)

    def check_width(self, dim: int) -> None:
        """Raise `UserError` where the heads cannot share the width."""
        if self.backbone is None and dim % (2 * self.heads):
            raise UserError(
                f"A width of {dim} cannot be shared out to {self.heads} heads.",
                where="--dim, --heads",
                expected="a width that is a multiple of twice the heads",
                remedy=f"Give --dim {max(1, round(dim / 2 / self.heads)) * 2 * self.heads}.",
            )

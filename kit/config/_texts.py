"""Options of recipes that learn from texts with a class."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from kit.config._data import SIGNED_SEED, FormatOptions
from kit.config._options import Options, option
from kit.progress import stage

if TYPE_CHECKING:
    from kit.data.texts import TextData, TextSource


@dataclass(frozen=True, kw_only=True)
class TextOptions(FormatOptions):
    """Where texts with a class are and how they are split.

    Example:

    >>> TextOptions(data="sentiment-labelled-sentences", limit=100).dataset().classes
    ('negative', 'positive')
    """

    data: Any = option(
        help="A .csv, .tsv, .jsonl or .parquet file of text and label, also compressed; a folder "
        "of train, test and maybe dev of that kind; tfds:NAME; or the built-in "
        "sentiment-labelled-sentences.",
        metavar="SOURCE",
    )
    text_column: str | None = option(
        None, "Column of the text, if not found by name.", metavar="NAME"
    )
    label_column: str | None = option(None, "Column of the class.", metavar="NAME")
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

    def dataset(self) -> "TextData":
        """Open the source and split it."""
        return replace(self.split_of(self.open()), options=self)


@dataclass(frozen=True, kw_only=True)
class TextTrainingOptions(Options):
    """The text classifier, its tokens, and regularization."""

    encoder: str = option(
        "lstm", "What is trained from scratch.", choices=("lstm", "conv", "transformer")
    )
    layers: int = option(1, "Blocks of the --encoder; of convolutions twice as many.", min=1)
    tokenizer: str = option(
        "wordpiece",
        "wordpiece learns subword tokens from the training texts; bytes needs no vocabulary and a "
        "--length some five times as long.",
        choices=("wordpiece", "bytes"),
    )
    vocabulary: int = option(20_000, "Maximum size of the vocabulary.", min=100, metavar="TOKENS")
    length: int = option(
        256,
        "Maximum tokens of a text; the middle of a longer one is truncated.",
        min=4,
        metavar="TOKENS",
    )
    backbone: str | None = option(
        None,
        "Fine-tune a pretrained BERT, DistilBERT, ELECTRA, RoBERTa, ALBERT or DeBERTa of keras-nlp "
        "instead: the name of a preset, or a folder that has one. Needs the extra: pip install "
        "keras-application-kit[pretrained]",
        metavar="PRESET",
    )
    tune: str = option(
        "whole",
        "What of a --backbone is trained: all of it, LoRA matrices beside those of its attention, "
        "or nothing but the last layer.",
        choices=("whole", "lora", "frozen"),
    )
    rank: int = option(8, "LoRA rank of --tune lora.", min=1)
    class_weights: str = option(
        "none", "balanced: weight classes by inverse frequency.", choices=("none", "balanced")
    )
    label_smoothing: float = option(
        0.05, "Label smoothing: share of the target spread over all classes.", min=0, below=1
    )
    dropout: float = option(
        0.3, "Dropout rate of embeddings and of the output of each block.", min=0, below=1
    )
    word_dropout: float | None = option(
        None,
        "Share of the tokens that an --encoder does not see in training.",
        min=0,
        below=1,
        default_help="0.1, of a transformer 0.2",
    )

"""Translation: from pairs of sentences to "what is this in the other language?".

    kit train translation --data tatoeba-eng-fra-part
    python recipes/translation.py --data FOLDER --from en --to de

An encoder-decoder transformer from scratch, over subword tokens that both languages share; or a
pretrained BART or T5 of keras-nlp. On 2 cores, beside other work, Multi30k takes 29 minutes and
reaches 39.0 BLEU on its test2016; see results/pairs.json.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kit.config import (
    CheckpointOptions,
    GenerationOptions,
    Options,
    Text2TextOptions,
    TrainingOptions,
    option,
)
from kit.pipeline import Recipe, command
from kit.recipes.text_generation import build_transformer, train_transformer
from kit.tasks import Built, Text2Text

if TYPE_CHECKING:
    from kit.data.text2text import Text2TextData
    from kit.models import Seq2SeqModel
    from kit.training import Precision

BLEU_TOKENIZERS = ("13a", "intl", "char", "zh", "ja-mecab", "ko-mecab", "none")
EPOCHS, LEARNING_RATE = 12, 1.5e-3


@dataclass(frozen=True, kw_only=True)
class BleuOptions(Options):
    """How translations are measured."""

    bleu_tokenizer: str | None = option(
        None,
        "sacreBLEU's tokenizer.  [default: by the language, else by the script]",
        choices=BLEU_TOKENIZERS,
    )


@dataclass(frozen=True, kw_only=True)
class TranslationOptions:
    """Everything that can be set."""

    data: Text2TextOptions
    bleu: BleuOptions = BleuOptions()
    model: GenerationOptions = GenerationOptions()
    training: TrainingOptions = TrainingOptions(dim=256)
    checkpoint: CheckpointOptions = CheckpointOptions()


def build(data: "Text2TextData", options: TranslationOptions) -> "Seq2SeqModel":
    """The model with its tokenizer, untrained."""
    return build_transformer(data, options)


def train(
    model: "Seq2SeqModel",
    data: "Text2TextData",
    options: TranslationOptions,
    precision: "Precision",
) -> Built:
    """Compile the model, and make the batches it is trained on."""
    return train_transformer(model, data, options, precision, epochs=EPOCHS, rate=LEARNING_RATE)


def task(options: TranslationOptions) -> Text2Text:
    """Measured by BLEU and chrF, by the tokenizer of the target language."""

    def tokenizer_of(data: "Text2TextData") -> str:
        from kit.evaluation import bleu_tokenizer

        named = options.bleu.bleu_tokenizer
        return bleu_tokenizer(data.test.references, language=data.names[1], named=named)

    def judge(data: "Text2TextData") -> Any:
        from kit.evaluation import Translations

        tokenizer = tokenizer_of(data)
        return lambda texts, references: Translations(texts, references, tokenizer)

    def baselines(data: "Text2TextData") -> Any:
        from kit.evaluation import translation_baselines

        return translation_baselines(data, tokenizer_of(data))

    return Text2Text(output="translation", judge=judge, baselines=baselines)


RECIPE = Recipe(
    name="translation",
    about="Train a translation model, evaluate it, export it and verify the export.",
    example="kit train translation --data tatoeba-eng-fra-part",
    options=TranslationOptions,
    rows="tokens",
    intended_use="Translating texts like those it was trained on, for readers who can judge them.",
    limits=[
        "It may omit, add or reverse what the text says, in fluent sentences.",
        "The end of texts longer than those it was trained on is truncated.",
        "Words that it has not seen in training are guessed from their subword tokens.",
    ],
    task=task,
    check=lambda options: options.model.check_width(options.training.dim),
    extra="text",
    build=build,
    train=train,
    models=["SequenceToSequence", "BartWriter", "T5Writer"],
)
main = command(RECIPE)

if __name__ == "__main__":
    main()

"""Translation: from pairs of sentences to "what is this in the other language?".

    kit train translation --data tatoeba-eng-fra-part
    python recipes/translation.py --data FOLDER --from en --to de

An encoder-decoder transformer from scratch, over subword tokens that both languages share; or a
pretrained BART or T5 of keras-nlp. On 2 cores, beside other work, Multi30k takes 29 minutes and
reaches 39.0 BLEU on its test2016; see results/pairs.json.
"""

from functools import partial
from typing import TYPE_CHECKING

import click

from kit.console import (
    CheckpointOptions,
    Command,
    PairOptions,
    TrainingOptions,
    WritingOptions,
    checkpoint_options,
    pair_options,
    training_options_of,
    writing_options_of,
)
from kit.pipeline import Recipe, run
from kit.recipes.text_generation import transformer
from kit.tasks import Text2Text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kit.data.pairs import PairData
    from kit.evaluation.pairs import Translations
    from kit.tasks import Built
    from kit.training import Precision

BLEU_TOKENIZERS = ("13a", "intl", "char", "zh", "ja-mecab", "ko-mecab", "none")
EPOCHS, LEARNING_RATE, BATCH = 12, 1.5e-3, 4096
PATIENCE = 8

INTENDED_USE = (
    "Translating texts like those it was trained on, to be read by somebody who can tell."
)
LIMITS = [
    "It may leave out, add or turn round what the text says, in sentences that read well.",
    "Of texts longer than those it was trained on the end is not read.",
    "Words it has not seen in training are guessed from their pieces.",
]
RECIPE = Recipe(name="translation", intended_use=INTENDED_USE, limits=LIMITS)


@click.command(
    "translation", cls=Command, example="kit train translation --data tatoeba-eng-fra-part"
)
@pair_options
@click.option(
    "--bleu-tokenizer",
    "bleu",
    type=click.Choice(BLEU_TOKENIZERS),
    help="sacreBLEU's tokenizer.  [default: by the language, else by the script]",
)
@training_options_of(rows="tokens", dim=256)
@checkpoint_options
@writing_options_of(
    layers=3,
    hidden=512,
    vocabulary=6000,
    source_length=128,
    target_length=128,
    dropout=0.2,
    length_penalty=1.0,
)
def main(
    data: PairOptions,
    bleu: str | None,
    training: TrainingOptions,
    checkpoint: CheckpointOptions,
    how: WritingOptions,
) -> None:
    """Train a model that translates, evaluate, export and verify it."""
    how.check_width(training.dim)

    task = Text2Text(
        output="translation",
        judge=lambda dataset: partial(translations, tokenizer=tokenizer_for(dataset, bleu)),
        baselines=lambda dataset: baselines(dataset, tokenizer_for(dataset, bleu)),
    )

    def build(dataset: "PairData", precision: "Precision") -> "Built":
        built = transformer(
            dataset,
            precision,
            data=data,
            training=training,
            how=how,
            epochs=EPOCHS,
            rate=LEARNING_RATE,
            batch=BATCH,
            patience=PATIENCE,
        )
        return task.checked(dataset, built)

    run(
        RECIPE,
        task,
        lambda: data.split_of(data.open()),
        build,
        source=data.card(),
        training=training,
        checkpoint=checkpoint,
        seed=data.seed,
    )


def tokenizer_for(dataset: "PairData", named: str | None) -> str:
    """The tokenizer for BLEU, by the language that is translated to."""
    from kit.evaluation.pairs import bleu_tokenizer

    return bleu_tokenizer(dataset.test.references, language=dataset.names[1], named=named)


def translations(
    texts: "Sequence[str]", references: "Sequence[Sequence[str]]", *, tokenizer: str
) -> "Translations":
    """Measure translations."""
    from kit.evaluation.pairs import Translations

    return Translations(texts, references, tokenizer)


def baselines(dataset: "PairData", tokenizer: str) -> "dict[str, Translations]":
    """What has to be beaten."""
    from kit.evaluation.pairs import translation_baselines

    return translation_baselines(dataset, tokenizer)


if __name__ == "__main__":
    main()

"""Summarization: from texts and their summaries to "what does it say, in a sentence?".

    kit train summarization --data scitldr-part
    kit train summarization --data scitldr-part --mode abstractive

extractive: a transformer scores the sentences of a text, and the best one is its summary. Four
passes over the built-in part of SciTLDR take two minutes on 2 cores and reach a ROUGE-1 of .386,
the first sentence .301; see results/pairs.json. abstractive: an encoder-decoder transformer writes
a new one. From scratch, with 1,900 texts to learn from, it does so fluently and reaches .241 only;
with --backbone a pretrained BART or T5 of keras-nlp is tuned instead.
"""

from dataclasses import asdict, replace
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
from kit.errors import UserError
from kit.pipeline import Recipe, run
from kit.recipes.text_generation import compile_for, tokenizer_of, transformer
from kit.tasks import Text2Text

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from kit.data.pairs import PairData
    from kit.evaluation.pairs import Summaries
    from kit.tasks import Built
    from kit.training import Precision

EPOCHS, LEARNING_RATE, BATCH = 20, 1e-3, 4096
CHOOSING_EPOCHS, CHOOSING_RATE, TEXTS = 5, 1e-3, 32
MOST_SENTENCES, SENTENCE_LENGTH = 24, 64
PATIENCE = 8

LIMITS = {
    "extractive": [
        "It chooses one sentence of the text, and says nothing that stands in several.",
        "Sentences behind the first ones, and the ends of long ones, are not read.",
    ],
    "abstractive": [
        "It may say what the text does not, in sentences that read well: few texts to learn from "
        "are too few.",
        "Of long texts the end is not read.",
    ],
}

INTENDED_USE = "Saying what texts like those it was trained on are about, to choose what to read."
RECIPE = Recipe(name="summarization", intended_use=INTENDED_USE, limits=())


@click.command("summarization", cls=Command, example="kit train summarization --data scitldr-part")
@pair_options
@click.option(
    "--mode",
    type=click.Choice(["extractive", "abstractive"]),
    default="extractive",
    show_default=True,
    help="Choose a sentence of the text, or write one.",
)
@training_options_of(rows="tokens", dim=128)
@checkpoint_options
@writing_options_of(
    layers=2,
    hidden=512,
    vocabulary=6000,
    source_length=400,
    target_length=80,
    dropout=0.3,
    length_penalty=1.0,
)
def main(
    data: PairOptions,
    mode: str,
    training: TrainingOptions,
    checkpoint: CheckpointOptions,
    how: WritingOptions,
) -> None:
    """Train a model that summarizes, evaluate, export and verify it.

    Of the extractive mode --batch-size counts texts.
    """
    how.check_width(training.dim)
    if how.backbone and mode == "extractive":
        raise UserError(
            "A backbone that writes is of no use where sentences are chosen.",
            where="--backbone, --mode extractive",
            expected="--mode abstractive beside it",
            remedy="Add it, or leave the backbone out.",
        )

    task = Text2Text(
        output="summary",
        judge=judge_of,
        baselines=baselines_of,
        bounds=("best sentence (oracle)",),
    )

    def build(dataset: "PairData", precision: "Precision") -> "Built":
        if mode == "extractive":
            return task.checked(dataset, chooser(dataset, precision, data, training, how))
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
        return task.checked(dataset, replace(built, settings={**built.settings, "mode": mode}))

    run(
        replace(RECIPE, limits=LIMITS[mode]),
        task,
        lambda: data.split_of(data.open()),
        build,
        source=data.card(),
        training=training,
        checkpoint=checkpoint,
        seed=data.seed,
    )


def chooser(
    dataset: "PairData",
    precision: "Precision",
    data: PairOptions,
    training: TrainingOptions,
    how: WritingOptions,
) -> "Built":
    """A model that scores sentences, trained to give each its share of likeness to the summary."""
    import keras

    from kit.evaluation.pairs import sentence_scores
    from kit.models import ExtractiveSummarizer, SentenceRanker
    from kit.tasks import Built, Generation, Stage
    from kit.training import SentenceBatches

    keras.utils.set_random_seed(data.seed)
    epochs = training.epochs or CHOOSING_EPOCHS
    rate = training.learning_rate or CHOOSING_RATE
    tokenizer = tokenizer_of(dataset, how.vocabulary)
    model = SentenceRanker(
        len(tokenizer.vocabulary),
        training.dim,
        sentences=MOST_SENTENCES,
        layers=how.layers,
        heads=how.heads,
        hidden=how.hidden,
        dropout=how.dropout,
    )
    model.build()
    writer = ExtractiveSummarizer(model, tokenizer, MOST_SENTENCES, SENTENCE_LENGTH)
    train = SentenceBatches(
        writer.tokens_of(dataset.train.sources).numpy(),
        sentence_scores(dataset.train, MOST_SENTENCES),
        batch_size=min(training.batch_size or TEXTS, len(dataset.train)),
        seed=data.seed,
    )
    tokens, likeness = (
        writer.tokens_of(dataset.valid.sources),
        sentence_scores(dataset.valid, MOST_SENTENCES),
    )

    def measure() -> float:
        best = model.predict(tokens, batch_size=TEXTS, verbose=0).argmax(axis=1)
        return float(likeness[range(len(best)), best].mean())

    compile_for(model, precision, epochs * train.steps_per_epoch, rate, how.average)
    return Built(
        model=model,
        batches=train,
        name="sentence scorer",
        settings={**asdict(how), "mode": "extractive", "epochs": epochs, "learning_rate": rate},
        stages=[Stage(epochs=epochs, patience=PATIENCE)],
        parts=Generation(
            metric="valid ROUGE-1",
            measure=measure,
            generator=lambda trained: ExtractiveSummarizer(
                trained, tokenizer, MOST_SENTENCES, SENTENCE_LENGTH
            ),
            protocol=f"one of the first {MOST_SENTENCES} sentences, by its score",
        ),
    )


def judge_of(
    dataset: "PairData",
) -> "Callable[[Sequence[str], Sequence[Sequence[str]]], Summaries]":
    """What measures summaries."""
    from kit.evaluation.pairs import Summaries

    return Summaries


def baselines_of(dataset: "PairData") -> "dict[str, Summaries]":
    """What has to be beaten."""
    from kit.evaluation.pairs import summary_baselines

    return summary_baselines(dataset)


if __name__ == "__main__":
    main()

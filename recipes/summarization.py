"""Summarization: from texts and their summaries to "what does it say, in a sentence?".

    kit train summarization --data scitldr-part
    kit train summarization --data scitldr-part --mode abstractive

extractive: a transformer scores the sentences of a text, and the best one is its summary. Five
epochs of the built-in part of SciTLDR take two minutes on 2 cores and reach a ROUGE-1 of .386, the
first sentence .301; see results/pairs.json. abstractive: an encoder-decoder transformer generates
a new sentence. From scratch, with 1,900 texts to learn from, it does so fluently and reaches .241
only; with --backbone a pretrained BART or T5 of keras-nlp is tuned instead.
"""

from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from kit.config import (
    CheckpointOptions,
    GenerationOptions,
    Options,
    Text2TextOptions,
    TrainingOptions,
    option,
)
from kit.errors import UserError
from kit.pipeline import Recipe, command
from kit.recipes.text_generation import PATIENCE, build_transformer, compile_for, train_transformer
from kit.tasks import Built, Generation, Stage, Text2Text

if TYPE_CHECKING:
    from kit.data.text2text import Text2TextData
    from kit.models import SentenceRanker, Seq2SeqModel
    from kit.training import Precision

EPOCHS, LEARNING_RATE = 20, 1e-3
EXTRACTIVE_EPOCHS, EXTRACTIVE_RATE, TEXTS = 5, 1e-3, 32


@dataclass(frozen=True, kw_only=True)
class ModeOptions(Options):
    """Extractive or abstractive."""

    mode: str = option(
        "extractive",
        "Extract the best sentence of the text, or generate one. In the extractive mode "
        "--batch-size counts texts.",
        choices=("extractive", "abstractive"),
    )


@dataclass(frozen=True, kw_only=True)
class SummarizationOptions:
    """Everything that can be set."""

    data: Text2TextOptions
    mode: ModeOptions = ModeOptions()
    model: GenerationOptions = GenerationOptions(
        layers=2, source_length=400, target_length=80, dropout=0.3
    )
    training: TrainingOptions = TrainingOptions(dim=128)
    checkpoint: CheckpointOptions = CheckpointOptions()


def check(options: SummarizationOptions) -> None:
    """Options that contradict each other."""
    options.model.check_width(options.training.dim)
    if options.model.backbone and options.mode.mode == "extractive":
        raise UserError(
            "A backbone that generates text is of no use where sentences are extracted.",
            where="--backbone, --mode extractive",
            expected="--mode abstractive beside it",
            remedy="Add it, or leave the backbone out.",
        )


def build(data: "Text2TextData", options: SummarizationOptions) -> "SentenceRanker | Seq2SeqModel":
    """The model with its tokenizer, untrained."""
    if options.mode.mode == "abstractive":
        return build_transformer(data, options)
    from kit.models import SentenceRanker

    chosen = options.model
    return SentenceRanker.for_dataset(
        data,
        dim=options.training.dim,
        layers=chosen.layers,
        heads=chosen.heads,
        hidden=chosen.hidden,
        vocabulary=chosen.vocabulary,
        dropout=chosen.dropout,
        seed=options.data.seed,
    )


def train(
    model: "SentenceRanker | Seq2SeqModel",
    data: "Text2TextData",
    options: SummarizationOptions,
    precision: "Precision",
) -> Built:
    """Compile the model, and make the batches it is trained on."""
    from kit.models import SentenceRanker

    if isinstance(model, SentenceRanker):
        return train_ranker(model, data, options, precision)
    built = train_transformer(model, data, options, precision, epochs=EPOCHS, rate=LEARNING_RATE)
    return replace(built, settings={**built.settings, "mode": "abstractive"})


def train_ranker(
    model: "SentenceRanker",
    data: "Text2TextData",
    options: SummarizationOptions,
    precision: "Precision",
) -> Built:
    """Train scores of sentences towards their ROUGE-1 with the summary."""
    from kit.evaluation import sentence_scores
    from kit.models import ExtractiveSummarizer
    from kit.training.batches import SentenceBatches

    training, most = options.training, model.sentences
    epochs = training.epochs or EXTRACTIVE_EPOCHS
    rate = training.learning_rate or EXTRACTIVE_RATE

    def summarizer(trained: "SentenceRanker") -> ExtractiveSummarizer:
        return ExtractiveSummarizer(trained, model.tokenizer, most, model.length)

    tokens_of = summarizer(model).tokens_of
    batches = SentenceBatches(
        tokens_of(data.train.sources).numpy(),
        sentence_scores(data.train, most),
        batch_size=min(training.batch_size or TEXTS, len(data.train)),
        seed=options.data.seed,
    )
    tokens, scores = tokens_of(data.valid.sources), sentence_scores(data.valid, most)

    def measure() -> float:
        best = model.predict(tokens, batch_size=TEXTS, verbose=0).argmax(axis=1)
        return float(scores[range(len(best)), best].mean())

    steps = epochs * batches.steps_per_epoch
    compile_for(model, precision, steps, rate, options.model.average)
    return Built(
        model=model,
        batches=batches,
        name="sentence ranker",
        settings={
            **asdict(options.model),
            "mode": "extractive",
            "epochs": epochs,
            "learning_rate": rate,
        },
        stages=[Stage(epochs=epochs, patience=PATIENCE)],
        parts=Generation(
            metric="valid ROUGE-1",
            measure=measure,
            generator=summarizer,
            protocol=f"one of the first {most} sentences, by its score",
        ),
    )


def task(options: SummarizationOptions) -> Text2Text:
    """Measured by ROUGE."""

    def judge(data: "Text2TextData") -> Any:
        from kit.evaluation import Summaries

        return Summaries

    def baselines(data: "Text2TextData") -> Any:
        from kit.evaluation import summary_baselines

        return summary_baselines(data)

    bounds = ("best sentence (oracle)",)
    return Text2Text(output="summary", judge=judge, baselines=baselines, bounds=bounds)


RECIPE = Recipe(
    name="summarization",
    about="Train a summarization model, evaluate it, export it and verify the export.",
    example="kit train summarization --data scitldr-part",
    options=SummarizationOptions,
    rows="tokens",
    intended_use="Summarizing texts like those it was trained on, to choose what to read.",
    limits=[
        "Extractive: it returns one sentence of the text; sentences behind the first ones, and the "
        "ends of long ones, are not read.",
        "Abstractive: it may state what the text does not, in fluent sentences, the more so the "
        "fewer texts it was trained on; the end of long texts is truncated.",
    ],
    task=task,
    check=check,
    extra="text",
    build=build,
    train=train,
    models=["SentenceRanker"],
)
main = command(RECIPE)

if __name__ == "__main__":
    main()

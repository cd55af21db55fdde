"""Sequential recommendation: from interactions in order to the next item.

    kit train sequential --data online-retail
    python recipes/sequential.py --data interactions.csv --split leave-one-out --encoder gru

A sequence encoder reads a history item by item and asks, at every position, for the item behind
it; query and items meet in their cosine. On Amazon Beauty (leave-one-out, full ranking) it reaches
Recall@10 .0943 and NDCG@10 .0565, means of two seeds, in half an hour on 2 busy cores; protocol and
other encoders in results/sequential.json.
"""

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, ClassVar

from kit.config import (
    AnswerOptions,
    CheckpointOptions,
    ContentOptions,
    DataOptions,
    IndexOptions,
    Options,
    StartOptions,
    TrainingOptions,
    option,
)
from kit.errors import UserError
from kit.pipeline import Recipe, command
from kit.tasks import Built, Retrieval, Stage, start_settings, start_stage

if TYPE_CHECKING:
    from kit.data import Dataset
    from kit.models import SequentialRecommender
    from kit.training import Precision

# Each holds gaps up to twice as long as the one before, the last those of decades.
TIME_BUCKETS = 32


@dataclass(frozen=True, kw_only=True)
class EncoderOptions(Options):
    """The encoder of the history, and the loss."""

    of_model: ClassVar[bool] = True

    encoder: str = option(
        "attention",
        "What reads the history: SASRec and its kin, GRU4Rec with either cell, or convolutions.",
        choices=("attention", "lstm", "gru", "conv"),
    )
    block: str = option(
        "ligr", "Block of the attention encoder.", choices=("sasrec", "ligr", "hstu")
    )
    layers: int = option(2, "Blocks of the encoder.", min=1)
    heads: int = option(2, "Attention heads.", min=1)
    length: int | None = option(
        None,
        "Maximum length of a history; of a longer one the latest items count.  [default: what "
        "95 % of the histories need, at most 256]",
        min=1,
        metavar="ITEMS",
    )
    time_gaps: bool = option(False, "Let the attention see the time between two interactions.")
    dropout: float = option(
        0.4, "Dropout rate of the encoder's input and of the output of each block.", min=0, below=1
    )
    loss: str = option(
        "auto",
        "Softmax over all items or over a sample, or calibrated binary cross-entropy; auto is "
        "full where the sample would be half the catalogue.",
        choices=("auto", "full", "sampled", "gbce"),
    )
    negatives: int = option(
        1024, "Items sampled uniformly for each batch of a sampled loss.", min=1
    )
    temperature: float = option(0.1, "Divides the cosine of query and item.", above=0)
    features: bool = option(True, "Use the items' features.")


@dataclass(frozen=True, kw_only=True)
class SequentialOptions:
    """Everything that can be set."""

    data: DataOptions
    content: ContentOptions = ContentOptions()
    model: EncoderOptions = EncoderOptions()
    training: TrainingOptions = TrainingOptions()
    start: StartOptions = StartOptions()
    checkpoint: CheckpointOptions = CheckpointOptions()
    index: IndexOptions = IndexOptions()
    answers: AnswerOptions = AnswerOptions()


def check(options: SequentialOptions) -> None:
    """Options that contradict each other."""
    chosen, dim = options.model, options.training.dim
    if chosen.encoder != "attention":
        if chosen.time_gaps:
            raise UserError(
                f"The {chosen.encoder} encoder takes no gaps of time.",
                where="--time-gaps, --encoder",
                expected="--time-gaps with --encoder attention",
                remedy="Leave one of them out.",
            )
    elif dim % (2 * chosen.heads):
        raise UserError(
            f"A width of {dim} cannot be shared out to {chosen.heads} heads of even width.",
            where="--dim, --heads",
            expected=f"a multiple of {2 * chosen.heads}",
            remedy=f"Give --dim {2 * chosen.heads * max(1, round(dim / 2 / chosen.heads))}.",
        )


def build(data: "Dataset", options: SequentialOptions) -> "SequentialRecommender":
    """The model, untrained."""
    import keras

    from kit.models import SequenceEncoder, SequenceLoss, SequentialRecommender

    chosen = options.model
    keras.utils.set_random_seed(options.data.seed)
    model = SequentialRecommender.for_dataset(
        data,
        dim=options.training.dim,
        encoder=SequenceEncoder(
            chosen.encoder,
            block=chosen.block,
            layers=chosen.layers,
            heads=chosen.heads,
            dropout=chosen.dropout,
            time_buckets=TIME_BUCKETS if chosen.time_gaps else 0,
            name="encoder",
        ),
        length=chosen.length,
        loss=SequenceLoss(chosen.loss, chosen.negatives),
        features=chosen.features,
        item_id_dropout=options.content.hide_ids,
        temperature=chosen.temperature,
    )
    options.start.apply(model, data)
    return model


def train(
    model: "SequentialRecommender",
    data: "Dataset",
    options: SequentialOptions,
    precision: "Precision",
) -> Built:
    """Compile the model, and make the batches it is trained on."""
    from kit.optimizers import LazyAdamW
    from kit.training.batches import digest, sequence_batches

    training, chosen = options.training, options.model
    batches = sequence_batches(
        data,
        length=model.length,
        timed=model.is_timed,
        batch_size=training.batch_size,
        weighted=options.data.weight_column is not None,
        seed=options.data.seed,
    )
    optimizer = LazyAdamW(training.learning_rate or 0.003)
    model.compile(optimizer=precision.scaled(optimizer), jit_compile=False)
    return Built(
        model=model,
        batches=batches,
        name=RECIPE.name,
        settings={
            **asdict(options.content),
            **asdict(model.sequence_loss),
            **asdict(chosen),
            "encoder": getattr(model.encoder, "kind", type(model.encoder).__name__),
            "block": chosen.block if chosen.encoder == "attention" else None,
            "heads": chosen.heads if chosen.encoder == "attention" else None,
            "length": model.length,
            "loss": model.sequence_loss.chosen(data.num_items),
            "learning_rate": float(model.optimizer.learning_rate.numpy()),
            **start_settings(model),
        },
        stages=[Stage(epochs=training.epochs, **start_stage(model))],
        content={"content of features": digest(*model.non_trainable_weights)},
    )


RECIPE = Recipe(
    name="sequential",
    about="Train a sequential recommender, evaluate it, export it and verify the export.",
    example="kit train sequential --data online-retail --limit 50000 --epochs 10",
    options=SequentialOptions,
    rows="users",
    intended_use="Ranking a catalogue for users by their latest interactions, in order.",
    limits=[
        "Scores order the items for one user; they are not probabilities and do not compare users.",
        "Only the latest items of a history count; who the user is plays no part.",
        "Unknown items are ignored; without a known one the popular items are returned.",
    ],
    task=lambda options: Retrieval(answers=options.answers, index=options.index),
    check=check,
    build=build,
    train=train,
    models=["SequentialRecommender"],
    chosen=["length"],
    shape=("dim", "encoder", "block", "layers", "heads", "time_gaps", "features"),
)
main = command(RECIPE)

if __name__ == "__main__":
    main()

"""Sequential recommendation: from what people took, in order, to what they take next.

    kit train sequential --data online-retail
    python recipes/sequential.py --data interactions.csv --split leave-one-out --encoder gru

A sequence encoder reads a history item by item and asks, at every position, for the item behind
it; query and items meet in their cosine. On 2 busy cores Amazon Beauty (leave-one-out, full
ranking) reaches Recall@10 .0944 and NDCG@10 .0562 in 19 minutes, means of three seeds; protocol and
other encoders in results/sequential.json.
"""

from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from kit.console import (
    AnswerOptions,
    CheckpointOptions,
    Command,
    ContentOptions,
    DataOptions,
    IndexOptions,
    TrainingOptions,
    answer_options,
    checkpoint_options,
    content_options,
    data_options,
    index_options,
    training_options,
)
from kit.errors import UserError
from kit.pipeline import Recipe
from kit.recipes.retrieval import run_retrieval

if TYPE_CHECKING:
    from kit.data import Dataset
    from kit.models import SequenceEncoder, SequenceLoss, SequentialRecommender
    from kit.recipes.retrieval import Contents, Parts
    from kit.training import Precision, SequenceBatches

POSITIONS_IN_A_BATCH = 4096
# Each holds gaps up to twice as long as the one before, the last those of decades.
TIME_BUCKETS = 32

INTENDED_USE = "Ranking a catalogue for people by what they took before, in its order."
LIMITS = [
    "Scores order the items for one person; they are no probabilities and do not compare people.",
    "Only the latest items of a history are looked at; who somebody is plays no part.",
    "Items unknown to the data are passed over; without a known one the popular list is given.",
]
RECIPE = Recipe(name="sequential", intended_use=INTENDED_USE, limits=LIMITS)


@click.command(
    "sequential",
    cls=Command,
    example="kit train sequential --data online-retail --limit 50000 --epochs 10",
)
@data_options
@training_options
@checkpoint_options
@index_options
@answer_options
@content_options
@click.option(
    "--encoder",
    type=click.Choice(["attention", "lstm", "gru", "conv"]),
    default="attention",
    show_default=True,
    help="What reads the history: SASRec and its kin, GRU4Rec with either cell, or convolutions.",
)
@click.option(
    "--block",
    type=click.Choice(["sasrec", "ligr", "hstu"]),
    default="ligr",
    show_default=True,
    help="Block of the attention encoder.",
)
@click.option("--layers", type=click.IntRange(min=1), default=2, show_default=True)
@click.option(
    "--heads", type=click.IntRange(min=1), default=2, show_default=True, help="Attention heads."
)
@click.option(
    "--length",
    type=click.IntRange(min=1),
    metavar="ITEMS",
    help="Latest items of a history that are looked at.  [default: what 95 % of the histories "
    "need, at most 256]",
)
@click.option(
    "--time-gaps/--no-time-gaps",
    default=False,
    show_default=True,
    help="Let the attention see how much time lies between two events.",
)
@click.option(
    "--dropout",
    type=click.FloatRange(0, 1, max_open=True),
    default=0.4,
    show_default=True,
    help="Share dropped of the encoder's input and of what each block adds.",
)
@click.option(
    "--loss",
    type=click.Choice(["auto", "full", "sampled", "gbce"]),
    default="auto",
    show_default=True,
    help="Softmax over all items or over a sample, or calibrated binary cross-entropy; auto is "
    "full where the sample would be half the catalogue.",
)
@click.option(
    "--negatives",
    type=click.IntRange(min=1),
    default=1024,
    show_default=True,
    help="Items drawn uniformly for each batch of a sampled loss.",
)
@click.option(
    "--temperature",
    type=click.FloatRange(min=0, min_open=True),
    default=0.1,
    show_default=True,
    help="Divides the cosine of query and item.",
)
@click.option(
    "--features/--no-features", default=True, show_default=True, help="Use the items' features."
)
def main(
    data: DataOptions,
    training: TrainingOptions,
    checkpoint: CheckpointOptions,
    index: IndexOptions,
    answers: AnswerOptions,
    content: ContentOptions,
    encoder: str,
    block: str,
    layers: int,
    heads: int,
    length: int | None,
    time_gaps: bool,
    dropout: float,
    loss: str,
    negatives: int,
    temperature: float,
    features: bool,
) -> None:
    """Train a sequential model, evaluate it, export it and verify the export."""

    if time_gaps and encoder != "attention":
        raise UserError(
            f"The {encoder} encoder takes no gaps of time.",
            where="--time-gaps, --encoder",
            expected="--time-gaps with --encoder attention",
            remedy="Leave one of them out.",
        )

    def build(dataset: "Dataset", contents: "Contents", precision: "Precision") -> "Parts":
        import keras

        from kit.models import SequenceEncoder, SequenceLoss

        # Before the encoder is made: its dropout layers draw their seeds when they are constructed.
        keras.utils.set_random_seed(data.seed)
        model, batches = model_and_batches(
            dataset,
            data,
            training,
            SequenceEncoder(
                encoder,
                block=block,
                layers=layers,
                heads=heads,
                dropout=dropout,
                time_buckets=TIME_BUCKETS if time_gaps else 0,
                name="encoder",
            ),
            SequenceLoss(loss, negatives),
            length,
            temperature,
            features,
            precision,
            contents,
            content.hide_ids,
        )
        used = {
            **asdict(model.sequence_loss),
            "encoder": encoder,
            "block": block if encoder == "attention" else None,
            "layers": layers,
            "heads": heads if encoder == "attention" else None,
            "length": model.length,
            "time_gaps": time_gaps,
            "dropout": dropout,
            "temperature": temperature,
            "loss": model.sequence_loss.chosen(dataset.num_items),
            "features": features,
        }
        return model, batches, used

    run_retrieval(
        RECIPE,
        build,
        data=data,
        training=training,
        checkpoint=checkpoint,
        index=index,
        answers=answers,
        content=content,
    )


def model_and_batches(
    dataset: "Dataset",
    data: DataOptions,
    training: TrainingOptions,
    encoder: "SequenceEncoder",
    loss: "SequenceLoss",
    length: int | None,
    temperature: float,
    features: bool,
    precision: "Precision",
    contents: "Contents" = (),
    hide_ids: float = 0.0,
) -> tuple["SequentialRecommender", "SequenceBatches"]:
    """The compiled model and the stream it trains on: what makes this recipe this recipe."""
    import tensorflow as tf

    from kit.data import Prepared, histories
    from kit.models import sequential_for
    from kit.optimizers import LazyAdamW
    from kit.training import SequenceBatches, default_length

    _check_heads(training.dim, encoder)
    timed = encoder.time_buckets > 0
    if timed and dataset.train.time is None:
        raise UserError(
            "There are no gaps of time without times.",
            where=f"--time-gaps, {dataset.name}",
            expected="a time column; --time-column names it",
            remedy="Leave --time-gaps out.",
        )
    owned = (
        dataset.histories
        if isinstance(dataset, Prepared) and not timed
        else histories([dataset.train], dataset.num_users, with_times=timed)
    )
    if not (owned.lengths > 1).any():
        raise UserError(
            "No user has two items in train, so nothing comes next.",
            where=dataset.name,
            expected="users with two or more items, in the order of a time column",
            remedy="Give more data, or train two-tower.",
        )
    strategy = tf.distribute.get_strategy()
    length = length or default_length(owned.lengths)
    batches = SequenceBatches(
        owned,
        batch_size=training.batch_size or max(1, POSITIONS_IN_A_BATCH // length),
        length=length,
        seed=data.seed,
        replicas=strategy.num_replicas_in_sync,
        # A TPU compiles the step for one shape.
        one_width=isinstance(strategy, tf.distribute.TPUStrategy),
        weights=owned.weights_of(dataset.train) if data.weight_column else None,
    )
    model = sequential_for(
        dataset,
        dim=training.dim,
        length=length,
        encoder=encoder,
        loss=loss,
        features=features,
        contents=contents,
        item_id_hiding=hide_ids,
        temperature=temperature,
    )
    optimizer = LazyAdamW(training.learning_rate or 0.003)
    model.compile(optimizer=precision.scaled(optimizer), jit_compile=False)
    return model, batches


def _check_heads(dim: int, encoder: "SequenceEncoder") -> None:
    if encoder.kind == "attention" and dim % (2 * encoder.heads):
        raise UserError(
            f"A width of {dim} cannot be shared out to {encoder.heads} heads of even width.",
            where="--dim, --heads",
            expected=f"a multiple of {2 * encoder.heads}",
            remedy=f"Give --dim {2 * encoder.heads * max(1, round(dim / 2 / encoder.heads))}.",
        )


if __name__ == "__main__":
    main()

"""Ranking: from a table of examples to "will it be clicked or bought?".

    kit train ranking --data in-vehicle-coupon
    python recipes/ranking.py --data FOLDER --label click --model deepfm

Every column becomes a vector, the model says how the vectors interact, and each label gets a
probability. On 2 cores in-vehicle-coupon trains in under a minute; results/ranking.json has what it
reaches beside gradient boosting, which orders that table better.
"""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kit.config import (
    CheckpointOptions,
    Options,
    StartOptions,
    TableOptions,
    TrainingOptions,
    option,
)
from kit.console import echo, visible_json
from kit.pipeline import Recipe, command, run
from kit.tasks import Built, Stage, Tabular, start_settings, start_stage

if TYPE_CHECKING:
    from kit.data.table import RankingData
    from kit.models import Ranking
    from kit.training import Precision

EPOCHS, LEARNING_RATE = 16, 0.002
# From trained weights; the learning rate decays within them.
STARTED_EPOCHS = 3


@dataclass(frozen=True, kw_only=True)
class ModelOptions(Options):
    """The model and its regularization."""

    architecture: str = option(
        "dcn",
        "How the features interact; din attends to the history of the user's items.",
        choices=("dcn", "dlrm", "deepfm", "autoint", "finalmlp", "din"),
        names=("--model",),
    )
    dropout: float = option(0.4, "Dropout rate of the hidden units.", min=0, below=1)
    shrinkage: float = option(0.006, "L2 penalty on embeddings.", min=0)
    print_schema: bool = option(
        False, "Print the columns' kinds as JSON and train nothing.", names=("--print-schema",)
    )


@dataclass(frozen=True, kw_only=True)
class RankingOptions:
    """Everything that can be set."""

    data: TableOptions
    model: ModelOptions = ModelOptions()
    training: TrainingOptions = TrainingOptions(dim=16)
    start: StartOptions = StartOptions()
    checkpoint: CheckpointOptions = CheckpointOptions()


def build(data: "RankingData", options: RankingOptions) -> "Ranking":
    """The model, untrained."""
    from kit.models import Ranking

    chosen = options.model
    model = Ranking.for_dataset(
        data,
        chosen.architecture,
        dim=options.training.dim,
        dropout=chosen.dropout,
        shrinkage=chosen.shrinkage,
        seed=options.data.seed,
    )
    options.start.apply(model, data)
    return model


def train(
    model: "Ranking", data: "RankingData", options: RankingOptions, precision: "Precision"
) -> Built:
    """Compile the model, and make the batches it is trained on."""
    import keras
    import tensorflow as tf

    from kit.losses import masked_binary_crossentropy
    from kit.optimizers import LazyAdam
    from kit.training.batches import TableBatches, default_rows

    training, encoder = options.training, model.table_encoder
    default = STARTED_EPOCHS if start_stage(model) else EPOCHS
    epochs, peak = training.epochs or default, training.learning_rate or LEARNING_RATE
    replicas = tf.distribute.get_strategy().num_replicas_in_sync
    rows = len(data.train)
    features = encoder.encode(data.train.features)
    batches = TableBatches(
        features,
        data.train.labels,
        batch_size=min(training.batch_size or default_rows(rows), rows // replicas * replicas),
        seed=options.data.seed,
        absent=encoder.absent(features),
    )
    # It overfits in a few epochs; a decaying learning rate finds the best weights before.
    rate = keras.optimizers.schedules.CosineDecay(peak, epochs * batches.steps_per_epoch)
    optimizer = precision.scaled(LazyAdam(rate))
    model.compile(optimizer, loss=masked_binary_crossentropy, jit_compile=False)
    return Built(
        model=model,
        batches=batches,
        name=model.architecture,
        settings={
            **{key: asdict(options.model)[key] for key in ("dropout", "shrinkage")},
            "model": model.architecture,
            "learning_rate": peak,
            **start_settings(model),
        },
        # Patience would end it before the learning rate has decayed.
        stages=[Stage(epochs=epochs, measure_start=bool(start_stage(model)))],
        parts=encoder,
    )


def print_schema_or_run(recipe: Recipe, options: RankingOptions) -> Path | None:
    """What the command does."""
    if not options.model.print_schema:
        return run(recipe, options)
    from kit.data import note_lines

    source = options.data.open()
    click.echo(visible_json(source.schema.as_json()))
    for line in note_lines(source):
        echo(line, err=True)
    return None


def read(options: RankingOptions) -> Any:
    """The split table; of din with a history of each row's user."""
    return options.data.dataset(needs_history=options.model.architecture == "din")


RECIPE = Recipe(
    name="ranking",
    about="Train a model that predicts a label, evaluate it, export it and verify the export.",
    example="kit train ranking --data in-vehicle-coupon --model dcn",
    options=RankingOptions,
    rows="rows",
    intended_use="Ordering candidates by how likely a label is, and estimating its probability.",
    limits=[
        "Probabilities hold for rows drawn as those of the data were: where positives are rarer, "
        "or negatives were sampled, they order but do not tell the rate.",
        "A value that is not in the data counts as a rare one, or as others on average.",
        "It repeats the habits of the data, also where these are unfair to people.",
    ],
    task=lambda options: Tabular(),
    read=read,
    build=build,
    train=train,
    models=["Ranking"],
    shape=("dim", "architecture"),
    run=print_schema_or_run,
)
main = command(RECIPE)

if __name__ == "__main__":
    main()

"""Ranking: from a table of examples to "will it be clicked, bought, taken?".

    kit train ranking --data in-vehicle-coupon
    python recipes/ranking.py --data FOLDER --label click --model deepfm

Every column becomes a vector, the model says how the vectors interact, and each label gets a
probability. On 2 cores in-vehicle-coupon trains in under a minute; results/ranking.json has what it
reaches beside gradient boosting, which orders that table better.
"""

from typing import TYPE_CHECKING

import click

from kit.console import (
    CheckpointOptions,
    Command,
    TableOptions,
    TrainingOptions,
    checkpoint_options,
    echo,
    show_schema,
    table_options,
    training_options_of,
)
from kit.pipeline import Recipe, run
from kit.tasks import Tabular

if TYPE_CHECKING:
    from kit.data import RankingData, TableEncoder
    from kit.models import Ranking
    from kit.tasks import Built
    from kit.training import Precision, TableBatches


EPOCHS, LEARNING_RATE = 16, 0.002

INTENDED_USE = "Ordering what may be shown by how likely each is taken, and saying how likely."
LIMITS = [
    "Probabilities hold for rows drawn as those of the data were: where positives are rarer or "
    "negatives were drawn at random, they order but do not tell the rate.",
    "A value the data did not have is answered as a rare one, or as others on average.",
    "It repeats the habits of the data, also where these are unfair to people.",
]
RECIPE = Recipe(name="ranking", intended_use=INTENDED_USE, limits=LIMITS)


@click.command(
    "ranking", cls=Command, example="kit train ranking --data in-vehicle-coupon --model dcn"
)
@table_options
@training_options_of(rows="rows", dim=16)
@checkpoint_options
@click.option(
    "--model",
    "architecture",
    type=click.Choice(["dcn", "dlrm", "deepfm", "autoint", "finalmlp", "din"]),
    default="dcn",
    show_default=True,
    help="How the features interact; din attends to the history of the user's items.",
)
@click.option(
    "--dropout",
    type=click.FloatRange(0, 1, max_open=True),
    default=0.4,
    show_default=True,
    help="Dropout rate of the hidden units.",
)
@click.option(
    "--shrinkage",
    type=click.FloatRange(min=0),
    default=0.006,
    show_default=True,
    help="L2 penalty on embeddings.",
)
@click.option(
    "--print-schema", is_flag=True, help="Print the columns' kinds as JSON and train nothing."
)
def main(
    data: TableOptions,
    training: TrainingOptions,
    checkpoint: CheckpointOptions,
    architecture: str,
    dropout: float,
    shrinkage: float,
    print_schema: bool,
) -> None:
    """Train a model that predicts a label, evaluate it, export it and verify the export."""
    if print_schema:
        source = data.open()
        show_schema(source.schema)
        from kit.data import note_lines

        for line in note_lines(source):
            echo(line, err=True)
        return

    def build(dataset: "RankingData", precision: "Precision") -> "Built":
        from kit.data import TableEncoder
        from kit.tasks import Built, Stage

        encoder = TableEncoder.fit(dataset.schema, dataset.train.features, fewest=data.rare)
        model, batches = model_and_batches(
            dataset, encoder, data, training, architecture, dropout, shrinkage, precision
        )
        return Built(
            model=model,
            batches=batches,
            name=architecture,
            settings={
                "learning_rate": training.learning_rate or LEARNING_RATE,
                "model": architecture,
                "dropout": dropout,
                "shrinkage": shrinkage,
            },
            stages=[Stage(epochs=training.epochs or EPOCHS)],
            parts=encoder,
        )

    run(
        RECIPE,
        Tabular(),
        lambda: data.dataset(needs_history=architecture == "din"),
        build,
        source=data.card(),
        training=training,
        checkpoint=checkpoint,
        seed=data.seed,
    )


def model_and_batches(
    dataset: "RankingData",
    encoder: "TableEncoder",
    data: TableOptions,
    training: TrainingOptions,
    architecture: str,
    dropout: float,
    shrinkage: float,
    precision: "Precision",
) -> tuple["Ranking", "TableBatches"]:
    """The compiled model and the stream it trains on: what makes this recipe this recipe."""
    import keras
    import tensorflow as tf

    from kit.losses import masked_binary_crossentropy
    from kit.models import ranking_for
    from kit.optimizers import LazyAdam
    from kit.training import TableBatches, default_rows

    keras.utils.set_random_seed(data.seed)
    replicas = tf.distribute.get_strategy().num_replicas_in_sync
    rows = len(dataset.train)
    features = encoder.encode(dataset.train.features)
    batches = TableBatches(
        features,
        dataset.train.labels,
        batch_size=min(training.batch_size or default_rows(rows), rows // replicas * replicas),
        seed=data.seed,
        absent=encoder.absent(features),
    )
    model = ranking_for(
        dataset,
        encoder,
        architecture,
        dim=training.dim,
        dropout=dropout,
        shrinkage=shrinkage,
    )
    # It overfits in a few epochs; a decaying learning rate finds the best weights before.
    steps = (training.epochs or EPOCHS) * batches.steps_per_epoch
    rate = keras.optimizers.schedules.CosineDecay(training.learning_rate or LEARNING_RATE, steps)
    optimizer = precision.scaled(LazyAdam(rate))
    model.compile(optimizer, loss=masked_binary_crossentropy, jit_compile=False)
    return model, batches


if __name__ == "__main__":
    main()

"""Ranking: from a table of examples to "will it be clicked, bought, taken?".

    kit train ranking --data in-vehicle-coupon
    python recipes/ranking.py --data FOLDER --label click --model deepfm

Every column becomes a vector, the model says how the vectors interact, and each label gets a
probability. On 2 cores in-vehicle-coupon trains in under a minute; results/ranking.json has what it
reaches beside gradient boosting, which orders that table better.
"""

import time
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from kit.cluster import is_chief, serve_cluster
from kit.console import (
    CheckpointOptions,
    Command,
    TableOptions,
    TrainingOptions,
    checkpoint_options,
    claim_folders,
    command_line,
    echo,
    note_lines,
    print_comparison,
    quiet_tensorflow,
    show_schema,
    table_options,
    training_options_of,
    verified,
)

if TYPE_CHECKING:
    from kit.data import RankingData, TableEncoder
    from kit.models import Ranking
    from kit.training import Precision, TableBatches


EPOCHS, LEARNING_RATE = 16, 0.002
INTENDED_USE = "Ordering what may be shown by how likely each is taken, and saying how likely."
LIMITS = [
    "Probabilities hold for rows drawn as those of the data were: where positives are rarer or "
    "negatives were drawn at random, they order but do not tell the rate.",
    "A value the data did not have is answered as a rare one, or as others on average.",
    "It repeats the habits of the data, also where these are unfair to people.",
]


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
    help="Share of the hidden units dropped in training.",
)
@click.option(
    "--shrinkage",
    type=click.FloatRange(min=0),
    default=0.006,
    show_default=True,
    help="How strongly the embeddings are drawn to zero.",
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
        for line in note_lines(source):
            echo(line, err=True)
        return
    serve_cluster()
    folders = claim_folders("ranking", training, checkpoint)
    say = echo if is_chief() and not training.quiet else lambda text: None
    begin = time.perf_counter()

    dataset = data.dataset(needs_history=architecture == "din")
    say(
        f"data:      {len(dataset.train):,} rows in train, {len(dataset.schema.features)} "
        f"features; predicts {' and '.join(f'{k} = {v}' for k, v in dataset.positives.items())}; "
        f"split {dataset.split}"
    )
    for line in note_lines(dataset):
        say(line)

    # The imports stand along the road: help and mistakes in the data need not wait for TensorFlow.
    quiet_tensorflow()
    from kit import evaluation
    from kit.data import TableEncoder
    from kit.export import export_ranking
    from kit.training import (
        answer_in_float32,
        choose_precision,
        choose_strategy,
        finish_together,
        fit,
        on_this_device,
        strategy,
    )

    encoder = TableEncoder.fit(dataset.schema, dataset.train.features, fewest=data.rare)
    seconds = {"prepare": time.perf_counter() - begin}
    devices = choose_strategy(training.strategy)
    say(f"device:    {devices}")
    scope = strategy(devices.name).scope()
    precision = choose_precision(training.precision)
    say(f"precision: {precision}")
    with scope, precision.scope():
        model, batches = model_and_batches(
            dataset, encoder, data, training, architecture, dropout, shrinkage, precision
        )
    settings = {
        **data.card(),
        **asdict(training),
        "precision": precision.name,
        "batch_size": batches.batch_size,
        "learning_rate": training.learning_rate or LEARNING_RATE,
        "model": architecture,
        "dropout": dropout,
        "shrinkage": shrinkage,
    }
    checkpoints = checkpoint.of_run(folders.report, settings)

    valid_inputs = encoder.encode(dataset.valid.features, whole=True)

    def on_valid() -> evaluation.Predictions:
        said = evaluation.probabilities_of(evaluation.logits_of(model, valid_inputs))
        return evaluation.Predictions.of(dataset.valid, dataset.labels, said)

    fitted = fit(
        model,
        batches,
        measure=lambda: on_valid().mean_auc(),
        metric="valid AUC",
        epochs=training.epochs or EPOCHS,
        quiet=training.quiet,
        tensorboard=folders.report / "tensorboard",
        checkpoints=checkpoints,
    )
    model = on_this_device(model)
    if not is_chief():
        finish_together(model.distribute_strategy)
        return
    went_on = f", went on from step {fitted.resumed_step:,}" if fitted.resumed_step else ""
    say(
        f"train:     {fitted.seconds:.0f} s, {fitted.interactions_per_second:,.0f} rows/s "
        f"({fitted.waiting:.0%} of it waiting for data), best valid AUC {fitted.best:.4f}{went_on}"
    )
    seconds["train"] = fitted.seconds
    answer_in_float32(model)

    begin = time.perf_counter()
    said = evaluation.logits_of(model, valid_inputs)
    model.set_calibration(*evaluation.calibration(dataset.valid.labels, said))
    test_inputs = encoder.encode(dataset.test.features, whole=True)
    said = evaluation.probabilities_of(evaluation.logits_of(model, test_inputs))
    test = evaluation.Predictions.of(dataset.test, dataset.labels, said)
    baselines = evaluation.classification_baselines(dataset, encoder)
    seconds["evaluate"] = time.perf_counter() - begin

    numbers = evaluation.write_classification_report(
        evaluation.ClassificationReport(
            recipe="ranking",
            model=architecture,
            command=command_line(),
            data=dataset,
            encoder=encoder,
            settings=settings,
            valid=on_valid(),
            test=test,
            baselines=baselines,
            history=fitted.history,
            metric="valid AUC",
            seconds=seconds,
        ),
        folders.report,
    )

    version, checks = export_ranking(
        model,
        dataset,
        encoder,
        folders.output,
        card={
            "recipe": "ranking",
            "model": architecture,
            "data": data.card(),
            "dataset": numbers["data"],
            "results": numbers["test"],
            "baselines": numbers["baselines"],
            "intended_use": INTENDED_USE,
            "limits": LIMITS,
        },
    )
    checkpoints.clear()
    say(verified(checks))
    for label, result in test.of_labels.items():
        systems = {name: found.of_labels[label] for name, found in baselines.items()}
        title = f"{label}: {numbers['test']['protocol']}"
        print_comparison(title, {architecture: result, **systems}, {}, result.metrics)
    echo(f"report:    {folders.report / 'report.html'}")
    echo(f"model:     {version}")
    echo(f"next:      kit evaluate {version.parent}")
    finish_together(model.distribute_strategy)


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

    from kit.losses import known_crossentropy
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
    # It learns by heart in a few passes; steps that become smaller find the best place before.
    steps = (training.epochs or EPOCHS) * batches.steps_per_pass
    rate = keras.optimizers.schedules.CosineDecay(training.learning_rate or LEARNING_RATE, steps)
    optimizer = precision.scaled(LazyAdam(rate))
    model.compile(optimizer, loss=known_crossentropy, jit_compile=False)
    return model, batches


if __name__ == "__main__":
    main()

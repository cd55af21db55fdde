"""Two-tower retrieval: from interaction logs to "what should this person see next?".

    kit train two-tower --data online-retail
    python recipes/two_tower.py --data interactions.csv --items products.csv

The query tower embeds the user's id, features and history, the item tower the item's id and
features; they meet in a dot product. On 2 cores online-retail trains in 2.4 minutes to NDCG@10
.0893 (time split), movielens-100k/split in half a minute to .3327: means of three seeds, protocols
and baselines in results/two_tower.json.
"""

import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kit.cluster import is_chief, serve_cluster
from kit.console import (
    CheckpointOptions,
    Command,
    DataOptions,
    IndexOptions,
    TrainingOptions,
    checkpoint_options,
    command_line,
    data_options,
    index_options,
    print_comparison,
    quiet_tensorflow,
    training_options,
)

if TYPE_CHECKING:
    from kit.data import Dataset
    from kit.models import RetrievalLoss, TwoTower
    from kit.training import Precision, UserBatches


INTENDED_USE = "Ranking a catalogue for people by what they and others took before."
LIMITS = [
    "Scores order the items for one person; they are no probabilities and do not compare people.",
    "What was taken often is recommended more: the answers repeat the habits of the data.",
    "Items and people unknown to the data get no answer of their own: people the popular list.",
]


@click.command(
    "two-tower",
    cls=Command,
    example="kit train two-tower --data online-retail --limit 50000 --epochs 20",
)
@data_options
@training_options
@checkpoint_options
@index_options
@click.option(
    "--loss",
    type=click.Choice(["auto", "full", "sampled"]),
    default="auto",
    show_default=True,
    help="Softmax over all items or over a sample; auto is full up to 20,000 items.",
)
@click.option(
    "--uniform-negatives",
    type=click.IntRange(min=0),
    default=4096,
    show_default=True,
    help="Items drawn uniformly for each batch of the sampled loss, beside the batch's own.",
)
@click.option(
    "--hard-negatives",
    type=click.IntRange(min=1),
    help="Keep only so many highest-scored negatives a row in the sampled loss.  [default: all]",
)
@click.option(
    "--temperature",
    type=click.FloatRange(min=0, min_open=True),
    default=1.0,
    show_default=True,
    help="Divides the scores in the loss.",
)
@click.option("--features/--no-features", default=True, show_default=True, help="Use features.")
@click.option("--include-seen", is_flag=True, help="Recommend also what the user already has.")
@click.option(
    "--top",
    type=click.IntRange(min=1),
    default=100,
    show_default=True,
    help="Length of the exported answers.",
)
def main(
    data: DataOptions,
    training: TrainingOptions,
    checkpoint: CheckpointOptions,
    index: IndexOptions,
    loss: str,
    uniform_negatives: int,
    hard_negatives: int | None,
    temperature: float,
    features: bool,
    include_seen: bool,
    top: int,
) -> None:
    """Train a two-tower retrieval model, evaluate it, export it and verify the export."""
    serve_cluster()
    say = click.echo if is_chief() and not training.quiet else lambda text: None
    begin = time.perf_counter()

    dataset = data.dataset()
    say(
        f"data    {len(dataset.train):,} interactions in train, {dataset.num_users:,} users, "
        f"{dataset.num_items:,} items; split {dataset.split}"
    )
    seconds = {"prepare": time.perf_counter() - begin}

    # The imports stand along the road: help and mistakes in the data need not wait for TensorFlow.
    quiet_tensorflow()
    from kit import evaluation
    from kit.artefact import index_line, read_card
    from kit.export import export_retrieval
    from kit.models import RetrievalLoss
    from kit.training import (
        answer_in_float32,
        choose_precision,
        choose_strategy,
        digest,
        finish_together,
        fit,
        on_this_device,
        strategy,
    )

    devices = choose_strategy(training.strategy)
    say(f"devices {devices}")
    scope = strategy(devices.name).scope()
    index_settings = index.settings()
    retrieval_loss = RetrievalLoss(loss, uniform_negatives, hard_negatives, temperature)
    precision = choose_precision(training.precision)
    say(f"floats  {precision}")
    with scope, precision.scope():
        model, batches = model_and_batches(
            dataset, data, training, retrieval_loss, features, precision
        )
    settings = {
        **asdict(data),
        **asdict(training),
        **asdict(retrieval_loss),
        "precision": precision.name,
        "batch_size": batches.batch_size,
        "learning_rate": float(model.optimizer.learning_rate.numpy()),
        "loss": "full" if model.is_full else "sampled",
        "features": features,
    }
    report_folder = Path(training.report or "reports/two-tower")
    checkpoints = checkpoint.of_run(
        report_folder, {**settings, "content of features": digest(*model.non_trainable_weights)}
    )

    seen_out = not include_seen
    valid_task = evaluation.ranking_task(
        dataset,
        "valid",
        exclude_seen=seen_out,
        max_users=evaluation.affordable_users(dataset.num_items),
    )
    test_task = evaluation.ranking_task(
        dataset,
        "test",
        exclude_seen=seen_out,
        max_users=evaluation.affordable_users(dataset.num_items, times=4),
    )

    def scorer() -> evaluation.Scorer:
        return evaluation.retrieval_scorer(model, test_task.popularity)

    fitted = fit(
        model,
        batches,
        measure=lambda: evaluation.evaluate(valid_task, scorer(), ks=[10]).mean("NDCG@10"),
        epochs=training.epochs,
        quiet=training.quiet,
        tensorboard=report_folder / "tensorboard",
        checkpoints=checkpoints,
    )
    model = on_this_device(model)
    if not is_chief():
        finish_together(model.distribute_strategy)
        return
    went_on = f", went on from step {fitted.resumed_step:,}" if fitted.resumed_step else ""
    say(
        f"train   {fitted.seconds:.0f} s, {fitted.interactions_per_second:,.0f} interactions/s "
        f"({fitted.waiting:.0%} of it waiting for data), best valid NDCG@10 {fitted.best:.4f}"
        f"{went_on}"
    )
    seconds["train"] = fitted.seconds
    answer_in_float32(model)

    begin = time.perf_counter()
    trend = evaluation.choose_trend(dataset, valid_task, scorer())
    model.set_item_prior(trend.prior(dataset, "valid"))
    valid = evaluation.evaluate(valid_task, scorer())
    model.set_item_prior(trend.prior(dataset, "test"))
    test = evaluation.evaluate(test_task, scorer())
    cold_task = evaluation.ranking_task(
        dataset,
        "test",
        who="cold",
        exclude_seen=seen_out,
        max_users=evaluation.affordable_users(dataset.num_items, times=4),
    )
    baselines, left_out = evaluation.evaluated_baselines(dataset, test_task)
    seconds["evaluate"] = time.perf_counter() - begin

    numbers = evaluation.write_report(
        evaluation.RankingReport(
            recipe="two-tower",
            command=command_line(),
            dataset=dataset,
            settings={**settings, "trend_days": trend.days, "trend_weight": trend.weight},
            valid_task=valid_task,
            valid=valid,
            test_task=test_task,
            test=test,
            baselines=baselines,
            left_out=left_out,
            cold_users=(cold_task, evaluation.evaluate(cold_task, scorer())),
            history=fitted.history,
            seconds=seconds,
            examples=evaluation.examples(dataset, test_task, test, model.item_vectors()),
        ),
        report_folder,
    )

    version, checks = export_retrieval(
        model,
        dataset,
        Path(training.output or "saved_models/two-tower"),
        k=top,
        exclude_seen=seen_out,
        index=index_settings,
        card={
            "recipe": "two-tower",
            "data": asdict(data),
            "dataset": numbers["data"],
            "results": numbers["test"],
            "baselines": numbers["baselines"],
            "intended_use": INTENDED_USE,
            "limits": LIMITS,
        },
    )
    checkpoints.clear()
    signatures = {check.signature for check in checks}
    say(f"index   {index_line(read_card(version))}")
    say(f"verify  {len(signatures)} signatures answer as the live model does, by three loaders")
    print_comparison(test_task.protocol, {"two-tower": test, **baselines}, left_out)
    click.echo(f"report  {report_folder / 'report.html'}\nmodel   {version}")
    click.echo(f"next    kit recommend {version.parent} --examples 3")
    finish_together(model.distribute_strategy)


def model_and_batches(
    dataset: "Dataset",
    data: DataOptions,
    training: TrainingOptions,
    loss: "RetrievalLoss",
    features: bool,
    precision: "Precision",
) -> tuple["TwoTower", "UserBatches"]:
    """The compiled model and the stream it trains on: what makes this recipe this recipe."""
    import keras
    import tensorflow as tf

    from kit.data import Prepared, histories
    from kit.models import two_tower_for
    from kit.optimizers import LazyAdamW
    from kit.training import DiskBatches, UserBatches, default_batch_size

    keras.utils.set_random_seed(data.seed)
    is_full = loss.is_full(dataset.num_items)
    replicas = tf.distribute.get_strategy().num_replicas_in_sync
    default_size = default_batch_size(dataset.num_users, most=1024 if is_full else 512)
    settings = {
        "batch_size": min(
            training.batch_size or default_size, dataset.num_users // replicas * replicas
        ),
        "length": 256 if is_full else 64,
        "targets": 256 if is_full else 8,
        "hidden_share": 0.7,
        "seed": data.seed,
    }
    if isinstance(dataset, Prepared):
        batches = DiskBatches(dataset.histories, digest=dataset.digest, **settings)
    else:
        owned = histories([dataset.train], dataset.num_users)
        weights = owned.weights_of(dataset.train) if data.weight_column else None
        batches = UserBatches(owned, weights=weights, **settings)
    model = two_tower_for(dataset, dim=training.dim, loss=loss, features=features)
    model.set_target_share(batches.target_share(dataset.num_items))
    # Of a large catalogue a step touches few rows, each seldom: they have to move further.
    learning_rate = training.learning_rate or (0.003 if is_full else 0.01)
    optimizer = LazyAdamW(learning_rate, weight_decay=0.3, beta_2=0.99)
    model.compile(optimizer=precision.scaled(optimizer), jit_compile=False)
    return model, batches


if __name__ == "__main__":
    main()

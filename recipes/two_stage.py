"""Two stages in one artefact: retrieval finds candidates, a ranking model orders them.

    kit train two-stage --data online-retail
    python recipes/two_stage.py --data interactions.csv --items products.csv

The two-tower model of the other recipe hands its best candidates to a ranking model, which adds to
the retrieval score what it makes of features of the moment: how new an item is, how it sells
lately, how near it is to what the person had and to what others had with it. It learns from the
last fifth of train, whose candidates come from a retrieval model of the rest. Diversity, limits and
boosts choose what is shown. On online-retail it lifts NDCG@10 from .0893 to .1081, means of three
seeds (results/two_stage.json has the protocol).
"""

import math
import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from kit.cluster import is_chief
from kit.console import (
    AnswerOptions,
    CheckpointOptions,
    Command,
    DataOptions,
    IndexOptions,
    TrainingOptions,
    answer_options,
    checkpoint_options,
    command_line,
    data_options,
    index_options,
    quiet_tensorflow,
    training_options,
)
from kit.errors import UserError
from kit.pipeline import Devices, Recipe, finish, start, tell
from kit.recipes.second_stage import ranking_and_batches
from kit.recipes.two_tower import model_and_batches
from kit.tasks import Built, Run, TwoStage

if TYPE_CHECKING:
    from kit.data import Attributes, Dataset

INTENDED_USE = "The list to show: what people would take next, ordered, under rules of the request."
LIMITS = [
    "Scores order the items for one person; they are no probabilities and do not compare people.",
    "The second stage knows what is new and what sells at the time of training: train it anew.",
    "Boosts and limits choose among the candidates; they bring no item up that retrieval left out.",
    "Items and people unknown to the data get no answer of their own: people the popular list.",
]
RECIPE = Recipe(name="two-stage", intended_use=INTENDED_USE, limits=LIMITS)


@click.command(
    "two-stage",
    cls=Command,
    example="kit train two-stage --data online-retail --limit 50000 --epochs 20",
)
@data_options
@training_options
@checkpoint_options
@index_options
@answer_options
@click.option(
    "--candidates",
    type=click.IntRange(min=2),
    default=200,
    show_default=True,
    help="Items that retrieval hands on to ranking.",
)
@click.option(
    "--diversity",
    type=click.FloatRange(0, 1),
    default=0.0,
    show_default=True,
    help="Of exported lists, when a request says nothing else: 0 orders by score alone, more puts "
    "items apart that are alike.",
)
@click.option(
    "--category-column",
    metavar="NAME",
    help="Column of --items of which a request may limit each value (at_most).",
)
@click.option("--features/--no-features", default=True, show_default=True, help="Use features.")
def main(
    data: DataOptions,
    training: TrainingOptions,
    checkpoint: CheckpointOptions,
    index: IndexOptions,
    answers: AnswerOptions,
    candidates: int,
    diversity: float,
    category_column: str | None,
    features: bool,
) -> None:
    """Train retrieval and ranking, evaluate their lists, export both as one model and verify it."""
    if answers.top > candidates:
        raise click.UsageError(
            f"--top {answers.top} is longer than the list of --candidates {candidates}."
        )
    begin = time.perf_counter()
    folders, say = start(RECIPE, training, checkpoint)
    dataset = data.dataset()
    from kit.data import Attributes, split_train_by_time

    attributes = Attributes.of(dataset.items, key="item_id", rows=dataset.num_items)
    check_category(category_column, attributes, dataset)
    # The ranking model learns from what people took of candidates chosen without knowing it.
    earlier = split_train_by_time(dataset, seed=data.seed)
    task = TwoStage(
        k=answers.top,
        exclude_seen=not answers.include_seen,
        index=index.settings,
        weight_column=data.weight_column,
        candidates=candidates,
        diversity=diversity,
        category_column=category_column,
    )
    tell(task, dataset, say)
    seconds = {"prepare": time.perf_counter() - begin}

    quiet_tensorflow()
    from kit import evaluation
    from kit.models import RetrievalLoss
    from kit.training import cast_to_float32, copy_to_host, digest, fit, shutdown_barrier

    devices = Devices.chosen(training, say)
    loss = RetrievalLoss("auto", 4096, None, 1.0)
    with devices.scope():
        (model, batches), (early_model, early_batches) = (
            model_and_batches(part, data, training, loss, features, devices.precision)
            for part in (dataset, earlier)
        )
    settings: dict[str, Any] = {
        **asdict(data),
        **asdict(training),
        "precision": devices.precision.name,
        "batch_size": batches.batch_size,
        "learning_rate": float(model.optimizer.learning_rate.numpy()),
        "loss": "full" if model.is_full else "sampled",
        "features": features,
        "candidates": candidates,
    }
    run = Run(
        recipe=RECIPE.name,
        command=command_line(),
        data=dataset,
        seed=data.seed,
        built=Built(model=model, batches=batches, name="two-stage", settings={}, stages=()),
        model=model,
        settings=settings,
        folder=folders.report,
        output=folders.output,
        seconds=seconds,
    )
    content = digest(*model.non_trainable_weights)
    kept = [
        checkpoint.of_run(folders.report, {**settings, "stage": stage, "content": content}, stage)
        for stage in ("retrieval", "early", "ranking")
    ]

    # Retrieval, as the two-tower recipe trains it, and as it would have been earlier.
    run.metric, measure = task.validation(run)
    fitted = fit(
        model,
        batches,
        measure=measure,
        epochs=training.epochs,
        quiet=training.quiet,
        tensorboard=folders.report / "tensorboard",
        checkpoints=kept[0],
    )
    early = fit(
        early_model,
        early_batches,
        measure=None,
        epochs=best_epoch(fitted.history),
        quiet=training.quiet,
        checkpoints=kept[1],
    )
    run.model, early_model = copy_to_host(model), copy_to_host(early_model)
    if not is_chief():
        shutdown_barrier(run.model.distribute_strategy)
        return
    seconds["train retrieval"] = fitted.seconds
    seconds["train retrieval on the earlier part"] = early.seconds
    say(
        f"train:     retrieval {fitted.seconds:.0f} s and {early.seconds:.0f} s on the earlier "
        f"part, {fitted.examples_per_second:,.0f} interactions/s, best valid NDCG@10 "
        f"{fitted.best:.4f}"
    )
    cast_to_float32(run.model)
    cast_to_float32(early_model)
    task.choose_trend(run)

    # Ranking: what people took later, of the candidates they would have been given.
    later = task.later_lists(run, earlier, early_model)
    ranking, ranking_batches = ranking_and_batches(later, data, dataset)
    valid_lists = task.lists(run)
    ranked = fit(
        ranking,
        ranking_batches,
        measure=lambda: task.measure(valid_lists, ranking),
        epochs=training.epochs,
        quiet=training.quiet,
        checkpoints=kept[2],
    )
    weight = evaluation.choose_weight(task.tasks[0], valid_lists, ranking)
    seconds["train ranking"] = ranked.seconds
    run.history = ranked.history
    say(
        f"train:     ranking {ranked.seconds:.0f} s on {len(later.items):,} lists of {candidates}, "
        f"best valid NDCG@10 {ranked.best:.4f}, weight {weight:g}"
    )
    task.ranking = ranking
    run.settings |= {"ranking_weight": weight, "ranking_lists": len(later.items)}

    begin = time.perf_counter()
    results = task.evaluate(run)
    seconds["evaluate"] = time.perf_counter() - begin
    finish(run, task, results, RECIPE, asdict(data), kept, say)


def check_category(column: str | None, attributes: "Attributes", dataset: "Dataset") -> None:
    """Say before training that a column cannot be limited by."""
    columns = sorted({value.split("=", 1)[0] for value in attributes.values})
    if column is not None and column not in columns:
        raise UserError(
            f"The items have no column {column!r} of few values.",
            where=f"--category-column, {dataset.name}",
            expected=", ".join(columns) or "a table of items: --items FILE",
            remedy="Name one of these, or leave the option out.",
        )


def best_epoch(history: list[dict[str, float]]) -> int:
    """Passes over the data after which valid was ranked best; all of them if nobody was."""
    measured = [row for row in history if not math.isnan(row["valid NDCG@10"])]
    row = max(measured, key=lambda row: row["valid NDCG@10"]) if measured else history[-1]
    return max(1, math.ceil(row["epoch"]))


if __name__ == "__main__":
    main()

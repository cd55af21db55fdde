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

from kit.cluster import is_chief, serve_cluster
from kit.console import (
    AnswerOptions,
    CheckpointOptions,
    Command,
    DataOptions,
    IndexOptions,
    TrainingOptions,
    answer_options,
    checkpoint_options,
    claim_folders,
    command_line,
    data_options,
    echo,
    index_options,
    print_comparison,
    quiet_tensorflow,
    tell_data,
    training_options,
    verified,
)
from kit.errors import UserError
from recipes.second_stage import ranking_and_batches
from recipes.two_tower import model_and_batches

if TYPE_CHECKING:
    import numpy as np

    from kit.data import Attributes, Dataset
    from kit.evaluation import CandidateLists
    from kit.models import TwoTower

RETRIEVAL = "retrieval alone"
DIVERSITIES = (0.1, 0.3)
MOST_LISTS = 20_000
INTENDED_USE = "The list to show: what people would take next, ordered, under rules of the request."
LIMITS = [
    "Scores order the items for one person; they are no probabilities and do not compare people.",
    "The second stage knows what is new and what sells at the time of training: train it anew.",
    "Boosts and limits choose among the candidates; they bring no item up that retrieval left out.",
    "Items and people unknown to the data get no answer of their own: people the popular list.",
]


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
    serve_cluster()
    folders = claim_folders("two-stage", training, checkpoint)
    say = echo if is_chief() and not training.quiet else lambda text: None
    begin = time.perf_counter()

    dataset = data.dataset()
    from kit.data import Attributes, cut_train

    attributes = Attributes.of(dataset.items, key="item_id", rows=dataset.num_items)
    check_category(category_column, attributes, dataset)
    # The ranking model learns from what people took of candidates chosen without knowing it.
    earlier = cut_train(dataset, seed=data.seed)
    tell_data(dataset, data, say)
    seconds = {"prepare": time.perf_counter() - begin}

    # The imports stand along the road: help and mistakes in the data need not wait for TensorFlow.
    quiet_tensorflow()
    from kit import evaluation
    from kit.artefact import index_line, read_card
    from kit.export import (
        SecondStage,
        TwoStageRecommender,
        export_two_stage,
        lists_of,
        retrieval_parts,
    )
    from kit.models import CandidateTables, RetrievalLoss
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
    say(f"device:    {devices}")
    scope = strategy(devices.name).scope()
    index_settings = index.settings()
    precision = choose_precision(training.precision)
    say(f"precision: {precision}")
    with scope, precision.scope():
        loss = RetrievalLoss("auto", 4096, None, 1.0)
        model, batches = model_and_batches(dataset, data, training, loss, features, precision)
        early_model, early_batches = model_and_batches(
            earlier, data, training, loss, features, precision
        )
    settings: dict[str, Any] = {
        **asdict(data),
        **asdict(training),
        "precision": precision.name,
        "batch_size": batches.batch_size,
        "learning_rate": float(model.optimizer.learning_rate.numpy()),
        "loss": "full" if model.is_full else "sampled",
        "features": features,
        "candidates": candidates,
    }
    content = digest(*model.non_trainable_weights)
    first, second, third = (
        checkpoint.of_run(folders.report, {**settings, "stage": stage, "content": content}, stage)
        for stage in ("retrieval", "early", "ranking")
    )

    seen_out = not answers.include_seen
    valid_task = evaluation.ranking_task(
        dataset,
        "valid",
        exclude_seen=seen_out,
        max_users=evaluation.affordable_users(dataset.num_items),
    )
    # What an artefact knows of people it knows from train and valid.
    test_task = evaluation.ranking_task(
        dataset,
        "test",
        exclude_seen=seen_out,
        max_users=evaluation.affordable_users(dataset.num_items, times=4),
        knows_valid=True,
    )

    def scorer(of: "TwoTower") -> evaluation.Scorer:
        return evaluation.retrieval_scorer(of, test_task.popularity)

    # Retrieval, as the two-tower recipe trains it, and as it would have been earlier.
    fitted = fit(
        model,
        batches,
        measure=lambda: evaluation.evaluate(valid_task, scorer(model), ks=[10]).mean("NDCG@10"),
        epochs=training.epochs,
        quiet=training.quiet,
        tensorboard=folders.report / "tensorboard",
        checkpoints=first,
    )
    early = fit(
        early_model,
        early_batches,
        measure=None,
        epochs=best_epoch(fitted.history),
        quiet=training.quiet,
        checkpoints=second,
    )
    model, early_model = on_this_device(model), on_this_device(early_model)
    if not is_chief():
        finish_together(model.distribute_strategy)
        return
    seconds["train retrieval"] = fitted.seconds
    seconds["train retrieval on the earlier part"] = early.seconds
    say(
        f"train:     retrieval {fitted.seconds:.0f} s and {early.seconds:.0f} s on the earlier "
        f"part, {fitted.interactions_per_second:,.0f} interactions/s, best valid NDCG@10 "
        f"{fitted.best:.4f}"
    )
    answer_in_float32(model)
    answer_in_float32(early_model)
    trend = evaluation.choose_trend(dataset, valid_task, scorer(model))

    def lists(
        of: "TwoTower", data_set: "Dataset", task: evaluation.RankingTask
    ) -> "CandidateLists":
        of.set_item_prior(trend.prior(data_set, task.part))
        known = evaluation.candidate_features(data_set, task.part, vectors(of))
        return evaluation.candidate_lists(task, scorer(of), known, candidates)

    # Ranking: what people took later, of the candidates they would have been given.
    later_task = evaluation.ranking_task(
        earlier, "valid", exclude_seen=seen_out, max_users=MOST_LISTS, seed=data.seed
    )
    later = lists(early_model, earlier, later_task)
    later = later.where(later.taken.any(axis=1) & (later_task.known.lengths > 0))
    valid_lists = lists(model, dataset, valid_task)
    ranking, ranking_batches = ranking_and_batches(later, data, dataset)
    ranked = fit(
        ranking,
        ranking_batches,
        measure=lambda: evaluation.ranked_lists(valid_task, valid_lists, ranking, [10]).mean(
            "NDCG@10"
        ),
        epochs=training.epochs,
        quiet=training.quiet,
        checkpoints=third,
    )
    weight = evaluation.choose_weight(valid_task, valid_lists, ranking)
    seconds["train ranking"] = ranked.seconds
    say(
        f"train:     ranking {ranked.seconds:.0f} s on {len(later.items):,} lists of {candidates}, "
        f"best valid NDCG@10 {ranked.best:.4f}, weight {weight:g}"
    )

    # Both stages through the graph that is exported.
    begin = time.perf_counter()
    results = {}
    for task in (valid_task, test_task):
        model.set_item_prior(trend.prior(dataset, task.part))
        past = [dataset.train, *([dataset.valid] if task.part == "test" else [])]
        stage = SecondStage(
            model=ranking,
            tables=CandidateTables.of(vectors(model), past, dataset.num_users),
            candidates=candidates,
            diversity=diversity,
            category_column=category_column,
        )
        parts = retrieval_parts(model, dataset, with_valid=task.part == "test")
        graph = TwoStageRecommender(
            parts, stage, k=max(answers.top, 20), exclude_seen=seen_out, index=index_settings
        )
        found = {
            RETRIEVAL: evaluation.evaluate(task, scorer(model)),
            "two-stage": evaluation.evaluate_lists(task, dataset, lists_of(graph, 0.0)),
        }
        for share in DIVERSITIES:
            diverse = lists_of(graph, share)
            found[f"diversity {share}"] = evaluation.evaluate_lists(task, dataset, diverse)
        results[task.part] = {
            name: evaluation.with_diversity(result, stage.tables.vectors)
            for name, result in found.items()
        }
    test = results["test"]
    simple, left_out = evaluation.evaluated_baselines(dataset, test_task)
    baselines = {
        RETRIEVAL: test[RETRIEVAL],
        **{
            name: evaluation.with_diversity(result, stage.tables.vectors)
            for name, result in simple.items()
        },
    }
    seconds["evaluate"] = time.perf_counter() - begin

    numbers = evaluation.write_report(
        evaluation.RankingReport(
            recipe="two-stage",
            command=command_line(),
            dataset=dataset,
            settings={
                **settings,
                "trend_days": trend.days,
                "trend_weight": trend.weight,
                "ranking_weight": weight,
                "ranking_lists": len(later.items),
                "best_valid_retrieval": results["valid"][RETRIEVAL].mean("NDCG@10"),
            },
            valid_task=valid_task,
            valid=results["valid"]["two-stage"],
            test_task=test_task,
            test=test["two-stage"],
            baselines=baselines,
            left_out=left_out,
            cold_users=None,
            history=ranked.history,
            seconds=seconds,
            examples=evaluation.examples(
                dataset, test_task, test["two-stage"], model.item_vectors()
            ),
            variants={name: r for name, r in test.items() if name.startswith("diversity")},
        ),
        folders.report,
    )

    version, checks = export_two_stage(
        model,
        stage,
        dataset,
        folders.output,
        k=answers.top,
        exclude_seen=seen_out,
        index=index_settings,
        card={
            "recipe": "two-stage",
            "data": asdict(data),
            "dataset": numbers["data"],
            "results": numbers["test"],
            "baselines": numbers["baselines"],
            "intended_use": INTENDED_USE,
            "limits": LIMITS,
        },
    )
    for checkpoints in (first, second, third):
        checkpoints.clear()
    say(f"index:     {index_line(read_card(version))}")
    say(verified(checks))
    print_comparison(test_task.protocol, {**test, **simple}, left_out, notes=[test_task.evaluated])
    words = evaluation.difference_in_words
    echo(f"stages:    two-stage against {RETRIEVAL}: {words(test['two-stage'], test[RETRIEVAL])}")
    for share in DIVERSITIES:
        variant = test[f"diversity {share}"]
        for metric in ("NDCG@10", "Diversity@10"):
            change = words(variant, test["two-stage"], metric)
            echo(f"stages:    diversity {share}: {change}")
    echo(f"report:    {folders.report / 'report.html'}")
    echo(f"model:     {version}")
    echo(f"next:      kit recommend {version.parent} --examples 3")
    finish_together(model.distribute_strategy)


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


def vectors(model: "TwoTower") -> "np.ndarray":
    """The items' vectors without their bias, float32 [items, dim]."""
    import numpy as np

    return np.asarray(model.item_vectors(), np.float32)[1:, :-1]


if __name__ == "__main__":
    main()

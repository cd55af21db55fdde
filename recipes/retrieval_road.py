"""The road of every recipe that ends in a list of items: what differs is the model.

source -> dataset -> model -> fit -> evaluate -> export
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from kit.cluster import is_chief, serve_cluster
from kit.console import (
    AnswerOptions,
    CheckpointOptions,
    ContentOptions,
    DataOptions,
    IndexOptions,
    TrainingOptions,
    claim_folders,
    command_line,
    echo,
    print_comparison,
    quiet_tensorflow,
    tell_data,
    verified,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kit.data import Dataset, LearnedContent
    from kit.models import RetrievalModel
    from kit.training import Batches, Precision

    Contents = Sequence[tuple[LearnedContent, NDArray[Any]]]


@dataclass(frozen=True)
class Built:
    """What a recipe builds.

    Args:
        model: compiled.
        batches: the stream it trains on.
        settings: name to value of what was set or chosen.
    """

    model: "RetrievalModel"
    batches: "Batches"
    settings: dict[str, Any]


def travel(
    recipe: str,
    build: "Callable[[Dataset, Contents, Precision], Built]",
    *,
    data: DataOptions,
    training: TrainingOptions,
    checkpoint: CheckpointOptions,
    index: IndexOptions,
    answers: AnswerOptions,
    content: ContentOptions,
    intended_use: str,
    limits: Sequence[str],
) -> None:
    """Train what a recipe builds, evaluate it, export it and verify the export.

    Args:
        recipe: its name.
        build: makes model and batches, called in the scope of strategy and precision.
        data: the source.
        training: how to train and where results go.
        checkpoint: whether to go on from a checkpoint, and when to keep one.
        index: how the export finds the best items.
        answers: what the export answers.
        content: pictures and texts of the items.
        intended_use: of the model, in a sentence, for its card.
        limits: sentences for the card.
    """
    serve_cluster()
    folders = claim_folders(recipe, training, checkpoint)
    say = echo if is_chief() and not training.quiet else lambda text: None
    begin = time.perf_counter()

    dataset = data.dataset()
    tell_data(dataset, data, say)
    seconds = {"prepare": time.perf_counter() - begin}

    # The imports stand along the road: help and mistakes in the data need not wait for TensorFlow.
    quiet_tensorflow()
    from kit import evaluation
    from kit.artefact import index_line, read_card
    from kit.export import export_retrieval
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

    dataset, contents = content.joined(dataset, data.items)
    devices = choose_strategy(training.strategy)
    say(f"device:    {devices}")
    scope = strategy(devices.name).scope()
    index_settings = index.settings()
    precision = choose_precision(training.precision)
    say(f"precision: {precision}")
    with scope, precision.scope():
        built = build(dataset, contents, precision)
    model, batches = built.model, built.batches
    settings = {
        **asdict(data),
        **asdict(training),
        **asdict(content),
        **built.settings,
        "precision": precision.name,
        "batch_size": batches.batch_size,
        "learning_rate": float(model.optimizer.learning_rate.numpy()),
    }
    checkpoints = checkpoint.of_run(
        folders.report, {**settings, "content of features": digest(*model.non_trainable_weights)}
    )

    seen_out = not answers.include_seen
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
        tensorboard=folders.report / "tensorboard",
        checkpoints=checkpoints,
    )
    model = on_this_device(model)
    if not is_chief():
        finish_together(model.distribute_strategy)
        return
    went_on = f", went on from step {fitted.resumed_step:,}" if fitted.resumed_step else ""
    say(
        f"train:     {fitted.seconds:.0f} s, {fitted.interactions_per_second:,.0f} interactions/s "
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
            recipe=recipe,
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
        folders.report,
    )

    version, checks = export_retrieval(
        model,
        dataset,
        folders.output,
        k=answers.top,
        exclude_seen=seen_out,
        index=index_settings,
        contents=[one for one, _ in contents],
        card={
            "recipe": recipe,
            "data": asdict(data),
            "dataset": numbers["data"],
            "results": numbers["test"],
            "baselines": numbers["baselines"],
            "item_contents": [part.card() for part in content.encoded(data.items)],
            "intended_use": intended_use,
            "limits": list(limits),
        },
    )
    checkpoints.clear()
    say(f"index:     {index_line(read_card(version))}")
    say(verified(checks))
    print_comparison(
        test_task.protocol, {recipe: test, **baselines}, left_out, notes=[test_task.evaluated]
    )
    echo(f"report:    {folders.report / 'report.html'}")
    echo(f"model:     {version}")
    echo(f"next:      kit recommend {version.parent} --examples 3")
    finish_together(model.distribute_strategy)

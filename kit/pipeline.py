"""The pipeline of every recipe: data, model, training, evaluation, report, export."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from kit.cluster import is_chief, serve_cluster
from kit.console import (
    CheckpointOptions,
    RunFolders,
    TrainingOptions,
    claim_folders,
    command_line,
    echo,
    print_comparison,
    print_table,
    quiet_tensorflow,
    verified,
    warn,
)
from kit.tasks import Built, Comparison, Run, Task

if TYPE_CHECKING:
    from kit.training import Checkpoints, Precision, Training

Say = Callable[[str], object]
"""Takes one line of console output."""


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """What is fixed in a recipe.

    Args:
        name: of its command.
        intended_use: of its models, in a sentence, for their cards.
        limits: sentences for the card.
    """

    name: str
    intended_use: str
    limits: Sequence[str]


def run(
    recipe: Recipe,
    task: Task,
    read: Callable[[], Any],
    build: "Callable[[Any, Precision], Built]",
    *,
    source: Mapping[str, Any],
    training: TrainingOptions,
    checkpoint: CheckpointOptions,
    seed: int,
) -> None:
    """Train what a recipe builds, evaluate it, export it and verify the export.

    Args:
        recipe: its name and what its cards say.
        task: how its models are measured, reported and exported.
        read: opens and splits the data.
        build: makes model and batches of the split data; called in the scope of strategy and
            precision.
        source: how the data were opened, to find them again.
        training: how to train and where results go.
        checkpoint: whether to resume from a checkpoint, and when to write one.
        seed: the random seed.

    Raises:
        UserError: the data, an option or a folder cannot be used.
        VerificationError: the export does not answer as the model.
    """
    begin = time.perf_counter()
    folders, say = start(recipe, training, checkpoint)
    data = read()
    tell(task, data, say)

    quiet_tensorflow()
    from kit.training import cast_to_float32, copy_to_host, shutdown_barrier

    devices = Devices.chosen(training, say)
    with devices.scope():
        built = build(data, devices.precision)
    for line in built.warnings:
        say(line)
    this = Run(
        recipe=recipe.name,
        command=command_line(),
        data=data if built.data is None else built.data,
        seed=seed,
        built=built,
        model=built.model,
        folder=folders.report,
        output=folders.output,
        settings={
            **source,
            **asdict(training),
            **built.settings,
            "precision": devices.precision.name,
            "batch_size": built.batches.batch_size,
        },
        seconds={"prepare": time.perf_counter() - begin},
    )
    trained, kept = fit_stages(this, task, training, checkpoint, devices)
    this.model = copy_to_host(this.model)
    if not is_chief():
        shutdown_barrier(this.model.distribute_strategy)
        return
    say(train_line(this, task, trained[-1]))
    cast_to_float32(this.model)

    begin = time.perf_counter()
    results = task.evaluate(this)
    this.seconds["evaluate"] = time.perf_counter() - begin
    finish(this, task, results, recipe, source, kept, say)


def start(
    recipe: Recipe, training: TrainingOptions, checkpoint: CheckpointOptions
) -> tuple[RunFolders, Say]:
    """The folders of a run, which are its own until the command ends, and what prints its lines.

    A process that serves a cluster does so here and does not return.
    """
    serve_cluster()
    folders = claim_folders(recipe.name, training, checkpoint)
    return folders, echo if is_chief() and not training.quiet else lambda text: None


def tell(task: Task, data: Any, say: Say) -> None:
    """Say what a model is going to learn from, and warn of what it cannot be measured by."""
    for line in task.describe(data):
        say(line)
    if is_chief():
        warn(task.warnings(data))


def finish(
    run: Run,
    task: Task,
    results: Any,
    recipe: Recipe,
    source: Mapping[str, Any],
    kept: "Sequence[Checkpoints]",
    say: Say,
) -> None:
    """Write the report, export the model, verify the export and print the tables."""
    from kit.training import shutdown_barrier

    facts = task.report(run, results)
    version, checks = task.export(
        run,
        results,
        {
            "recipe": recipe.name,
            "data": dict(source),
            "dataset": facts["data"],
            "results": facts["test"],
            "baselines": facts["baselines"],
            "intended_use": recipe.intended_use,
            "limits": list(recipe.limits),
            **task.card(run, results, facts),
        },
    )
    for checkpoints in kept:
        checkpoints.clear()
    for line in (*task.export_lines(version), verified(checks)):
        say(line)
    for table in task.tables(run, results, facts):
        if isinstance(table, Comparison):
            print_comparison(table.title, table.systems, table.left_out, table.metrics, table.notes)
        else:
            print_table(table.title, table.columns, table.rows)
    echo(f"report:    {run.folder / 'report.html'}")
    echo(f"model:     {version}")
    echo(f"next:      {task.following.format(folder=version.parent)}")
    shutdown_barrier(run.model.distribute_strategy)


@dataclass(frozen=True)
class Devices:
    """Where and in which precision a run computes."""

    strategy: Any
    precision: "Precision"

    @classmethod
    def chosen(cls, training: TrainingOptions, say: Say) -> "Devices":
        """As the options name them, or as the machine allows."""
        from kit.training import choose_precision, choose_strategy, strategy

        devices = choose_strategy(training.strategy)
        say(f"device:    {devices}")
        scope = strategy(devices.name)
        precision = choose_precision(training.precision)
        say(f"precision: {precision}")
        return cls(scope, precision)

    @contextmanager
    def scope(self) -> Iterator[None]:
        """Within it models are built and compiled."""
        with self.strategy.scope(), self.precision.scope():
            yield


def fit_stages(
    run: Run,
    task: Task,
    training: TrainingOptions,
    checkpoint: CheckpointOptions,
    devices: Devices,
) -> tuple[list["Training"], list["Checkpoints"]]:
    """Train the model in its stages, each with its own checkpoints."""
    from kit.training import fit

    run.metric, measure = task.validation(run)
    settings = {**run.settings, **run.built.content}
    trained, kept = [], []
    for stage in run.built.stages:
        if stage.begin is not None:
            with devices.scope():
                stage.begin()
        patience: dict[str, Any] = {} if stage.patience is None else {"patience": stage.patience}
        kept.append(checkpoint.of_run(run.folder, settings, stage.name))
        fitted = fit(
            run.model,
            run.built.batches,
            measure=measure,
            metric=run.metric,
            epochs=stage.epochs,
            quiet=training.quiet,
            tensorboard=run.folder / "tensorboard" / stage.name,
            checkpoints=kept[-1],
            **patience,
        )
        trained.append(fitted)
        earlier = run.history[-1]["epoch"] if run.history else 0
        run.history += [{**row, "epoch": row["epoch"] + earlier} for row in fitted.history]
    run.seconds["train"] = sum(fitted.seconds for fitted in trained)
    return trained, kept


def train_line(run: Run, task: Task, trained: "Training") -> str:
    """How the training went."""
    rate = trained.examples_per_second
    digits = 0 if rate >= 10 else 1
    resumed = f", resumed from step {trained.resumed_step:,}" if trained.resumed_step else ""
    return (
        f"train:     {run.seconds['train']:.0f} s, {rate:,.{digits}f} {task.unit}/s "
        f"({trained.waiting:.0%} of it waiting for data), best {run.metric} "
        f"{trained.best:.4f}{resumed}"
    )

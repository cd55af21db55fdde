"""The pipeline of every recipe: data, model, training, evaluation, report, export."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_type_hints

import click

from kit import config, exports, tasks
from kit.cluster import is_chief, serve_cluster
from kit.config import CheckpointOptions, Options, RunOptions, TrainingOptions, refits
from kit.console import (
    Command,
    RunFolders,
    claim_folders,
    command_line,
    echo,
    print_comparison,
    print_table,
    quiet_tensorflow,
    recipe_options,
    verified,
    warn,
)
from kit.errors import REFUSED, UserError, check_installed
from kit.tasks import Built, Comparison, Run, Task, fit_stages, train_line, with_promotion

if TYPE_CHECKING:
    import keras

    from kit.training import Checkpoints, Precision

Say = Callable[[str], object]
"""Takes one line of console output."""


def read(options: Any) -> Any:
    """Open and split the data of a recipe's options, with what its items hold."""
    data, content = options.data.dataset(), getattr(options, "content", None)
    return data if content is None else content.joined(data, options.data.items)


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """A model for a task, with its defaults.

    Args:
        name: of its command.
        about: what the command does, in a sentence.
        example: a command line that runs.
        options: a dataclass with the fields `data`, `training` and `checkpoint` and others, each a
            class of options.
        rows: what a batch is made of, in the plural.
        intended_use: of its models, in a sentence, for their cards.
        limits: sentences for the card.
        task: of the options, how models are measured, reported and exported.
        build: of the split data and the options, the model; called in the scope of strategy and
            precision.
        train: of model, data, options and precision, the batches it is trained on, in which
            stages; compiles the model; called in the same scope.
        read: of the options, the split data.
        check: raises where options contradict each other, before data are read.
        models: names of the classes of models that `kit.fit` trains in this way.
        run: what the command does with recipe and options, and the version it exports; None is
            `run` of this module.
        chosen: names of options that training chooses where they are not given.
        shape: names of options that two models share, if one begins from the weights of the other.
        extra: of the distribution, without which it cannot run.
    """

    name: str
    about: str
    example: str
    options: type
    rows: str
    intended_use: str
    limits: Sequence[str]
    task: Callable[[Any], Task]
    build: "Callable[[Any, Any], keras.Model]"
    train: "Callable[[keras.Model, Any, Any, Precision], Built]"
    read: Callable[[Any], Any] = read
    check: Callable[[Any], None] = lambda options: None
    models: Sequence[str] = ()
    run: "Callable[[Recipe, Any], Path | None] | None" = None
    chosen: Sequence[str] = ()
    shape: Sequence[str] = ()
    extra: str | None = None

    def data_options(self) -> type[Options]:
        """The class of the options of its data."""
        kind: type[Options] = get_type_hints(self.options)["data"]
        return kind


def command(recipe: Recipe) -> click.Command:
    """The command of a recipe, with its options."""

    @click.command(recipe.name, cls=Command, example=recipe.example, help=recipe.about)
    @recipe_options(recipe.options, rows=recipe.rows)
    def main(options: Any) -> None:
        if not with_promotion(recipe, options, recipe.run or run, echo)[1]:
            click.get_current_context().exit(REFUSED)

    return main


def run(recipe: Recipe, options: Any) -> Path | None:
    """Train a recipe's model, evaluate it, export it and verify the export.

    Args:
        recipe: what is trained.
        options: of its class.

    Returns:
        The folder of the exported version; None in a process that is not the chief of a cluster.

    Raises:
        UserError: the data, an option or a folder cannot be used.
        VerificationError: the outputs of the export differ from the model's.
    """
    begin = time.perf_counter()
    recipe.check(options)
    options = tasks.started_options(recipe.name, options, recipe.shape, recipe.chosen)
    training, checkpoint = options.training, options.checkpoint
    folders, say = start(recipe, training, checkpoint)
    data = recipe.read(options)
    task = recipe.task(options)
    tell(task, data, say)

    quiet_tensorflow()
    from kit.training import shutdown_barrier

    devices = Devices.chosen(training, say)
    this, kept = trained_run(recipe, options, data, task, devices, folders.report, say, begin)
    again = None
    if refits(options):
        scope, precision = devices.scope, devices.precision
        again, more = refit(recipe, options, this, recipe.build, scope, precision, say)
        kept = [*more, *kept]
    if not is_chief():
        shutdown_barrier(this.model.distribute_strategy)
        return None
    this.output = folders.output

    begin = time.perf_counter()
    results = task.evaluate(this)
    this.seconds["evaluate"] = time.perf_counter() - begin
    return finish(this, task, results, recipe, kept, say, again, options)


def trained_run(
    recipe: Recipe,
    options: Any,
    data: Any,
    task: Task,
    devices: "Devices",
    folder: Path | None,
    say: Say,
    begin: float,
) -> tuple[Run, "Sequence[Checkpoints]"]:
    """Build and train a recipe's model.

    Args:
        recipe: what is trained.
        options: of its class.
        data: the split data.
        task: measures the model.
        devices: where it is trained.
        folder: of report, logs and checkpoints; None writes none.
        say: prints a line.
        begin: when preparing began, of `time.perf_counter`.

    Returns:
        The run, its model on one device and computing in float32 where the process is the chief,
        and its checkpoints.
    """
    from kit.training import cast_to_float32, copy_to_host

    with devices.scope():
        built = recipe.train(recipe.build(data, options), data, options, devices.precision)
    this = new_run(recipe, options, data, built, devices.precision)
    this.folder, this.command = folder, command_line()
    for line in task.check(this):
        say(line)
    this.seconds["prepare"] = time.perf_counter() - begin
    trained, kept = fit_stages(this, task, options.training, options.checkpoint, devices.scope)
    this.model = copy_to_host(this.model)
    if is_chief():
        say(train_line(this, task, trained))
        cast_to_float32(this.model)
    return this, kept


def trained_again(
    recipe: Recipe,
    options: Any,
    this: Run,
    data: Any,
    name: str,
    build: "Callable[[Any, Any], keras.Model]",
    scope: Callable[[], AbstractContextManager[None]],
    precision: "Precision",
) -> "tuple[Run, Sequence[Checkpoints]]":
    """Train a model on other data as that of a run was trained.

    Nothing is measured.

    Args:
        recipe: of both.
        options: of the run.
        this: the run, with the settings and epochs it found.
        data: what is trained on.
        name: of the training in the names of its checkpoints.
        build: of data and options, the model.
        scope: within it models are built and compiled.
        precision: of the computation.

    Returns:
        The run on these data, as `trained_run` returns it, and its checkpoints.

    Raises:
        UserError: the run was not trained by this kit.
    """
    from kit.training import cast_to_float32, copy_to_host

    options = config.override_chosen(options, recipe.chosen, this.settings)
    with scope():
        built = recipe.train(build(data, options), data, options, precision)
    if len(this.epochs) != len(built.stages):
        raise UserError(
            "It is not known for how many epochs the model was trained.",
            where=name,
            expected="a model that kit.fit trained",
            remedy=f"Train it with kit.fit, or leave {name} out.",
        )
    stages = [
        replace(stage, name=f"{name}{stage.name}", epochs=None, steps=_steps(built, epochs))
        for stage, epochs in zip(built.stages, this.epochs, strict=True)
    ]
    again = new_run(recipe, options, data, replace(built, stages=stages), precision)
    again.folder, again.output = this.folder, this.output
    again.settings[name] = this.epochs
    _, kept = fit_stages(again, None, options.training, options.checkpoint, scope)
    again.model = copy_to_host(again.model)
    if is_chief():
        cast_to_float32(again.model)
    return again, kept


def refit(
    recipe: Recipe,
    options: Any,
    this: Run,
    build: "Callable[[Any, Any], keras.Model]",
    scope: Callable[[], AbstractContextManager[None]],
    precision: "Precision",
    say: Say,
) -> "tuple[Run, Sequence[Checkpoints]]":
    """Train a model on all rows as that of a run was trained on those of train.

    Args:
        recipe: of both.
        options: of the run.
        this: the run. Its settings state the refit.
        build: of data and options, the model.
        scope: within it models are built and compiled.
        precision: of the computation.
        say: prints a line.

    Returns:
        See `trained_again`.

    Raises:
        UserError: the run was not trained by this kit.
    """
    data = this.data.all_in_train()
    again, kept = trained_again(recipe, options, this, data, "refit", build, scope, precision)
    again.stored = tasks.stored_weights(this)
    this.seconds["refit"] = again.seconds["train"]
    epochs = " and ".join(f"{number:.4g}" for number in this.epochs if number is not None)
    on_all = f"on all {len(data.train):,} interactions"
    on_all += f", {epochs} epochs" if epochs else ""
    this.settings["refit"] = f"the exported model was trained {on_all}, after the metrics"
    say(f"refit:     {again.seconds['train']:.0f} s {on_all}")
    return again, kept


def _steps(built: Built, epochs: float | None) -> int | None:
    """The steps of so many epochs; None of a fit in closed form."""
    if epochs is None or built.batches is None:
        return None
    return max(1, round(epochs * built.batches.steps_per_epoch))


def new_run(recipe: Recipe, options: Any, data: Any, built: Built, precision: "Precision") -> Run:
    """A run that is about to begin."""
    return Run(
        recipe=recipe.name,
        data=data,
        seed=options.data.seed,
        built=built,
        model=built.model,
        settings={
            **options.data.card(),
            **{n: value for n, value in asdict(options.training).items() if n != "sign"},
            **built.settings,
            "precision": precision.name,
            **({} if built.batches is None else {"batch_size": built.batches.batch_size}),
        },
    )


def start(
    recipe: Recipe, training: RunOptions, checkpoint: CheckpointOptions
) -> tuple[RunFolders, Say]:
    """The folders of a run, which are its own until the command ends, and what prints its lines.

    A process that serves a cluster does so here and does not return.
    """
    check_installed(recipe.extra, f"kit train {recipe.name}")
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
    kept: "Sequence[Checkpoints]",
    say: Say,
    again: Run | None,
    options: Any,
) -> Path:
    """Write the report, export the model, verify the export and print the tables.

    Args:
        run: what was measured.
        task: measured it.
        results: what `task.evaluate` returned.
        recipe: of the model.
        kept: checkpoints, which are removed when the export is written.
        say: prints a line.
        again: what is exported instead of the model of the run, see `refit`.
        options: of the recipe, as they were given.

    Returns:
        The folder of the version.
    """
    from kit.training import shutdown_barrier

    assert run.folder is not None
    report = task.report(run, results)
    report.save(run.folder)
    facts = report.facts
    about = card(recipe, task, run, results, facts, again, options)
    if again is not None:
        again.output = run.output
    version, checks = task.export(again or run, results, about)
    if (key := options.training.sign) is not None:
        # This process wrote the export, so it may be signed whatever its operations can do.
        exports.sign(version, Path(key), trust=True)
    for checkpoints in kept:
        checkpoints.clear()
    for line in (*task.export_lines(version), verified(checks)):
        say(line)
    if again is not None:
        say("note:      the metrics are those of the model before the refit")
    for table in task.tables(run, results, facts):
        if isinstance(table, Comparison):
            print_comparison(table.title, table.systems, table.left_out, table.metrics, table.notes)
        else:
            print_table(table.title, table.columns, table.rows)
    echo(f"report:    {run.folder / 'report.html'}")
    echo(f"model:     {version}{f', signed by {key}' if key else ''}")
    echo(f"next:      {task.following.format(folder=version.parent)}")
    shutdown_barrier(run.model.distribute_strategy)
    return version


def card(
    recipe: Recipe,
    task: Task,
    run: Run,
    results: Any,
    facts: Mapping[str, Any],
    again: Run | None = None,
    options: Any = None,
) -> dict[str, Any]:
    """What the card of an export says of its origin and quality.

    Args:
        recipe: of the model.
        task: measured it.
        run: what was measured.
        results: what `task.evaluate` returned.
        facts: of the report.
        again: what is exported instead of the model of the run, see `refit`.
        options: of the recipe, as they were given; None if they are not known.
    """
    return {
        "options": options and config.changed_values(options),
        "refit": again and {"rows": len(again.data.train), "epochs": run.epochs},
        "recipe": recipe.name,
        "data": run.data.options.card(),
        "dataset": facts["data"],
        "results": facts["test"],
        "baselines": facts["baselines"],
        "intended_use": recipe.intended_use,
        "limits": list(recipe.limits),
        **task.card(run, results, facts),
    }


@dataclass(frozen=True)
class Devices:
    """Where and in which precision a run computes."""

    strategy: Any
    precision: "Precision"

    @classmethod
    def chosen(cls, training: RunOptions, say: Say) -> "Devices":
        """As the options name them, or as the machine allows."""
        from kit.training import choose_precision, choose_strategy, strategy

        devices = choose_strategy(training.strategy)
        precision = choose_precision(training.precision)
        if isinstance(training, TrainingOptions):
            say(f"device:    {devices}")
            say(f"precision: {precision}")
        return cls(strategy(devices.name), precision)

    @contextmanager
    def scope(self) -> Iterator[None]:
        """Within it models are built and compiled."""
        with self.strategy.scope(), self.precision.scope():
            yield

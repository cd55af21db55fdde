"""The best recommender for a log: several are trained, the best one on valid is exported.

    kit train auto --data online-retail --models linear,two-tower
    python recipes/auto.py --data interactions.csv --items products.csv

The models are trained with the defaults of their recipes, in the order in which they are named;
ials is a method of linear. A simple model that is best on a log is what gets exported and served.
"""

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from kit.config import (
    AnswerOptions,
    CheckpointOptions,
    DataOptions,
    IndexOptions,
    Options,
    RunOptions,
    as_values,
    option,
    override,
)
from kit.console import command_line, print_comparison, quiet_tensorflow
from kit.errors import UserError
from kit.pipeline import Devices, Recipe, command, finish, refit, start, tell, trained_run
from kit.tasks import Retrieval, Run

if TYPE_CHECKING:
    from kit.evaluation import Evaluation
    from kit.training import Checkpoints

# Names to their recipes, and to the options that differ from the defaults of these.
CANDIDATES: dict[str, tuple[str, dict[str, Any]]] = {
    "linear": ("linear", {}),
    "ials": ("linear", {"method": "ials"}),
    "two-tower": ("two_tower", {}),
    "sequential": ("sequential", {}),
}


@dataclass(frozen=True, kw_only=True)
class ChoiceOptions(Options):
    """Which models are compared."""

    group: ClassVar[str] = "Model"

    models: str = option(",".join(CANDIDATES), "Models to train, in this order.", metavar="NAMES")
    budget: float = option(
        60.0, "Minutes after which no further model is begun.", above=0, metavar="MINUTES"
    )
    epochs: int | None = option(
        None, "Maximum epochs of each model.  [default: the recipe's]", min=1
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in self.names:
            if name not in CANDIDATES:
                raise UserError(
                    f"There is no model '{name}' to choose from.",
                    where="--models",
                    expected=f"some of {', '.join(CANDIDATES)}",
                    remedy=f"Name them, separated by commas: --models {','.join(CANDIDATES)}",
                )

    @property
    def names(self) -> list[str]:
        """The models."""
        return [name.strip() for name in self.models.split(",")]


@dataclass(frozen=True, kw_only=True)
class AutoOptions:
    """Everything that can be set."""

    data: DataOptions
    choice: ChoiceOptions = ChoiceOptions()
    training: RunOptions = RunOptions()
    index: IndexOptions = IndexOptions()
    answers: AnswerOptions = AnswerOptions()
    # Each model has checkpoints of its own, with the defaults.
    checkpoint = CheckpointOptions()


@dataclass(frozen=True)
class Candidate:
    """A trained model and how good it is on valid."""

    name: str
    recipe: Recipe
    options: Any
    task: Retrieval
    run: Run
    checkpoints: "Sequence[Checkpoints]"
    valid: "Evaluation"


def run(recipe: Recipe, options: AutoOptions) -> Path | None:
    """Train the models, choose one on valid, evaluate it on test, export it, verify the export."""
    begin = time.perf_counter()
    folders, say = start(recipe, options.training, options.checkpoint)
    data = options.data.dataset()
    tell(Retrieval(answers=options.answers, index=options.index), data, say)

    quiet_tensorflow()
    from kit.cluster import is_chief
    from kit.training import shutdown_barrier

    found: list[Candidate] = []
    left_out: dict[str, str] = {}
    for name in options.choice.names:
        minutes = (time.perf_counter() - begin) / 60
        if found and minutes > options.choice.budget:
            left_out[name] = f"the budget of {options.choice.budget:g} minutes was used"
            continue
        say(f"model:     {name}")
        found.append(candidate(name, options, data, folders.report / name, say))
    best = max(found, key=lambda one: one.valid.mean("NDCG@10"))
    checkpoints = [one for each in found for one in each.checkpoints]
    again = None
    if options.answers.refit:
        devices = Devices.chosen(best.options.training, lambda line: None)
        scope, precision = devices.scope, devices.precision
        again, more = refit(
            best.recipe, best.options, best.run, best.recipe.build, scope, precision, say
        )
        checkpoints = [*more, *checkpoints]
    if not is_chief():
        shutdown_barrier(found[-1].run.model.distribute_strategy)
        return None

    valid = best.task.tasks[0]
    print_comparison(valid.protocol, {one.name: one.valid for one in found}, left_out)
    for line in (f"chosen:    {best.name}", *differences(best, found)):
        say(line)
    this = best.run
    this.folder, this.output, this.command = folders.report, folders.output, command_line()
    this.settings |= {f"valid NDCG@10 of {one.name}": one.valid.mean("NDCG@10") for one in found}
    since = time.perf_counter()
    results = best.task.evaluate(this)
    this.seconds["evaluate"] = time.perf_counter() - since
    how = override(best.options, {"sign": options.training.sign})
    return finish(this, best.task, results, best.recipe, checkpoints, say, again, how)


def candidate(name: str, options: AutoOptions, data: Any, folder: Path, say: Any) -> Candidate:
    """Train one model with the defaults of its recipe, and measure it on valid."""
    module, settings = CANDIDATES[name]
    recipe: Recipe = import_module(f"kit.recipes.{module}").RECIPE
    own = recipe.options(data=options.data)
    shared: dict[str, Any] = {
        "epochs": options.choice.epochs,
        "quiet": options.training.quiet,
        **asdict(options.index),
        **asdict(options.answers),
        **settings,
    }
    known = as_values(own)
    own = override(own, {n: x for n, x in shared.items() if n in known}, "kit train auto")
    task = recipe.task(own)
    devices = Devices.chosen(own.training, lambda line: None)
    begin = time.perf_counter()
    this, checkpoints = trained_run(recipe, own, data, task, devices, folder, say, begin)
    return Candidate(name, recipe, own, task, this, checkpoints, task.calibrate(this)[1])


def differences(best: Candidate, found: Sequence[Candidate]) -> list[str]:
    """By how much the chosen model is better on valid than each of the others."""
    from kit.metrics import bootstrap_intervals

    lines = []
    for other in found:
        if other is best or not len(best.valid.per_user["NDCG@10"]):
            continue
        by_user = best.valid.per_user["NDCG@10"] - other.valid.per_user["NDCG@10"]
        low, high = bootstrap_intervals(by_user[:, None])[0]
        lines.append(
            f"           NDCG@10 on valid above that of {other.name} by "
            f"{by_user.mean():.4f} (95 % {low:.4f} to {high:.4f})"
        )
    return lines


RECIPE = Recipe(
    name="auto",
    about="Train several recommenders, and evaluate, export and verify the best one on valid.",
    example="kit train auto --data online-retail --limit 50000 --models linear,two-tower",
    options=AutoOptions,
    rows="users",
    intended_use="",
    limits=[],
    task=lambda options: Retrieval(answers=options.answers, index=options.index),
    build=lambda data, options: None,
    train=lambda model, data, options, precision: None,
    run=run,
)
main = command(RECIPE)

if __name__ == "__main__":
    main()

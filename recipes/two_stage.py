"""Two stages in one export: retrieval finds candidates, a ranking model orders them.

    kit train two-stage --data online-retail
    python recipes/two_stage.py --data interactions.csv --items products.csv

The two-tower model of the other recipe hands its best candidates to a ranking model, which adds to
the retrieval score what it makes of features of the moment: how new an item is, how it sells
lately, how near it is to what the person had and to what others had with it. It learns from the
last fifth of train, whose candidates come from a retrieval model of the rest. Diversity, limits and
boosts choose what is shown. On online-retail it lifts NDCG@10 from .1052 to .1161
(results/two_stage.json has the protocol).
"""

import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kit import pipeline
from kit.cluster import is_chief
from kit.config import (
    AnswerOptions,
    CheckpointOptions,
    DataOptions,
    IndexOptions,
    Options,
    TrainingOptions,
    option,
)
from kit.console import quiet_tensorflow
from kit.pipeline import Devices, Recipe, command
from kit.recipes import two_tower
from kit.tasks import TwoStage

if TYPE_CHECKING:
    from kit.evaluation import CandidateLists
    from kit.models import CandidateRanking
    from kit.training.batches import ListBatches


@dataclass(frozen=True, kw_only=True)
class StageOptions(Options):
    """The second stage."""

    candidates: int = option(200, "Items that retrieval hands on to ranking.", min=2)
    diversity: float = option(
        0.0,
        "Diversity of exported lists, when a request says nothing else: 0 orders by score alone, "
        "more spreads items that are alike.",
        min=0,
        max=1,
    )
    category_column: str | None = option(
        None,
        "Column of --items of which a request may limit each value (at_most).",
        metavar="NAME",
    )
    features: bool = option(True, "Use features.")


@dataclass(frozen=True, kw_only=True)
class TwoStageOptions:
    """Everything that can be set."""

    data: DataOptions
    model: StageOptions = StageOptions()
    training: TrainingOptions = TrainingOptions()
    checkpoint: CheckpointOptions = CheckpointOptions()
    index: IndexOptions = IndexOptions()
    answers: AnswerOptions = AnswerOptions()

    def retrieval(self) -> two_tower.TwoTowerOptions:
        """The same for the first stage."""
        return two_tower.TwoTowerOptions(
            data=self.data,
            model=two_tower.LossOptions(features=self.model.features),
            training=self.training,
            checkpoint=self.checkpoint,
            answers=self.answers,
        )


def check(options: TwoStageOptions) -> None:
    """Options that contradict each other."""
    top, candidates = options.answers.top, options.model.candidates
    if top > candidates:
        raise click.UsageError(f"--top {top} is longer than the list of --candidates {candidates}.")


def run(recipe: Recipe, options: TwoStageOptions) -> Path | None:
    """Train retrieval and ranking, evaluate their lists, export both as one model and verify it."""
    begin = time.perf_counter()
    recipe.check(options)
    training, checkpoint, stages = options.training, options.checkpoint, options.retrieval()
    folders, say = pipeline.start(recipe, training, checkpoint)
    data = options.data.dataset()
    from kit.data import split_train_by_time

    # The ranking model learns from later interactions, with candidates chosen without them.
    earlier = split_train_by_time(data, seed=options.data.seed)
    task = recipe.task(options)
    pipeline.tell(task, data, say)

    quiet_tensorflow()
    from kit import evaluation
    from kit.training import fit, shutdown_barrier

    devices = Devices.chosen(training, say)
    run, kept = pipeline.trained_run(
        recipe, stages, data, task, devices, folders.report, say, begin
    )
    run.output = folders.output
    run.settings |= asdict(options.model)
    # The same settings for the earlier part.
    how = (recipe.build, devices.scope, devices.precision)
    early, more = pipeline.trained_again(recipe, stages, run, earlier, "early", *how)
    kept = [*kept, *more]
    again = None
    if options.answers.refit:
        again, more = pipeline.refit(recipe, stages, run, *how, say)
        kept += more
    if not is_chief():
        shutdown_barrier(run.model.distribute_strategy)
        return None
    run.seconds["train retrieval"] = run.seconds.pop("train")
    run.seconds["train retrieval on the earlier part"] = early.seconds["train"]
    task.choose_trend(run)

    # Ranking: later interactions among the candidates that would have been shown.
    later = task.later_lists(run, earlier, early.model)
    ranking, ranking_batches = second_stage(later, options.data.seed)
    valid_lists = task.lists(run)
    settings = {**run.settings, **run.built.content, "stage": "ranking"}
    kept.append(checkpoint.of_run(folders.report, settings, "ranking"))
    ranked = fit(
        ranking,
        ranking_batches,
        measure=lambda: task.measure(valid_lists, ranking),
        epochs=training.epochs,
        quiet=training.quiet,
        checkpoints=kept[-1],
    )
    weight = evaluation.choose_weight(task.tasks[0], valid_lists, ranking)
    run.seconds["train ranking"], run.history = ranked.seconds, ranked.history
    say(
        f"train:     ranking {ranked.seconds:.0f} s on {len(later.items):,} lists of "
        f"{task.candidates}, best valid NDCG@10 {ranked.best:.4f}, weight {weight:g}"
    )
    task.ranking = ranking
    run.settings |= {"ranking_weight": weight, "ranking_lists": len(later.items)}

    begin = time.perf_counter()
    results = task.evaluate(run)
    run.seconds["evaluate"] = time.perf_counter() - begin
    if again is not None:
        results = task.with_retrieval(again, results)
    return pipeline.finish(run, task, results, recipe, kept, say, again, options)


def second_stage(lists: "CandidateLists", seed: int) -> tuple["CandidateRanking", "ListBatches"]:
    """The compiled second stage and the lists it learns from."""
    import keras

    from kit.losses import ListwiseSoftmax
    from kit.models import CandidateRanking
    from kit.optimizers import LazyAdamW
    from kit.training.batches import ListBatches

    keras.utils.set_random_seed(seed)
    model = CandidateRanking(list(lists.features))
    model.set_numbers(lists.features)
    model.compile(LazyAdamW(1e-3, weight_decay=0.01), loss=ListwiseSoftmax(), jit_compile=False)
    size = min(64, len(lists.items))
    return model, ListBatches(lists.features, lists.taken, batch_size=size, seed=seed)


def task(options: TwoStageOptions) -> TwoStage:
    """Both stages, as they are exported."""
    stages = {name: x for name, x in asdict(options.model).items() if name != "features"}
    return TwoStage(answers=options.answers, index=options.index, **stages)


RECIPE = Recipe(
    name="two-stage",
    about="Train retrieval and ranking, evaluate their lists, export both as one model and "
    "verify it.",
    example="kit train two-stage --data online-retail --limit 50000 --epochs 20",
    options=TwoStageOptions,
    rows="users",
    intended_use="The list to show: the next items of a user, ordered, under rules of the request.",
    limits=[
        "Scores order the items for one user; they are not probabilities and do not compare users.",
        "The second stage knows what is new and what sells at the time of training: retrain it.",
        "Boosts and limits choose among the candidates; they add no item that retrieval left out.",
        "Unknown items are ignored; an unknown user without a history gets the popular items.",
    ],
    task=task,
    check=check,
    build=two_tower.build,
    train=two_tower.train,
    chosen=two_tower.RECIPE.chosen,
    run=run,
)
main = command(RECIPE)

if __name__ == "__main__":
    main()

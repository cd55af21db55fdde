"""Training in stages, each with its own checkpoints."""

import math
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from kit.config import CheckpointOptions, RunOptions
from kit.tasks._task import Run, Task

if TYPE_CHECKING:
    from kit.training import Checkpoints, Training


def fit_stages(
    run: Run,
    task: Task | None,
    training: RunOptions,
    checkpoint: CheckpointOptions,
    scope: Callable[[], AbstractContextManager[None]],
) -> tuple["Training", list["Checkpoints"]]:
    """Train the model in its stages, each with its own checkpoints.

    Args:
        run: what is trained; without a folder there are neither checkpoints nor logs.
        task: measures it; None measures nothing, and the last weights stay.
        training: how to train.
        checkpoint: whether to resume from a checkpoint, and when to write one.
        scope: within it a stage compiles the model.

    Returns:
        All trainings as one, its rates those of the last one that took steps; and the checkpoints.
    """
    from kit.training import fit

    measure: Callable[[], float] | None = None
    if task is not None:
        run.metric, measure = task.validation(run)
    settings = {**run.settings, **run.built.content}
    trained, kept = [], []
    for stage in run.built.stages:
        if stage.solve is not None:
            trained.append(solved(run, stage.solve, measure))
            run.epochs.append(None)
            continue
        batches, steps, measured = run.built.batches, stage.steps, measure
        if stage.batches is not None:
            batches, measured = stage.batches, None
            before = run.epochs[-1]
            assert before is not None
            steps = max(1, round(before * batches.steps_per_epoch))
        assert batches is not None
        if stage.begin is not None:
            with scope():
                stage.begin()
        patience: dict[str, Any] = {} if stage.patience is None else {"patience": stage.patience}
        logs: dict[str, Any] = {}
        if run.folder is not None:
            kept.append(checkpoint.of_run(run.folder, settings, stage.name))
            logs["checkpoints"] = kept[-1]
            logs["tensorboard"] = run.folder / "tensorboard" / stage.name
        fitted = fit(
            run.model,
            batches,
            measure=measured,
            metric=run.metric,
            epochs=stage.epochs,
            steps=steps,
            measure_start=stage.measure_start,
            quiet=training.quiet,
            **logs,
            **patience,
        )
        trained.append(fitted)
        run.epochs.append(best_epoch(fitted.history, run.metric))
        earlier = run.history[-1]["epoch"] if run.history else 0
        run.history += [{**row, "epoch": row["epoch"] + earlier} for row in fitted.history]
    run.seconds["train"] = sum(fitted.seconds for fitted in trained)
    last = next((one for one in reversed(trained) if one.examples_per_second), trained[-1])
    best = next((one.best for one in reversed(trained) if not math.isnan(one.best)), math.nan)
    whole = replace(last, best=best, history=run.history, seconds=run.seconds["train"])
    return whole, kept


def solved(
    run: Run, solve: Callable[[], Mapping[str, Any]], measure: Callable[[], float] | None
) -> "Training":
    """Fit a model in closed form; the settings that are chosen become those of the run."""
    from kit.training import Training

    begin = time.perf_counter()
    run.settings |= solve()
    best, seconds = measure() if measure else math.nan, time.perf_counter() - begin
    history = [{"epoch": 1.0, "seconds": seconds, run.metric: best}]
    # After a training the solution is no further epoch of it.
    run.history = run.history or history
    return Training(
        history=history,
        best=best,
        seconds=seconds,
        examples_per_second=0,
        waiting=0,
        resumed_step=0,
    )


def best_epoch(history: Sequence[Mapping[str, float]], metric: str) -> float:
    """Epochs after which the metric was best; all of them if it was never measured.

    Example:

    >>> best_epoch([{"epoch": 1.5, "NDCG": 0.1}, {"epoch": 3.0, "NDCG": 0.3}], "NDCG")
    3.0
    """
    measured = [row for row in history if not math.isnan(row.get(metric, math.nan))]
    row = max(measured, key=lambda row: row[metric]) if measured else history[-1]
    return row["epoch"]


def train_line(run: Run, task: Task, trained: "Training") -> str:
    """How the training went."""
    if run.built.batches is None:
        return f"train:     {trained.seconds:.0f} s, {run.metric} {trained.best:.4f}"
    rate = trained.examples_per_second
    digits = 0 if rate >= 10 else 1
    resumed = f", resumed from step {trained.resumed_step:,}" if trained.resumed_step else ""
    return (
        f"train:     {run.seconds['train']:.0f} s, {rate:,.{digits}f} {task.unit}/s "
        f"({trained.waiting:.0%} of it waiting for data), best {run.metric} "
        f"{trained.best:.4f}{resumed}"
    )

"""Training: Keras `fit` on an endless stream, with early stopping on a validation metric."""

import math
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import keras

from kit.cluster import is_chief
from kit.progress import shown, stage
from kit.training._callbacks import EvaluateEMA, Progress, StopOnNaN, TensorBoardScalars, Validation
from kit.training._checkpoint import Checkpoints, GracefulStop, Saver
from kit.training._distribution import is_asynchronous, peers_may_be_lost
from kit.training._history import History, VirtualEpochs
from kit.training._keras_distributed import steps_taken_by
from kit.training._model_state import build_metrics
from kit.training._parameter_server import AsynchronousSteps
from kit.training.batches import Batches, InputWaitTimer, distributed

FEWEST_STEPS = 40
# What begins close to its best passes it in fewer.
FEWEST_STEPS_OF_TRAINED = 20
MOST_STEPS = 500
PATIENCE = 8
MOST_STEPS_BY_DEFAULT = 20_000


@dataclass(frozen=True)
class Training:
    """The result of training besides the weights.

    Args:
        history: a row for every measurement: epoch (epochs), seconds,
            examples_per_second, waiting, loss and the metric.
        best: the metric of the restored weights.
        seconds: wall time, measurements included, of this run and the runs it resumed.
        examples_per_second: rate of the training steps alone.
        waiting: share of the steps' time spent waiting for batches.
        resumed_step: steps of earlier runs; 0 if training did not resume.
    """

    history: list[dict[str, float]]
    best: float
    seconds: float
    examples_per_second: float
    waiting: float
    resumed_step: int


def fit(
    model: keras.Model,
    batches: Batches,
    *,
    measure: Callable[[], float] | None,
    metric: str = "valid NDCG@10",
    epochs: int | None = None,
    steps: int | None = None,
    quiet: bool = False,
    tensorboard: Path | None = None,
    checkpoints: Checkpoints | None = None,
    patience: int = PATIENCE,
    measure_start: bool = False,
    callbacks: Sequence[keras.callbacks.Callback] = (),
) -> Training:
    """Train a compiled model until the metric plateaus.

    An epoch takes moments on small data and minutes on large; the metric is therefore measured
    every 40 to 500 steps, after one epoch if that lies between. Training stops after `patience`
    measurements without a gain, and the best weights are restored. If the optimizer keeps moving
    averages of the weights, these are measured and restored.

    With checkpoints, training that was killed resumes from the last one, and every later loss is
    identical to the bit. In a cluster the chief measures and writes; all processes end with the
    same weights.

    Args:
        model: compiled, in the scope of its strategy.
        batches: the stream.
        measure: returns the metric of the model in its current state; larger is better. None:
            nothing is measured, all epochs are trained and the last weights stay.
        metric: its name.
        epochs: maximum epochs; None stops after 20,000 steps at the latest.
        steps: number of steps instead, rounded up to rounds of the same length.
        quiet: show no progress.
        tensorboard: folder for TensorBoard logs.
        checkpoints: where to save the state of training; None saves none.
        patience: measurements without a gain before training stops.
        measure_start: whether to measure the initial weights, too, and keep them if they are best;
            the metric is measured from every 20 steps on then.
        callbacks: further ones; their epochs are the rounds between two measurements.

    Returns:
        The history and the rate.

    Raises:
        UserError: the loss is nan or infinite, the logs or a checkpoint cannot be written, or the
            newest checkpoint belongs to another training.
        Interrupted: SIGINT or SIGTERM; the state was saved.
        PeerLost: another process of the cluster ended.
    """
    most = epochs or max(1, MOST_STEPS_BY_DEFAULT // batches.steps_per_epoch)
    total = steps or most * batches.steps_per_epoch
    fewest = FEWEST_STEPS_OF_TRAINED if measure_start else FEWEST_STEPS
    round_steps = min(max(batches.steps_per_epoch, fewest), MOST_STEPS, total)
    number = -(-total // round_steps)
    if steps is not None:
        round_steps = -(-total // number)
    total = number * round_steps

    ready = InputWaitTimer()
    validation = (
        Validation(lambda: math.nan, name=metric, patience=total)
        if measure is None
        else Validation(measure, name=metric, patience=patience, at_start=measure_start)
    )
    history = History(batches, round_steps, ready)
    watchers: list[keras.callbacks.Callback] = [StopOnNaN(), validation, history, *callbacks]
    if EvaluateEMA.are_kept(model):
        watchers.insert(0, EvaluateEMA())
    with ExitStack() as open_until_the_end:
        open_until_the_end.enter_context(peers_may_be_lost(model.distribute_strategy))
        if is_chief() and tensorboard is not None:
            watchers.append(TensorBoardScalars(tensorboard))
        if is_chief() and not quiet:
            open_until_the_end.enter_context(shown())
            progress = Progress(
                open_until_the_end.enter_context(stage("train")),
                steps_per_epoch=batches.steps_per_epoch,
                total=total,
                steps=round_steps,
                is_chosen=epochs is not None,
                history=history,
                validation=validation,
            )
            watchers.append(progress)
        workers = None
        if is_asynchronous(model.distribute_strategy):
            workers = AsynchronousSteps(model)
            watchers.insert(0, workers)
        saver, start_step, ended = None, 0, False
        if checkpoints is not None:
            with model.distribute_strategy.scope():
                model.optimizer.build(model.trainable_variables)
            interruption = open_until_the_end.enter_context(GracefulStop())
            saver = Saver(
                checkpoints, model, history, validation, batches.content, interruption, workers
            )
            open_until_the_end.callback(saver.close)
            start_step, ended = saver.restore()
            if (
                start_step
                and workers is None
                and model.distribute_strategy.num_replicas_in_sync == 1
            ):
                build_metrics(model, next(iter(batches.stream(start_step))))
        saving = () if saver is None else (saver.restore_metrics, saver.after_step)
        rounds = VirtualEpochs(watchers, round_steps, start_step, *saving)
        if start_step < total and not ended:
            stream = distributed(batches, model.distribute_strategy, start_step, ready)
            if workers is not None:
                open_until_the_end.enter_context(steps_taken_by(model, workers.take))
            model.fit(
                stream,
                steps_per_epoch=total - start_step,
                verbose=0,
                shuffle=False,
                callbacks=[rounds],
            )
        else:
            rounds.set_model(model)
            rounds.on_train_begin()
            rounds.on_train_end()
        if saver is not None:
            saver.finish(rounds.steps_done)
    return Training(
        history=history.rows,
        best=validation.best,
        seconds=history.seconds,
        examples_per_second=history.rate,
        waiting=history.waiting,
        resumed_step=start_step,
    )

"""Callbacks of Keras `fit`: validation, moving averages, divergence, TensorBoard, progress."""

from collections.abc import Callable, Sequence
from math import isfinite, isnan
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from kit.cluster import is_chief
from kit.errors import UserError
from kit.progress import Detail, Stage, duration
from kit.training._distribution import from_chief
from kit.training._history import History
from kit.training._model_state import assign, copies


class Validation(keras.callbacks.Callback):
    """Measure after every epoch, stop after `patience` epochs without a gain, restore the best.

    `keras.callbacks.EarlyStopping` monitors what Keras itself computes on a validation set, which
    a full ranking is not. The metric is added to the epoch's logs, so later callbacks see it. If
    it is nan, training stops after `patience` epochs with the current weights, and `best` is nan.
    In a cluster the chief measures for all processes.

    Args:
        measure: returns the metric of the model in its current state; larger is better.
        name: key in the logs.
        patience: epochs without a gain before training stops.
        at_start: whether the weights before the first epoch are measured, too.
    """

    def __init__(
        self, measure: Callable[[], float], *, name: str, patience: int, at_start: bool = False
    ) -> None:
        super().__init__()
        self.at_start = at_start
        self.measure, self.name, self.patience = measure, name, patience
        self.best = float("nan")
        self.best_epoch = -1
        self.stopped = False
        self.best_weights: Sequence[tf.Tensor] = []

    def on_train_begin(self, logs: dict[str, float] | None = None) -> None:
        # A training that resumed has measured them.
        if self.at_start and isnan(self.best):
            self.best, self.best_weights = self._measured(), copies(self.model.weights)

    def _measured(self) -> float:
        measured = np.array(self.measure() if is_chief() else 0.0)
        return float(from_chief(self.model.distribute_strategy, measured))

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        value = self._measured()
        if logs is not None:
            logs[self.name] = value
        if value > self.best or (isnan(self.best) and not isnan(value)):
            self.best, self.best_epoch = value, epoch
            self.best_weights = []  # So that large tables are in memory once, not twice.
            self.best_weights = copies(self.model.weights)
        elif epoch - self.best_epoch >= self.patience:
            self.stopped = self.model.stop_training = True

    def on_train_end(self, logs: dict[str, float] | None = None) -> None:
        if self.best_weights:
            assign(self.model.weights, self.best_weights)

    def state(self) -> dict[str, Any]:
        """The state of early stopping, without the best weights."""
        return {"best": self.best, "best_epoch": self.best_epoch, "stopped": self.stopped}

    def load_state(self, state: dict[str, Any], best_weights: Sequence[tf.Tensor]) -> None:
        """Restore `state` and `best_weights` of an earlier run."""
        self.best, self.best_epoch = state["best"], state["best_epoch"]
        self.stopped, self.best_weights = state["stopped"], best_weights


class EvaluateEMA(keras.callbacks.Callback):
    """Swap the optimizer's moving averages into the model at the end of each round of training.

    Place it before the callback that measures, which then measures and keeps the averages;
    training continues from the weights. The averages are variables of the optimizer, so they are
    in checkpoints.

    Source: Polyak and Juditsky (1992), Acceleration of stochastic approximation by averaging.
    """

    def __init__(self) -> None:
        super().__init__()
        self._are_in_place = False

    @staticmethod
    def are_kept(model: keras.Model) -> bool:
        """Whether the optimizer of a compiled model keeps averages."""
        return bool(getattr(_optimizer(model), "use_ema", False))

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        if self._are_in_place:
            self._exchange()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self._exchange()

    def _exchange(self) -> None:
        averages = _optimizer(self.model)._model_variables_moving_average
        for weight, average in zip(self.model.trainable_variables, averages, strict=True):
            value = keras.ops.copy(weight.value)
            weight.assign(average.value)
            average.assign(value)
        self._are_in_place = not self._are_in_place


def _optimizer(model: keras.Model) -> Any:
    # A loss scale wraps the optimizer that keeps the averages.
    return getattr(model.optimizer, "inner_optimizer", model.optimizer)


class StopOnNaN(keras.callbacks.Callback):
    """Stop training with an error after an epoch whose loss is nan or infinite.

    `keras.callbacks.TerminateOnNaN` stops it silently, as if it had succeeded.

    Raises:
        UserError: at the end of that epoch.
    """

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        loss = (logs or {}).get("loss", 0.0)
        if not isfinite(loss):
            raise UserError(
                f"Training diverged: the loss is {loss:g}.",
                expected="a loss that falls",
                remedy="Give a smaller --learning-rate, or a larger --temperature if you set one.",
            )


class TensorBoardScalars(keras.callbacks.Callback):
    """Write the logs of every Keras epoch as TensorBoard scalars.

    `keras.callbacks.TensorBoard` also writes the graph and profiles, which takes longer than a
    short training itself.

    Args:
        folder: where the event file goes.

    Raises:
        UserError: the folder cannot be written.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__()
        try:
            folder.mkdir(parents=True, exist_ok=True)
            # TensorBoard would plot an earlier run's events together with these.
            for earlier in folder.glob("events.out.tfevents.*"):
                earlier.unlink()
            self._writer = tf.summary.create_file_writer(str(folder))
        except (OSError, tf.errors.OpError) as error:
            raise UserError(
                f"Training logs cannot be written: {error}.",
                where=str(folder),
                expected="a folder you may write to",
                remedy="Name another: --report FOLDER",
            ) from error

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        with self._writer.as_default(step=epoch + 1):
            for name, value in (logs or {}).items():
                tf.summary.scalar(name.replace(" ", "/"), value)

    def on_train_end(self, logs: dict[str, float] | None = None) -> None:
        self._writer.close()


class Progress(keras.callbacks.Callback):
    """Show epoch, metric, patience, rate and remaining time of training in its progress stage.

    If early stopping may end training, the remaining time is only a bound: an upper one if the user
    chose the number of epochs, else a lower one. Place it after `History`.

    Args:
        stage: the progress stage of training.
        steps_per_epoch: steps of one epoch.
        total: maximum steps.
        steps: steps between two measurements.
        is_chosen: whether the user chose the number of epochs.
        history: provides the latest row.
        validation: measures, and stops training early.
    """

    def __init__(
        self,
        stage: Stage,
        *,
        steps_per_epoch: int,
        total: int,
        steps: int,
        is_chosen: bool,
        history: History,
        validation: Validation,
    ) -> None:
        super().__init__()
        self._stage, self._history, self._validation = stage, history, validation
        self._steps_per_pass, self._total, self._steps = steps_per_epoch, total, steps
        self._is_chosen = is_chosen
        self._done = self._first = 0
        stage.details = self.details

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        if not self._done:
            self._done = self._first = epoch * self._steps

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self._done = batch + 1

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self._stage.report()

    def details(self) -> Sequence[Detail]:
        """The parts of the line, for `kit.progress`."""
        digits = 1 if self._steps_per_pass >= 10 else 0
        epoch = f"epoch {self._done / self._steps_per_pass:,.{digits}f}"
        if self._is_chosen or not self._may_stop_early:
            epoch += f" of {self._total / self._steps_per_pass:,.0f}"
        rows, watched = self._history.rows, self._validation
        found: list[Detail] = [(0, epoch)]
        if rows:
            value = rows[-1].get(watched.name, float("nan"))
            if not isnan(value):
                found.append((1, f"{watched.name} {value:.4f}"))
                found.append((4, f"best {watched.best:.4f}"))
            if self._may_stop_early:
                found.append((2, f"patience {self._without_gain}/{watched.patience}"))
            found.append((5, f"{rows[-1]['examples_per_second']:,.0f} examples/s"))
        return [*found, (3, self._time_left())]

    @property
    def _may_stop_early(self) -> bool:
        return self._validation.patience * self._steps < self._total

    @property
    def _without_gain(self) -> int:
        return len(self._history.rows) - 1 - self._validation.best_epoch

    def _time_left(self) -> str:
        if self._done == self._first or not self._history.rows:
            return ""
        step = self._stage.seconds / (self._done - self._first)
        most = (self._total - self._done) * step
        if not self._may_stop_early:
            return f"{duration(most)} left"
        if self._is_chosen:
            return f"at most {duration(most)} left"
        measurements = self._validation.patience - self._without_gain
        return f"at least {duration(min(most, measurements * self._steps * step))} left"

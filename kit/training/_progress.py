"""How far training is, in words."""

from collections.abc import Sequence
from math import isnan
from typing import Any

import keras

from kit.progress import Detail, Stage, duration
from kit.training._history import History
from kit.training._validation import Validation


class Progress(keras.callbacks.Callback):
    """Tell a stage the epoch, the metric, how patient training still is, the rate and time left.

    Where early stopping may end training, the time left is no more than a bound: from above where
    the number of epochs was chosen, from below where it was not. Put it behind `History`.

    Args:
        stage: of training.
        steps_per_epoch: steps of one epoch.
        total: steps at the most.
        steps: steps between two measurements.
        is_chosen: whether somebody chose the number of epochs.
        history: where the latest row is read from.
        validation: measures, and ends training.
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
        """The words of the line, for `kit.progress`."""
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

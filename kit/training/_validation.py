"""Stop when the validation metric stops rising; keep the best weights."""

from collections.abc import Callable
from math import isnan
from typing import Any

import keras


class Validation(keras.callbacks.Callback):
    """Measure after every epoch, stop after `patience` epochs without a rise, restore the best.

    `keras.callbacks.EarlyStopping` watches what Keras itself computes on a validation set; a full
    ranking is not of that kind. The measure is added to the epoch's logs, so callbacks behind this
    one see it. Where there is nothing to measure by (nan), training stops after `patience` epochs
    with the weights it has, and `best` is nan.

    Args:
        measure: returns the metric of the model as it stands; larger is better.
        name: key in the logs.
        patience: epochs without a rise before training stops.
    """

    def __init__(self, measure: Callable[[], float], *, name: str, patience: int) -> None:
        super().__init__()
        self.measure, self.name, self.patience = measure, name, patience
        self.best = float("nan")
        self.best_epoch = -1
        self._best_weights: list[Any] | None = None

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        value = self.measure()
        if logs is not None:
            logs[self.name] = value
        if value > self.best or (isnan(self.best) and not isnan(value)):
            self.best, self.best_epoch = value, epoch
            self._best_weights = None  # Large tables are held once, not twice.
            self._best_weights = self.model.get_weights()
        elif epoch - self.best_epoch >= self.patience:
            self.model.stop_training = True

    def on_train_end(self, logs: dict[str, float] | None = None) -> None:
        if self._best_weights is not None:
            self.model.set_weights(self._best_weights)
            self._best_weights = None

"""Stop when the validation metric stops rising; keep the best weights."""

from collections.abc import Callable, Sequence
from math import isnan
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from kit.cluster import is_chief
from kit.training._model_state import assign, copies
from kit.training._peers import from_chief


class Validation(keras.callbacks.Callback):
    """Measure after every epoch, stop after `patience` epochs without a rise, restore the best.

    `keras.callbacks.EarlyStopping` watches what Keras itself computes on a validation set; a full
    ranking is not of that kind. The measure is added to the epoch's logs, so callbacks behind this
    one see it. Where there is nothing to measure by (nan), training stops after `patience` epochs
    with the weights it has, and `best` is nan. Of several processes the chief measures for all.

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
        self.stopped = False
        self.best_weights: Sequence[tf.Tensor] = []

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        measured = np.array(self.measure() if is_chief() else 0.0)
        value = float(from_chief(self.model.distribute_strategy, measured))
        if logs is not None:
            logs[self.name] = value
        if value > self.best or (isnan(self.best) and not isnan(value)):
            self.best, self.best_epoch = value, epoch
            self.best_weights = []  # Large tables are held once, not twice.
            self.best_weights = copies(self.model.weights)
        elif epoch - self.best_epoch >= self.patience:
            self.stopped = self.model.stop_training = True

    def on_train_end(self, logs: dict[str, float] | None = None) -> None:
        if self.best_weights:
            assign(self.model.weights, self.best_weights)

    def state(self) -> dict[str, Any]:
        """What decides when training stops, beside the best weights."""
        return {"best": self.best, "best_epoch": self.best_epoch, "stopped": self.stopped}

    def load_state(self, state: dict[str, Any], best_weights: Sequence[tf.Tensor]) -> None:
        """Take over what an earlier run's `state` and `best_weights` were."""
        self.best, self.best_epoch = state["best"], state["best_epoch"]
        self.stopped, self.best_weights = state["stopped"], best_weights

"""Measure the moving averages of the weights in place of the weights."""

from typing import Any

import keras


class EvaluateEMA(keras.callbacks.Callback):
    """Between two rounds of training the averages that the optimizer keeps stand in the model.

    Stand before the callback that measures: it then measures, and keeps, the averages, and training
    goes on from the weights. The averages are variables of the optimizer, so checkpoints have them.

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
    # A loss scale stands around the optimizer that keeps the averages.
    return getattr(model.optimizer, "inner_optimizer", model.optimizer)

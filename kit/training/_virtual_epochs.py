"""What other callbacks do at the end of an epoch, every so many steps of one long Keras epoch."""

from collections.abc import Callable, Sequence
from typing import Any

import keras


class VirtualEpochs(keras.callbacks.Callback):
    """Divide training into rounds, each an epoch to the callbacks it calls.

    Keras can begin an epoch only at its beginning. Here Keras sees a single epoch, as long as what
    is left of training, so that training can go on from any step of a round.

    Args:
        callbacks: called in this order, with the numbers of round and step since training began.
        steps: steps of a round.
        start_step: steps that earlier runs did.
        begun: called when everything is ready for the first step.
        after_step: called with the number of steps done when all that belongs to one is done.
    """

    def __init__(
        self,
        callbacks: Sequence[keras.callbacks.Callback],
        steps: int,
        start_step: int,
        begun: Callable[[], None] = lambda: None,
        after_step: Callable[[int], None] = lambda step: None,
    ) -> None:
        super().__init__()
        self._callbacks, self._steps, self._first_step = callbacks, steps, start_step
        self._begun, self._after_step = begun, after_step
        self.steps_done = start_step

    def set_model(self, model: keras.Model) -> None:
        super().set_model(model)
        for callback in self._callbacks:
            callback.set_model(model)

    def on_train_begin(self, logs: Any = None) -> None:
        self._call("on_train_begin")

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self._begun()
        self._call("on_epoch_begin", self._first_step // self._steps)

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        self._call("on_train_batch_begin", self._first_step + batch)

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        step = self._first_step + batch
        self._call("on_train_batch_end", step, logs)
        round_, left = divmod(step + 1, self._steps)
        if not left:
            self._call("on_epoch_end", round_ - 1, dict(logs or {}))
            self.model.reset_metrics()
            self._call("on_epoch_begin", round_)
        self.steps_done = step + 1
        self._after_step(self.steps_done)

    def on_train_end(self, logs: Any = None) -> None:
        self._call("on_train_end", logs)

    def _call(self, hook: str, *args: Any) -> None:
        for callback in self._callbacks:
            getattr(callback, hook)(*args)

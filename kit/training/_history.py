"""The history of training, and rounds shorter or longer than an epoch."""

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import keras

from kit.training.batches import Batches, InputWaitTimer


@dataclass
class _Steps:
    """Number of steps, their duration in seconds, and the seconds spent waiting for batches."""

    number: int = 0
    seconds: float = 0.0
    waited: float = 0.0

    def add(self, number: int, seconds: float, waited: float) -> None:
        self.number += number
        self.seconds += seconds
        self.waited += waited

    @property
    def rate(self) -> float:
        return self.number / self.seconds if self.number else 0.0

    @property
    def waiting(self) -> float:
        return self.waited / self.seconds if self.number else 0.0


class History(keras.callbacks.Callback):
    """Collect a row after every round; place it after the callbacks that add to the logs.

    A row has "epoch" (epochs so far, possibly fractional), "seconds" since the start,
    "examples_per_second" of the training steps alone, "waiting" (share of that time spent waiting
    for batches), and the logs.

    Args:
        batches: the training stream.
        steps: steps of a round.
        ready: when each batch was ready.
    """

    def __init__(self, batches: Batches, steps: int, ready: InputWaitTimer) -> None:
        super().__init__()
        self.rows: list[dict[str, float]] = []
        self._passes = steps / batches.steps_per_epoch
        self._examples_per_step = batches.examples_per_epoch / batches.steps_per_epoch
        self._ready = ready
        self._before = 0.0
        self._all, self._round = _Steps(), _Steps()

    def on_train_begin(self, logs: Any = None) -> None:
        self._begin = time.perf_counter()

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self._last_step = time.perf_counter()

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        self._asked = time.perf_counter()

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        now = time.perf_counter()
        step = (1, now - self._last_step, self._ready.waited(batch, self._asked))
        self._all.add(*step)
        self._round.add(*step)
        self._last_step = now

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        self.rows.append(
            {
                "epoch": (epoch + 1) * self._passes,
                "seconds": self.seconds,
                "examples_per_second": self._round.rate * self._examples_per_step,
                "waiting": self._round.waiting,
                **(logs or {}),
            }
        )
        self._round = _Steps()

    @property
    def seconds(self) -> float:
        """Time since training began, with that of the runs it resumed."""
        return self._before + time.perf_counter() - self._begin

    @property
    def rate(self) -> float:
        """Interactions a second, over all training steps."""
        return self._all.rate * self._examples_per_step

    @property
    def waiting(self) -> float:
        """Share of the time of all training steps spent waiting for batches."""
        return self._all.waiting

    def state(self) -> dict[str, Any]:
        """The rows, and the state that the next row and the totals need."""
        steps = {"all": asdict(self._all), "round": asdict(self._round)}
        return {"rows": list(self.rows), "seconds": self.seconds, **steps}

    def load_state(self, state: dict[str, Any]) -> None:
        """Restore the `state` of an earlier run."""
        self.rows = list(state["rows"])
        self._before = state["seconds"]
        self._all, self._round = _Steps(**state["all"]), _Steps(**state["round"])


class VirtualEpochs(keras.callbacks.Callback):
    """Divide training into rounds, each an epoch to the callbacks it calls.

    Keras cannot start in the middle of an epoch. Here Keras sees a single epoch of all remaining
    steps, so that training can resume at any step of a round.

    Args:
        callbacks: called in this order, with the numbers of round and step since training began.
        steps: steps of a round.
        start_step: steps of earlier runs.
        begun: called when everything is ready for the first step.
        after_step: called after each step, last, with the number of steps done.
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

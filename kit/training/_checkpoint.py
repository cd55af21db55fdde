"""Save training and resume it bit by bit; stop gracefully on a signal."""

import json
import signal
import sys
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any, Self

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from kit.cluster import is_chief
from kit.errors import Interrupted, UserError
from kit.training._callbacks import Validation
from kit.training._checkpoint_folder import Checkpoint, CheckpointFolder
from kit.training._distribution import from_chief, has_peers, summed
from kit.training._history import History
from kit.training._model_state import metric_variables, model_state, restore, state_variables
from kit.training._parameter_server import AsynchronousSteps


@dataclass(frozen=True)
class Checkpoints:
    """Where and when checkpoints are saved, and the settings they belong to.

    Args:
        folder: used by this training only.
        settings: values that must be equal to resume from a checkpoint, by name; JSON types.
        every_steps: steps between checkpoints, or None.
        every_seconds: seconds between checkpoints, or None.
        keep: number of checkpoints to keep.
        resume: True: resume from the newest checkpoint, which must exist; False: start over; None:
            resume if there is one.
    """

    folder: Path
    settings: Mapping[str, Any]
    every_steps: int | None = None
    every_seconds: float | None = 60.0
    keep: int = 3
    resume: bool | None = None

    def clear(self) -> None:
        """Remove the checkpoints, once the trained model is saved."""
        CheckpointFolder(self.folder, self.keep).remove()


class GracefulStop:
    """Context in which the first SIGINT or SIGTERM only sets a flag; the second one exits.

    Example:

    >>> with GracefulStop() as interruption:
    ...     signal.raise_signal(signal.SIGTERM)
    ...     interruption.asked
    True
    """

    def __init__(self) -> None:
        self.asked = False
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Self:
        # Python sets signal handlers in the main thread only.
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                self._before[number] = signal.signal(number, self._ask)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _ask(self, number: int, frame: FrameType | None) -> None:
        if self.asked:
            raise KeyboardInterrupt
        self.asked = True
        print("\nStopping after this step; once more to stop at once.", file=sys.stderr)


BEST = "best/"
SHAPE = "shape of "
# Several processes save together, so they have to agree on the moment; they sync this often.
STEPS_BETWEEN_VOTES = 10


class Saver:
    """Saves and restores everything that later losses depend on.

    Every process of a training has one, and all call it at the same steps. A save copies the
    variables between two steps; the chief writes the copy in a background thread.

    Args:
        checkpoints: where and when to save.
        model: built, with a built optimizer.
        history: whose rows are part of the state.
        validation: whose best weights are part of the state.
        content: counts and digests that identify the data.
        interruption: requests a last save.
        workers: of asynchronous training, or None; a save waits for their steps.

    Raises:
        UserError: the folder cannot be used.
    """

    def __init__(
        self,
        checkpoints: Checkpoints,
        model: keras.Model,
        history: History,
        validation: Validation,
        content: Mapping[str, Any],
        interruption: GracefulStop,
        workers: AsynchronousSteps | None = None,
    ) -> None:
        self._checkpoints, self._model = checkpoints, model
        self._history, self._validation = history, validation
        self._strategy = model.distribute_strategy
        self._interruption, self._workers = interruption, workers
        settings = {
            **checkpoints.settings,
            "replicas": self._strategy.num_replicas_in_sync,
            **{f"data: {name}": value for name, value in content.items()},
            **{f"{SHAPE}{n}": list(v.shape) for n, v in state_variables(model).items()},
        }
        self._settings = json.loads(json.dumps(settings))
        self._folder = (
            CheckpointFolder(checkpoints.folder, checkpoints.keep) if is_chief() else None
        )
        self._votes_every = 1
        if has_peers(self._strategy):
            self._votes_every = min(STEPS_BETWEEN_VOTES, checkpoints.every_steps or 10**9)
        self._writer = ThreadPoolExecutor(1, "checkpoint")
        self._written: Future[None] | None = None
        self._saved_step, self._saved_at = 0, time.monotonic()
        self._read: Callable[[str], NDArray[Any] | None] | None = None

    def restore(self) -> tuple[int, bool]:
        """Restore the newest checkpoint.

        Returns:
            Its number of steps, 0 without a checkpoint, and whether training had finished.

        Raises:
            UserError: the checkpoint belongs to other settings or data.
        """
        found = self._found() if self._folder is not None else None
        here = None if found is None else {"kinds": found.kinds, **found.state}
        state = self._shared_state(here)
        if state is None:
            return 0, False

        def read(name: str) -> NDArray[Any] | None:
            if name not in state["kinds"]:
                return None
            shape, kind = state["kinds"][name]
            nothing = np.zeros(shape, tf.as_dtype(kind).as_numpy_dtype)
            return from_chief(self._strategy, nothing if found is None else found.read(name))

        self._read = read
        restore(state_variables(self._model), self._strategy, read)
        best = sorted(name for name in state["kinds"] if name.startswith(BEST))
        self._validation.load_state(state["validation"], [tf.constant(read(n)) for n in best])
        self._history.load_state(state["history"])
        self._saved_step = state["step"]
        return self._saved_step, self._validation.stopped

    def restore_metrics(self) -> None:
        """Restore the state of metrics, which Keras resets when training begins."""
        if self._read is not None:
            restore(metric_variables(self._model), self._strategy, self._read)
        self._read = None

    def _shared_state(self, own: dict[str, Any] | None) -> dict[str, Any] | None:
        """The chief's state, in every process."""
        text = np.frombuffer(json.dumps(own).encode(), np.uint8)
        length = from_chief(self._strategy, np.array(len(text)))
        text = from_chief(self._strategy, np.resize(text, int(length)))
        state: dict[str, Any] | None = json.loads(text.tobytes())
        return state

    def _found(self) -> Checkpoint | None:
        assert self._folder is not None
        if self._checkpoints.resume is False:
            self._folder.clear()
            return None
        found = self._folder.newest()
        if found is not None:
            self._check(found)
        elif self._checkpoints.resume:
            raise UserError(
                "There is no checkpoint to resume from.",
                where=str(self._checkpoints.folder),
                expected="a checkpoint of a training that was stopped",
                remedy="Leave --resume out to start over.",
            )
        return found

    def _check(self, found: Checkpoint) -> None:
        there, here = found.state["settings"], self._settings
        names = [name for name in sorted({*there, *here}) if there.get(name) != here.get(name)]
        # Shapes differ as a consequence of settings; they are reported only if no setting differs.
        names = [name for name in names if not name.startswith(SHAPE)] or names
        changed = [f"{name}: {there.get(name)} there, {here.get(name)} here" for name in names]
        if changed:
            more = f"; and {len(changed) - 5} more" if len(changed) > 5 else ""
            raise UserError(
                f"The checkpoint belongs to another training: {'; '.join(changed[:5])}{more}.",
                where=str(found.folder),
                expected="a checkpoint of the same settings and data",
                remedy="Give --fresh to start over (the checkpoint is removed), or the settings it "
                "was made with, or name another folder: --checkpoints FOLDER",
            )

    def after_step(self, step: int) -> None:
        """Save a checkpoint if it is due.

        Raises:
            UserError: the last save could not be written.
            Interrupted: a signal requested it, and the state is on disk.
        """
        if self._written is not None and self._written.done():
            self.wait()
        if step % self._votes_every:
            return
        asked = [self._interruption.asked, is_chief() and self._is_due(step)]
        interrupted, due = summed(self._strategy, np.array(asked, np.int32)) > 0
        if not interrupted and not due:
            return
        self._save(step)
        if interrupted:
            self.wait()
            raise self._interrupted(step)

    def _interrupted(self, step: int) -> Interrupted:
        return Interrupted(
            f"Stopped after step {step:,}; its state is in {self._checkpoints.folder}.\n"
            "  remedy: give the same command again to resume from there, or with --fresh to start "
            "over."
        )

    def _is_due(self, step: int) -> bool:
        every, seconds = self._checkpoints.every_steps, self._checkpoints.every_seconds
        if self._written is not None:
            return False  # The disk is slower than training; saves are not queued.
        by_step = every is not None and step - self._saved_step >= every
        return by_step or (seconds is not None and time.monotonic() - self._saved_at >= seconds)

    def _save(self, step: int) -> None:
        if self._workers is not None:
            self._workers.settle()
        tensors = model_state(self._model)
        self._saved_step, self._saved_at = step, time.monotonic()
        if self._folder is None:
            return
        for place, value in enumerate(self._validation.best_weights):
            tensors[f"{BEST}{place:04d}"] = value
        state = {
            "step": step,
            "settings": self._settings,
            "validation": self._validation.state(),
            "history": self._history.state(),
        }
        self.wait()
        self._written = self._writer.submit(self._folder.write, step, tensors, state)

    def finish(self, step: int) -> None:
        """Save the final state, so that later stages can be repeated without training again.

        Raises:
            UserError: it could not be written.
            Interrupted: a signal requested it since the last step.
        """
        self._save(step)
        self.wait()
        if summed(self._strategy, np.array([self._interruption.asked], np.int32)) > 0:
            raise self._interrupted(step)

    def wait(self) -> None:
        """Wait until the last save is on disk.

        Raises:
            UserError: it could not be written.
        """
        written, self._written = self._written, None
        if written is not None:
            written.result()

    def close(self) -> None:
        """Release the folder, after a save in progress is finished."""
        self._writer.shutdown()
        if self._folder is not None:
            self._folder.close()

"""Asynchronous training: workers take steps, servers hold the parameters."""

import atexit
import threading
from collections import deque
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from kit.cluster import WORKER, cluster_of_environment
from kit.training._distribution import is_asynchronous
from kit.training._keras_distributed import loss_of_step

STEPS_AHEAD = 2
# A coordinator that stops takes milliseconds, but for one that waits for a process that was lost.
STOPPING_SECONDS = 10.0


class AsynchronousSteps(keras.callbacks.Callback):
    """Hands batches to the workers; put it first, so that others find the round's work done.

    A worker that ends costs nothing: its steps are given to another one. A server that ends takes
    parameters with it, and training has to go on from a checkpoint.

    Args:
        model: compiled under a `tf.distribute.ParameterServerStrategy`.

    Source: Li et al. (2014), Scaling distributed machine learning with the parameter server.
    """

    def __init__(self, model: keras.Model) -> None:
        super().__init__()
        strategy = model.distribute_strategy
        with strategy.scope():
            # A step would make its variables in this process instead of on the tables' servers.
            model.optimizer.build(model.trainable_variables)
        self._coordinator = tf.distribute.coordinator.ClusterCoordinator(strategy)
        atexit.register(stop_coordinator, self._coordinator)
        cluster = cluster_of_environment()
        self._ahead = STEPS_AHEAD * len(cluster.addresses[WORKER] if cluster else "1")
        self._running: deque[Any] = deque()
        self._losses: list[float] = []

        @tf.function
        def step(batch: Any) -> tf.Tensor:
            return strategy.run(lambda part: loss_of_step(model, part), args=(batch,))

        self._step = step

    def take(self, batches: Any) -> dict[str, float]:
        """Give out the next batch, as a `train_function` of Keras."""
        if len(self._running) >= self._ahead:
            self._collect()
        self._running.append(self._coordinator.schedule(self._step, args=(next(batches),)))
        return self._logs()

    def settle(self) -> None:
        """Wait until no step is under way."""
        self._coordinator.join()
        while self._running:
            self._collect()

    def _collect(self) -> None:
        self._losses.append(float(self._running.popleft().fetch()))

    def _logs(self) -> dict[str, float]:
        return {"loss": float(np.mean(self._losses))} if self._losses else {}

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self._losses.clear()

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        self.settle()
        if logs is not None:
            logs.update(self._logs())


def stop_coordinator(coordinator: Any, seconds: float = STOPPING_SECONDS) -> None:
    """Stop a coordinator's threads while they still run, and keep its destructor from waiting.

    When Python ends it stops threads where they stand; the destructor would then wait, now and then
    for ever, for a lock that one of them holds.

    Args:
        coordinator: a `tf.distribute.coordinator.ClusterCoordinator`.
        seconds: how long to wait for it.
    """
    stopping = threading.Thread(target=coordinator._cluster.stop, daemon=True)
    stopping.start()
    stopping.join(seconds)
    coordinator._cluster = SimpleNamespace(stop=lambda: None)


def copy_to_host(model: keras.Model) -> keras.Model:
    """The model with its parameters in the memory of this process.

    Args:
        model: trained under any strategy.

    Returns:
        The same model, or, where its parameters lie on servers, a copy that is not compiled.
    """
    if not is_asynchronous(model.distribute_strategy):
        return model
    copy = type(model).from_config(model.get_config())
    copy.build_from_config(model.get_build_config())
    with TemporaryDirectory() as folder:
        path = Path(folder) / "trained.weights.h5"
        model.save_weights(path)
        copy.load_weights(path)
    return copy

"""Asynchronous training: workers run steps, servers hold the parameters."""

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
# A coordinator stops within milliseconds, unless it waits for a lost process.
STOPPING_SECONDS = 10.0


class AsynchronousSteps(keras.callbacks.Callback):
    """Schedules batches on the workers; place it first, so others see finished rounds.

    If a worker ends, its steps go to another one. If a server ends, its parameters are lost, and
    training has to resume from a checkpoint.

    Args:
        model: compiled under a `tf.distribute.ParameterServerStrategy`.

    Source: Li et al. (2014), Scaling distributed machine learning with the parameter server.
    """

    def __init__(self, model: keras.Model) -> None:
        super().__init__()
        strategy = model.distribute_strategy
        with strategy.scope():
            # A step would create its variables in this process instead of on the servers.
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
        """Schedule the next batch; a `train_function` of Keras."""
        if len(self._running) >= self._ahead:
            self._collect()
        self._running.append(self._coordinator.schedule(self._step, args=(next(batches),)))
        return self._logs()

    def settle(self) -> None:
        """Wait until all scheduled steps are done."""
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
    """Stop a coordinator's threads while they still run, so that its destructor does not wait.

    Python stops threads abruptly when it exits; the destructor could then wait forever for a lock
    that one of them holds.

    Args:
        coordinator: a `tf.distribute.coordinator.ClusterCoordinator`.
        seconds: maximum time to wait.
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
        The same model, or, if its parameters are on servers, an uncompiled copy.
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

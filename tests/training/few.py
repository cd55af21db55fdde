"""Few users, few items, models that train in a blink, and what happens to them."""

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from kit.data import Histories
from kit.models import RetrievalLoss, TwoTower
from kit.optimizers import LazyAdamW
from kit.training import Checkpoints, Training, fit
from kit.training.batches import WHOLE, Shard, UserBatches

USERS, ITEMS, EACH = 32, 20, 6


def histories() -> Histories:
    """Even users have even items, odd users odd ones."""
    random = np.random.default_rng(0)
    rows = [
        random.choice(np.arange(user % 2, ITEMS, 2), EACH, replace=False) for user in range(USERS)
    ]
    offsets = np.arange(0, EACH * USERS + 1, EACH)
    return Histories(offsets, np.concatenate(rows).astype(np.int32))


def batches(**changes) -> UserBatches:
    settings = {"batch_size": 16, "length": 8, "targets": 4, "hidden_share": 0.5, "seed": 0}
    return UserBatches(histories(), **{**settings, **changes})


def model(
    kind: str = "full",
    learning_rate: Any = 0.01,
    optimizer: keras.optimizers.Optimizer | None = None,
) -> TwoTower:
    loss = RetrievalLoss(kind, uniform_negatives=16)
    two_tower = TwoTower(USERS, ITEMS, 4, loss=loss)
    two_tower.build()
    two_tower.set_target_share(batches().target_share(ITEMS))
    optimizer = optimizer or LazyAdamW(learning_rate, weight_decay=0.1)
    two_tower.compile(optimizer, jit_compile=False)
    return two_tower


def tiny() -> keras.Model:
    """One weight that starts at 0."""
    weight = keras.Sequential(
        [keras.Input([1]), keras.layers.Dense(1, use_bias=False, kernel_initializer="zeros")]
    )
    weight.compile(keras.optimizers.SGD(0.1), "mse", jit_compile=False)
    return weight


def line() -> keras.Model:
    """For `Points`, where it does not matter what is trained: its step is traced in no time."""
    network = keras.Sequential([keras.Input([3]), keras.layers.Dense(1)])
    network.compile(keras.optimizers.SGD(0.1), "mse", jit_compile=False)
    return network


def classifier() -> keras.Model:
    """What counts: statistics of batches, a dropout, metrics with variables of their own."""
    layers = keras.layers
    inner = [layers.Dense(4, "relu"), layers.BatchNormalization(), layers.Dropout(0.5)]
    network = keras.Sequential([keras.Input([3]), *inner, layers.Dense(1, "sigmoid")])
    metrics = [keras.metrics.AUC(name="auc"), "mae"]
    network.compile("adam", "binary_crossentropy", metrics=metrics, jit_compile=False)
    return network


@dataclass(frozen=True)
class Points:
    """Three numbers a row, and whether their sum is positive."""

    batch_size: int = 8
    steps_per_epoch: int = 2
    examples_per_epoch: int = 16
    seed: int = 0

    @property
    def content(self) -> dict[str, Any]:
        return {"seed": self.seed}

    def stream(self, start_step: int = 0, shard: Shard = WHOLE) -> tf.data.Dataset:
        rows = shard.rows(self.batch_size)

        def batch(step: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            x = tf.random.stateless_normal([self.batch_size, 3], [self.seed, step])[rows]
            return x, tf.cast(tf.reduce_sum(x, axis=1, keepdims=True) > 0, tf.float32)

        return tf.data.Dataset.counter(start_step).map(batch)


class Watch(keras.callbacks.Callback):
    """Notes what is logged after every step, to the bit; may do something after one.

    Args:
        at: after this many steps.
        do: this.
    """

    def __init__(self, at: int = 0, do: Callable[[], object] = lambda: None) -> None:
        super().__init__()
        self.at, self.do = at, do
        self.steps: dict[int, dict[str, str]] = {}

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        self.steps[batch + 1] = {name: float(value).hex() for name, value in (logs or {}).items()}
        if batch + 1 == self.at:
            self.do()


class AtOnce:
    """Stands for the thread that writes: what is saved is on disk when the step ends."""

    def __init__(self, *_: Any) -> None:
        pass

    def submit(self, write: Callable[..., None], *args: Any) -> Future[None]:
        done = Future[None]()
        try:
            done.set_result(write(*args))
        except Exception as error:
            done.set_exception(error)
        return done

    def shutdown(self) -> None:
        pass


class Killed(Exception):
    """Stands for the end of a process."""


def kill() -> None:
    raise Killed


def train(
    network: keras.Model,
    folder: Path | None,
    watch: Watch,
    *,
    data: Any = None,
    epochs: int = 40,
    measure: Callable[[], float] = lambda: 0.0,
    **changes: Any,
) -> Training:
    """Two rounds of 40 steps, with a checkpoint every 7 unless that is changed."""
    settings: dict[str, Any] = {"settings": {}, "every_steps": 7, "every_seconds": None}
    return fit(
        network,
        data or batches(),
        measure=measure,
        epochs=epochs,
        quiet=True,
        checkpoints=None if folder is None else Checkpoints(folder, **{**settings, **changes}),
        callbacks=[watch],
    )

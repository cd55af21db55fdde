"""Patches that let Keras 3.15 `fit` in several processes (keras#20585, keras#18624)."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import keras
import tensorflow as tf
from keras.src.backend.tensorflow import trainer

MENDED_VERSION = "3.15."
_stock_build = trainer.TensorFlowTrainer._maybe_symbolic_build
_stock_reduce = trainer.reduce_per_replica


def patch_multi_worker() -> None:
    """Let `fit` and `evaluate` run under MultiWorkerMirroredStrategy.

    To infer shapes, Keras reduces the first batch over the workers as if each had all replicas, and
    it reduces the scalar loss of a step along an axis that does not exist. Other strategies and
    other versions of Keras are not patched.
    """
    if keras.__version__.startswith(MENDED_VERSION):
        trainer.TensorFlowTrainer._maybe_symbolic_build = _build_from_local_batch
        trainer.reduce_per_replica = _reduce_scalars


def _build_from_local_batch(self: Any, iterator: Any = None, data_batch: Any = None) -> None:
    if iterator is not None and trainer._collective_all_reduce_multi_worker(
        self.distribute_strategy
    ):
        batch = next(next(steps for _, _, steps in iterator))
        local = self.distribute_strategy.experimental_local_results
        data_batch = tf.nest.map_structure(lambda values: local(values)[0], batch)
        iterator = None
    _stock_build(self, iterator=iterator, data_batch=data_batch)


def _reduce_scalars(values: Any, strategy: tf.distribute.Strategy, reduction: str) -> Any:
    if reduction in ("auto", "mean") and trainer._collective_all_reduce_multi_worker(strategy):
        return tf.nest.map_structure(
            lambda value: strategy.reduce("MEAN", value, axis=None), values
        )
    return _stock_reduce(values, strategy, reduction)


@contextmanager
def steps_taken_by(
    model: keras.Model, take_step: Callable[[Any], dict[str, float]]
) -> Iterator[None]:
    """Let `fit` call this function with its iterator instead of its own train step.

    Keras would pass the strategy a data set that only its coordinator can iterate, so the strategy
    is hidden from it meanwhile.
    """
    own, strategy = model.train_function, model._distribute_strategy
    model.train_function, model._distribute_strategy = take_step, None
    try:
        yield
    finally:
        model.train_function, model._distribute_strategy = own, strategy


def loss_of_step(model: keras.Model, batch: Any) -> tf.Tensor:
    """Run a training step and return its loss.

    Keras updates the sum of losses and the step counter by separate reads and writes, so concurrent
    workers would lose updates.
    """
    losses: list[tf.Tensor] = []
    tracker, iterations = model._loss_tracker, model.optimizer.iterations
    tracker.update_state = lambda value, sample_weight=None: losses.append(value)
    iterations.assign_add = iterations.value.assign_add
    try:
        model.train_step(batch)
    finally:
        del tracker.update_state, iterations.assign_add
    return losses[0]

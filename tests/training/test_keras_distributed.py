"""What is mended in Keras, and that it still has to be."""

import sys

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras.src.backend.tensorflow import trainer

from kit.training import loss_of_step, patch_multi_worker, steps_taken_by, strategy
from tests.cluster.launching import finish, launch
from tests.training.few import tiny

BATCH = (np.ones([4, 1], np.float32), np.full([4, 1], 2, np.float32))


@pytest.fixture
def stock(monkeypatch):
    """Keras as it is installed, now and after the test."""
    found = trainer.TensorFlowTrainer._maybe_symbolic_build, trainer.reduce_per_replica
    monkeypatch.setattr(trainer.TensorFlowTrainer, "_maybe_symbolic_build", found[0])
    monkeypatch.setattr(trainer, "reduce_per_replica", found[1])
    return found


def functions():
    return trainer.TensorFlowTrainer._maybe_symbolic_build, trainer.reduce_per_replica


@pytest.mark.slow
def test_stock_keras_still_needs_both_of_what_is_mended():
    """Once Keras is mended: delete from `_keras_distributed` what this finds no longer needed."""
    process = launch(
        *("--workers", "2", "--restarts", "0", "--"),
        *(sys.executable, "-m", "tests.training.stock_keras"),
    )
    code, out, err = finish(process, timeout=120)
    assert code == 0, err[-3000:]
    assert sorted(out.splitlines()) == [
        f"[worker {n}] {function} fails: {said}"
        for n in (0, 1)
        for function, said in (
            ("_maybe_symbolic_build", "Attempt to convert a"),
            ("reduce_per_replica", "Invalid reduction dimension 0"),
        )
    ]


def test_the_version_of_keras_that_is_tested_is_mended(stock):
    patch_multi_worker()
    assert not {*functions()} & {*stock}


@pytest.mark.parametrize("version", ["3.14.9", "3.16.0", "3.150.0", "4.0.0"])
def test_other_versions_are_left_alone(version, stock, monkeypatch):
    monkeypatch.setattr(keras, "__version__", version)
    patch_multi_worker()
    assert functions() == stock


def test_other_strategies_stay_as_they_were(stock):
    patch_multi_worker()
    with strategy("mirrored").scope():
        model = tiny()
    assert model.fit(*BATCH, verbose=0).history == {"loss": [4.0]}


def operations(function):
    graph = tf.function(function).get_concrete_function().graph
    return {operation.type for operation in graph.get_operations()}


def test_stock_keras_still_counts_by_reading_and_writing():
    """Once it counts in one operation: delete from `loss_of_step` what stands for that."""
    iterations, mean = tiny().optimizer.iterations, keras.metrics.Mean()
    for count in (lambda: iterations.assign_add(1), lambda: mean.update_state(1.0)):
        found = operations(count)
        assert {"ReadVariableOp", "AssignVariableOp"} < found
        assert "AssignAddVariableOp" not in found


def test_a_step_gives_its_loss_and_leaves_the_counting_of_losses_out():
    model, stock_model = tiny(), tiny()
    tensors = tuple(map(tf.constant, BATCH))
    for _ in range(3):
        assert float(loss_of_step(model, tensors)) == stock_model.train_on_batch(*BATCH)
        stock_model.reset_metrics()
    np.testing.assert_array_equal(model.get_weights()[0], stock_model.get_weights()[0])
    assert int(model.optimizer.iterations) == 3
    assert [float(variable) for variable in model.metrics_variables] == [0.0, 0.0]
    assert "AssignAddVariableOp" in operations(lambda: loss_of_step(model, tensors))


def test_after_a_step_that_fails_all_is_as_it_was():
    model = tiny()
    with pytest.raises(ValueError, match="incompatible"):
        loss_of_step(model, (tf.ones([4, 3]), tf.ones([4, 1])))
    loss = model.train_on_batch(*BATCH)
    assert loss == 4.0
    assert int(model.optimizer.iterations) == 1


def test_fit_lets_something_else_take_its_steps():
    with strategy("mirrored").scope():
        model = tiny()
    own, stream = model.distribute_strategy, tf.data.Dataset.from_tensors(BATCH).repeat()
    taken = []

    def take(batches):
        taken.append(next(batches))
        return {"loss": float(len(taken))}

    def fit():
        losses = []
        note = keras.callbacks.LambdaCallback(
            on_train_batch_end=lambda batch, logs: losses.append(logs["loss"])
        )
        model.fit(stream, steps_per_epoch=3, shuffle=False, verbose=0, callbacks=[note])
        return losses

    with steps_taken_by(model, take):
        assert fit() == [1.0, 2.0, 3.0]
    for x, y in taken:
        np.testing.assert_array_equal((x, y), BATCH)
    assert model.get_weights()[0] == 0
    with pytest.raises(ZeroDivisionError), steps_taken_by(model, lambda batches: 1 / 0):
        fit()
    assert (model.distribute_strategy, model.train_function) == (own, None)

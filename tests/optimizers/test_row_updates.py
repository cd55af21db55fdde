"""What every lazy optimizer shares, on each of them."""

import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from kit.layers import Embedding
from kit.optimizers import LazyAdagrad, LazyAdam, LazyAdamW
from kit.optimizers import _row_updates as row_updates
from tests.optimizers.lookups import (
    DIM,
    ROWS,
    batches,
    new_table,
    sparse_gradient,
    train,
    train_dense,
)

LAZY = [LazyAdam, LazyAdamW, LazyAdagrad]
ROOT = Path(__file__).parents[2]
every_optimizer = pytest.mark.parametrize("lazy", LAZY)


def stock_of(lazy):
    return getattr(keras.optimizers, lazy.__name__.removeprefix("Lazy"))


def values(variables):
    return [v.numpy() for v in variables]


@pytest.mark.parametrize("jit_compile", [False, True], ids=["", "XLA"])
@pytest.mark.parametrize("ids_a_row", [2, 40], ids=["by rows", "whole"])
@every_optimizer
def test_rows_out_of_the_batch_stay_bit_identical(lazy, ids_a_row, jit_compile):
    table, optimizer = new_table(), lazy(0.1, weight_decay=0.1)
    optimizer.build([table])
    slots = [v for v in optimizer.variables if v.shape == table.shape]
    first_rows, all_rows = batches(ids_a_row, rows=3), batches(ids_a_row)

    @tf.function(jit_compile=jit_compile)
    def step(ids, targets):
        optimizer.apply([sparse_gradient(table, ids, targets)], [table])

    step(*all_rows[0])
    before = values([table, *slots])
    for batch in first_rows[:3]:
        step(*batch)
    for old, new in zip(before, values([table, *slots]), strict=True):
        np.testing.assert_array_equal(new[3:], old[3:])
        assert (new[:3] != old[:3]).all()


@pytest.mark.parametrize("known", [True, False], ids=["", "unknown number of ids"])
@every_optimizer
def test_the_road_is_chosen_by_the_ids_a_row_and_does_not_change_the_result(
    lazy, known, monkeypatch
):
    data = batches(3, rows=ROWS // 2)

    def train_by(ids_a_row):
        taken = []
        monkeypatch.setattr(row_updates, "IDS_A_ROW", ids_a_row)
        table, optimizer = new_table(), lazy(0.1, weight_decay=0.1)
        optimizer.build([table])
        for road in ("_update_rows", "_update_summed"):
            update = getattr(optimizer, road)

            def spy(*case, road=road, update=update):
                tf.py_function(lambda: taken.append(road), [], [])
                update(*case)

            monkeypatch.setattr(optimizer, road, spy)
        shape = [None, 3] if not known else [ROWS // 2, 3]
        kinds = [tf.TensorSpec(shape, tf.int32), tf.TensorSpec([*shape, DIM])]

        @tf.function(input_signature=kinds)
        def step(ids, targets):
            optimizer.apply([sparse_gradient(table, ids, targets)], [table])

        for batch in data:
            step(*batch)
        return table.numpy(), set(taken)

    (by_rows, first), (whole, second) = train_by(4), train_by(1)
    assert (first, second) == ({"_update_rows"}, {"_update_summed"})
    np.testing.assert_allclose(by_rows, whole, rtol=0, atol=1e-6)


OPTIONS = {
    "schedule": {"learning_rate": keras.optimizers.schedules.ExponentialDecay(0.05, 5, 0.5)},
    "clipnorm": {"clipnorm": 2.0},
    "clipvalue": {"clipvalue": 0.5},
    "global_clipnorm": {"global_clipnorm": 2.0},
    "weight_decay": {"weight_decay": 0.1},
    "loss_scale_factor": {"loss_scale_factor": 8.0},
    "average": {"use_ema": True, "ema_momentum": 0.5, "ema_overwrite_frequency": 3},
    "accumulation": {"gradient_accumulation_steps": 4, "clipnorm": 2.0, "weight_decay": 0.1},
}


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS.keys())
@every_optimizer
def test_options_act_as_in_keras_on_dense_gradients(lazy, options):
    options = {"learning_rate": 0.05, **options}
    data = batches()
    dense = train_dense(stock_of(lazy).from_config(stock_of(lazy)(**options).get_config()), data)
    np.testing.assert_allclose(train(lazy(**options), data), dense, rtol=0, atol=2e-6)


@pytest.mark.parametrize("limit", ["clipnorm", "clipvalue", "global_clipnorm"])
def test_clipping_touches_only_the_rows_of_the_batch(limit):
    trained = train(LazyAdam(0.1, **{limit: 0.5}), batches(rows=3))
    np.testing.assert_array_equal(trained[3:], new_table().numpy()[3:])


def test_a_constraint_holds():
    table = keras.Variable(np.ones((ROWS, DIM), "float32"))
    table.constraint = keras.constraints.MaxNorm(1.0, axis=1)
    optimizer = LazyAdam(0.1)
    for ids, targets in batches():
        optimizer.apply([sparse_gradient(table, ids, targets)], [table])
    assert np.linalg.norm(table.numpy(), axis=1).max() <= 1.0 + 1e-6


def test_a_dynamic_loss_scale_changes_nothing_and_skips_what_is_not_finite():
    data = batches()
    optimizer = keras.optimizers.LossScaleOptimizer(LazyAdam(0.05), initial_scale=4.0)
    table, plain = new_table(), train(LazyAdam(0.05), data)
    optimizer.build([table])
    for ids, targets in data:
        gradient = sparse_gradient(table, ids, targets)
        slices = [gradient.values * optimizer.dynamic_scale, gradient.indices, [ROWS, DIM]]
        optimizer.apply([tf.IndexedSlices(*slices)], [table])
    np.testing.assert_allclose(table.numpy(), plain, rtol=0, atol=1e-6)
    optimizer.apply([tf.IndexedSlices(tf.fill([1, DIM], np.nan), [0], [ROWS, DIM])], [table])
    assert np.isfinite(table.numpy()).all()


@every_optimizer
def test_reads_no_table(lazy):
    table, optimizer = new_table(), lazy(0.1, weight_decay=0.1, global_clipnorm=1.0)
    optimizer.build([table])

    @tf.function
    def step(ids, targets):
        optimizer.apply([sparse_gradient(table, ids, targets)], [table])

    graph = step.get_concrete_function(*batches(2)[0]).graph
    read = [op.outputs[0].shape for op in graph.get_operations() if op.type == "ReadVariableOp"]
    assert read
    assert all(shape.rank == 0 for shape in read)


def small_model(optimizer, policy="float32"):
    keras.utils.set_random_seed(3)
    ids = keras.Input((2,), dtype="int32")
    vectors = Embedding(ROWS, DIM, dtype=policy)(ids)
    scores = keras.layers.Dense(1, dtype=policy)(keras.layers.Flatten(dtype=policy)(vectors))
    model = keras.Model(ids, scores)
    model.compile(optimizer, "mse", jit_compile=False)
    return model


def small_data(steps):
    generator = np.random.default_rng(5)
    return generator.integers(0, ROWS, (8 * steps, 2)).astype("int32"), generator.normal(
        size=(8 * steps, 1)
    ).astype("float32")


def fit(model, ids, labels):
    model.fit(ids, labels, batch_size=8, epochs=1, shuffle=False, verbose=0)


@pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept:DeprecationWarning")
@every_optimizer
def test_training_continues_exactly_from_a_saved_model(lazy, tmp_path):
    ids, labels = small_data(6)
    whole, half = small_model(lazy(0.05)), small_model(lazy(0.05))
    fit(whole, ids, labels)
    fit(half, ids[:24], labels[:24])
    half.save(tmp_path / "half.keras")
    loaded = keras.saving.load_model(tmp_path / "half.keras")
    assert type(loaded.optimizer) is lazy
    fit(loaded, ids[24:], labels[24:])
    for one, other in zip(whole.weights, loaded.weights, strict=True):
        np.testing.assert_array_equal(one.numpy(), other.numpy())


@every_optimizer
def test_mixed_bfloat16_trains_float32_tables(lazy):
    model = small_model(lazy(0.05), keras.DTypePolicy("mixed_bfloat16"))
    before = model.weights[0].numpy()
    fit(model, *small_data(4))
    assert model.weights[0].dtype == "float32"
    assert (model.weights[0].numpy() != before).any(axis=1).all()


@every_optimizer
def test_config_round_trip(lazy):
    options = {"weight_decay": 0.1, "global_clipnorm": 2.0, "name": "mine"}
    if lazy is LazyAdagrad:
        options["row_wise"] = True
    config = keras.saving.serialize_keras_object(lazy(0.05, **options))
    again = keras.saving.deserialize_keras_object(config)
    assert type(again) is lazy
    assert again.get_config() == config["config"]


@pytest.mark.slow
def test_two_replicas_equal_one_on_the_joint_batch():
    script = "tests.optimizers.two_replicas"
    answer = subprocess.run(
        [sys.executable, "-m", script], capture_output=True, text=True, check=False, cwd=ROOT
    )
    assert answer.returncode == 0, answer.stderr[-2000:]

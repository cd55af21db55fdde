import keras
import numpy as np
import pytest
import tensorflow as tf

from kit.layers import Embedding
from kit.optimizers import LazyAdagrad, LazyAdam, LazyAdamW, LossScale
from tests.optimizers.graphs import operations
from tests.optimizers.lookups import DIM, ROWS, batches, new_table, sparse_gradient, train

every_optimizer = pytest.mark.parametrize("lazy", [LazyAdam, LazyAdamW, LazyAdagrad])


def scaled(gradient, scale):
    return tf.IndexedSlices(gradient.values * scale, gradient.indices, gradient.dense_shape)


def not_finite(value):
    return tf.IndexedSlices(tf.fill([1, DIM], value), tf.constant([0]), tf.constant([ROWS, DIM]))


@pytest.mark.parametrize("compiled", [False, True])
@every_optimizer
def test_the_scale_changes_nothing_but_the_scale(lazy, compiled):
    data = batches()
    table, optimizer = new_table(), LossScale(lazy(0.05), dynamic_growth_steps=5)
    optimizer.build([table])

    def step(ids, targets):
        gradient = sparse_gradient(table, ids, targets)
        optimizer.apply([scaled(gradient, optimizer.dynamic_scale)], [table])

    run = tf.function(step) if compiled else step
    for batch in data:
        run(*batch)
    np.testing.assert_allclose(table.numpy(), train(lazy(0.05), data), rtol=0, atol=1e-6)
    assert float(optimizer.dynamic_scale) == 2.0**15 * 2 ** (len(data) // 5)


@pytest.mark.parametrize("value", [np.inf, -np.inf, np.nan])
@every_optimizer
def test_a_step_that_is_not_finite_is_left_out_and_halves_the_scale(lazy, value):
    table, optimizer = new_table(), LossScale(lazy(0.05, weight_decay=0.1), initial_scale=4.0)
    optimizer.build([table])
    optimizer.apply([sparse_gradient(table, *batches()[0])], [table])
    before = [v.numpy() for v in (table, *optimizer.inner_optimizer.variables)]
    optimizer.apply([not_finite(value)], [table])
    after = [v.numpy() for v in (table, *optimizer.inner_optimizer.variables)]
    for old, new in zip(before, after, strict=True):
        np.testing.assert_array_equal(new, old)
    assert (float(optimizer.dynamic_scale), int(optimizer.step_counter)) == (2.0, 0)


def whole_tables(kind):
    """Operations of a scaled step with a result as long as the table."""
    table, optimizer = new_table(), kind(LazyAdamW(0.1, weight_decay=0.1))
    optimizer.build([table])

    @tf.function
    def step(ids, targets):
        optimizer.apply([sparse_gradient(table, ids, targets)], [table])

    few = [part[:5] for part in batches(2)[0]]
    found = list(operations(step.get_concrete_function(*few).graph))
    assert "ResourceScatterUpdate" in {name for name, _, _ in found}
    return [name for name, shapes, _ in found if any(s[:1] == (ROWS,) for s in shapes)]


def test_makes_no_table_of_the_gradient():
    assert whole_tables(LossScale) == []


def test_keras_makes_a_table_of_the_gradient():
    """When this fails, Keras has mended its check: see what of ours can go."""
    assert whole_tables(keras.optimizers.LossScaleOptimizer) == ["Fill", "TensorScatterUpdate"]


def float16_model():
    keras.utils.set_random_seed(3)
    policy = keras.DTypePolicy("mixed_float16")
    ids = keras.Input((2,), dtype="int32")
    vectors = keras.layers.Flatten(dtype=policy)(Embedding(ROWS, DIM, dtype=policy)(ids))
    model = keras.Model(ids, keras.layers.Dense(1, dtype=policy)(vectors), dtype=policy)
    model.compile(LossScale(LazyAdam(0.05)), "mse", jit_compile=False)
    return model


@pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept:DeprecationWarning")
def test_float16_trains_float32_tables_and_continues_from_a_saved_model(tmp_path):
    generator = np.random.default_rng(5)
    ids = generator.integers(0, ROWS, (48, 2)).astype("int32")
    labels = generator.normal(size=(48, 1)).astype("float32")
    model = float16_model()
    assert type(model.optimizer) is LossScale
    model.fit(ids, labels, batch_size=8, epochs=2, shuffle=False, verbose=0)
    assert {v.dtype for v in model.weights} == {"float32"}
    tables = [v for v in model.optimizer.variables if v.shape == (ROWS, DIM)]
    assert [v.dtype for v in tables] == ["float32", "float32"]
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert type(loaded.optimizer) is LossScale
    for one in (model, loaded):
        one.fit(ids, labels, batch_size=8, epochs=1, shuffle=False, verbose=0)
    for one, other in zip(model.weights, loaded.weights, strict=True):
        np.testing.assert_array_equal(one.numpy(), other.numpy())

"""Run by test_row_updates: logical devices must be made before TensorFlow starts."""

import contextlib
import functools

import keras
import numpy as np
import tensorflow as tf

from kit.layers import Embedding
from kit.optimizers import LazyAdagrad, LazyAdam, LossScale

ROWS, DIM, BATCH, STEPS = 50, 4, 16, 8


def trained_weights(strategy, lazy):
    with strategy.scope() if strategy else contextlib.nullcontext():
        keras.utils.set_random_seed(3)
        ids = keras.Input((3,), dtype="int32")
        vectors = keras.layers.Flatten()(Embedding(ROWS, DIM)(ids))
        model = keras.Model(ids, keras.layers.Dense(1)(vectors))
        model.compile(lazy(0.05, weight_decay=0.1), "mse", jit_compile=False)
        model.optimizer.build(model.trainable_variables)
    generator = np.random.default_rng(5)
    ids = generator.integers(0, 20, (BATCH * STEPS, 3)).astype("int32")
    labels = generator.normal(size=(BATCH * STEPS, 1)).astype("float32")
    data = tf.data.Dataset.from_tensor_slices((ids, labels)).batch(BATCH, drop_remainder=True)
    model.fit(data, epochs=1, shuffle=False, verbose=0)
    return [w.numpy() for w in model.weights]


def after_an_overflow(strategy, kind, overflowing):
    """The table of both replicas and the scale, after a good step and one that overflows."""
    with strategy.scope():
        table = keras.Variable(np.ones((4, 1), "float32"))
        optimizer = kind(LazyAdam(0.1), initial_scale=8.0)
        optimizer.build([table])

    def replica(bad):
        number = tf.distribute.get_replica_context().replica_id_in_sync_group
        value = tf.where(tf.equal(number, bad), np.inf, 8.0)
        ids = tf.reshape(number, [1])
        gradient = tf.IndexedSlices(tf.reshape(value, [1, 1]), ids, tf.constant([4, 1]))
        optimizer.apply([gradient], [table])

    step = tf.function(lambda bad: strategy.run(replica, [bad]))
    step(-1)
    step(overflowing)
    copies = [v.numpy().ravel() for v in strategy.experimental_local_results(table.value)]
    return copies, float(optimizer.dynamic_scale.numpy())


def check_overflows(strategy):
    for overflowing in (0, 1):
        copies, scale = after_an_overflow(strategy, LossScale, overflowing)
        assert scale == 4.0, scale
        for copy in copies:
            np.testing.assert_allclose(copy, [0.9, 0.9, 1.0, 1.0], rtol=1e-5)
    # When this fails, Keras has mended its check: see what of ours can go.
    copies, scale = after_an_overflow(strategy, keras.optimizers.LossScaleOptimizer, 1)
    assert scale == 8.0, scale
    assert np.isnan(copies[0]).any()


def main():
    cpu = tf.config.list_physical_devices("CPU")[0]
    tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
    strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
    check_overflows(strategy)
    for lazy in (LazyAdam, LazyAdagrad, functools.partial(LazyAdagrad, row_wise=True)):
        one, two = trained_weights(None, lazy), trained_weights(strategy, lazy)
        assert np.abs(one[0]).max() > 0.05, "nothing was learned"
        for single, joint in zip(one, two, strict=True):
            np.testing.assert_allclose(joint, single, rtol=0, atol=1e-5, err_msg=str(lazy))


if __name__ == "__main__":
    main()

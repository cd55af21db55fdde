"""Run by test_precision: logical devices must be made before TensorFlow starts."""

import keras
import numpy as np
import tensorflow as tf

from kit.optimizers import LossScale
from kit.training import choose_precision, fit, strategy
from tests.training.few import batches, model


def losses(name: str, kind: str) -> list[float]:
    keras.utils.set_random_seed(1)
    precision = choose_precision("mixed_float16")
    with strategy(name).scope(), precision.scope():
        two_tower = model(kind)
        optimizer = two_tower.optimizer.inner_optimizer
        # A scale that is too high at first, and grows again.
        scaled = LossScale(optimizer, initial_scale=2.0**40, dynamic_growth_steps=40)
        two_tower.compile(scaled, jit_compile=False)
    found = fit(two_tower, batches(), measure=lambda: 0.0, epochs=60, quiet=True).history
    assert all(np.isfinite(weight).all() for weight in two_tower.get_weights())
    steps, scale = scaled.iterations.numpy(), scaled.dynamic_scale.numpy()
    assert 80 < steps < 120, "no step was left out"
    assert scale < 2.0**40, scale
    return [row["loss"] for row in found]


def main() -> None:
    cpu = tf.config.list_physical_devices("CPU")[0]
    tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
    assert strategy("mirrored").num_replicas_in_sync == 2
    for kind in ("full", "sampled"):
        joint = losses("mirrored", kind)
        assert joint[-1] < joint[0] - 0.1, joint
        if kind == "full":
            # A replica sees half of the batch; the means of halves are nearly that of the whole.
            np.testing.assert_allclose(joint, losses("one", kind), rtol=0.03)


if __name__ == "__main__":
    main()

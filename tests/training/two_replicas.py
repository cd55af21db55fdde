"""Run by test_distribution: logical devices must be made before TensorFlow starts."""

import sys

import keras
import numpy as np
import tensorflow as tf

from kit.training import fit, strategy
from tests.training.few import USERS, batches, model


def trained(name: str, kind: str) -> tuple[list[float], np.ndarray]:
    """Losses, and the queries of all users afterwards."""
    keras.utils.set_random_seed(1)
    with strategy(name).scope():
        two_tower = model(kind)
    found = fit(two_tower, batches(), measure=lambda: 0.0, epochs=60, quiet=True)
    users = np.arange(1, USERS + 1, dtype=np.int32)
    history = np.ones([USERS, 2], np.int32)
    return [row["loss"] for row in found.history], two_tower({"user": users, "history": history})


def main() -> None:
    cpu = tf.config.list_physical_devices("CPU")[0]
    tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
    assert strategy("one").num_replicas_in_sync == strategy("auto").num_replicas_in_sync == 1
    assert strategy("mirrored").num_replicas_in_sync == 2
    if "sampled" in sys.argv:
        sampled, _ = trained("mirrored", "sampled")
        assert sampled[-1] < sampled[0] - 0.05, sampled
        return
    joint, queries = trained("mirrored", "full")
    alone, expected = trained("one", "full")
    assert joint[-1] < joint[0] - 0.05, joint
    np.testing.assert_allclose(joint, alone, rtol=1e-5)
    np.testing.assert_allclose(queries, expected, atol=1e-4)


if __name__ == "__main__":
    main()

"""Run by test_model_state: logical devices must be made before TensorFlow starts."""

import shutil
import sys
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from kit.training import from_chief, summed
from tests.training.few import Points, Watch, classifier, train


def trained(strategy: tf.distribute.Strategy, folder: Path, seed: int) -> tuple[keras.Model, Watch]:
    """Fourteen steps, with a checkpoint after seven."""
    keras.utils.set_random_seed(seed)
    with strategy.scope():
        network = classifier()
    watch = Watch()
    train(network, folder, watch, data=Points(), epochs=7)
    return network, watch


def replicas_go_on(strategy: tf.distribute.Strategy, folder: Path) -> None:
    """Dropout, statistics of batches and metrics are each replica's own."""
    network, whole = trained(strategy, folder, seed=1)
    shutil.rmtree(folder / "step-000000000014")
    kept = tf.train.list_variables(str(folder / "step-000000000007" / "variables-0"))
    rows = {name: shape[0] for name, shape in kept if name.endswith("@replicas")}
    assert {*rows.values()} == {2}, rows
    resumed, rest = trained(strategy, folder, seed=2)
    assert rest.steps == {step: logs for step, logs in whole.steps.items() if step > 7}
    for a, b in zip(network.get_weights(), resumed.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def a_process_gives_once(strategy: tf.distribute.Strategy) -> None:
    given = np.array([1, 2, 3], np.int32)
    np.testing.assert_array_equal(summed(strategy, given), given)
    bits = np.array([np.nan, -0.0, 1.5])
    assert from_chief(strategy, bits).tobytes() == bits.tobytes()


def main() -> None:
    cpu = tf.config.list_physical_devices("CPU")[0]
    tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
    # As of a process of a cluster that has two devices.
    strategy = tf.distribute.MultiWorkerMirroredStrategy._from_local_devices(
        ("/device:CPU:0", "/device:CPU:1")
    )
    a_process_gives_once(strategy)
    replicas_go_on(strategy, Path(sys.argv[1]))
    print("replicas go on to the bit")


if __name__ == "__main__":
    main()

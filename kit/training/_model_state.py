"""The state of a model: all values that later losses depend on."""

import re
from collections.abc import Callable, Sequence
from hashlib import blake2b
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from kit.training._distribution import summed, summed_bits

Values = dict[str, tf.Tensor]


def state_variables(model: keras.Model) -> dict[str, keras.Variable]:
    """Variables of the model and its optimizer, by unique names.

    `model.weights` lacks the states of random generators.
    """
    return _named([*model.variables, *model.optimizer.variables])


def metric_variables(model: keras.Model) -> dict[str, keras.Variable]:
    """Variables of the metrics."""
    return {f"metric/{name}": v for name, v in _named(model.metrics_variables).items()}


def build_metrics(model: keras.Model, batch: Any) -> None:
    """Build the compiled metrics; without a strategy they build in the first step."""
    x, y, weights = keras.utils.unpack_x_y_sample_weight(batch)
    model.compute_metrics(x, y, model(x, training=False), sample_weight=weights)


def _named(variables: Sequence[keras.Variable]) -> dict[str, keras.Variable]:
    # Keras numbers the layers and optimizers of a process: the same model built again has other
    # numbers in its paths.
    return {
        f"{place:04d}/{re.sub('_[0-9]+', '', variable.path)}": variable
        for place, variable in enumerate(variables)
    }


def copies(variables: Sequence[keras.Variable]) -> list[tf.Tensor]:
    """The values of this process's first replica, each copied to the memory of its host."""
    copied = []
    for variable in variables:
        value = _replicas(variable)[0]
        with tf.device(host_of(value.device)):
            copied.append(tf.identity(value))
    return copied


def assign(variables: Sequence[keras.Variable], values: Sequence[Any]) -> None:
    """Assign these values to the variables on every replica of this process."""
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)


def model_state(model: keras.Model) -> Values:
    """Copies of all state, by name; call it in all processes at once.

    Values that replicas do not share (metrics, batch statistics) are stored for each replica: one
    row a replica, under a name that ends in "@replicas".
    """
    strategy = model.distribute_strategy
    variables = {**state_variables(model), **metric_variables(model)}
    state = dict(zip(variables, copies(list(variables.values())), strict=True))
    if strategy.num_replicas_in_sync == 1:
        return state
    of_optimizer = {id(variable) for variable in model.optimizer.variables}
    local = {
        name: [np.asarray(replica) for replica in _replicas(variable)]
        for name, variable in variables.items()
        if not variable.trainable and id(variable) not in of_optimizer
    }
    differ = _that_differ(strategy, local)
    for name in differ:
        del state[name]
        state[f"{name}@replicas"] = tf.constant(_rows_of_all(strategy, local[name]))
    return state


def restore(
    variables: dict[str, keras.Variable],
    strategy: tf.distribute.Strategy,
    read: Callable[[str], NDArray[Any] | None],
) -> None:
    """Restore some variables from a `model_state`; call it in all processes at once.

    Args:
        variables: by name.
        strategy: that of the model.
        read: returns the values of a name, or None if the state has no such name.
    """
    first = _first_replica(strategy)
    for name, variable in variables.items():
        shared, rows = read(name), read(f"{name}@replicas")
        for place, replica in enumerate(_replicas(variable), start=first):
            value = shared if rows is None else rows[place]
            if value is not None:
                replica.assign(value)


def host_of(device: str) -> str:
    """The CPU of a device's host."""
    spec = tf.DeviceSpec.from_string(device)
    text: str = spec.replace(device_type="CPU", device_index=0).to_string()
    return text


def _replicas(variable: keras.Variable) -> Sequence[Any]:
    # The per-replica value: reading the whole variable would sum over its replicas.
    values = getattr(variable.value, "values", None)
    return [variable.value] if values is None else values


def _first_replica(strategy: tf.distribute.Strategy) -> int:
    """Number of this process's first replica among all."""
    numbers: list[int] = []
    if strategy.num_replicas_in_sync == 1:
        return 0

    def note(context: Any) -> int:
        numbers.append(context.replica_id_in_sync_group)
        return 0

    strategy.experimental_distribute_values_from_function(note)
    return min(numbers)


def _that_differ(
    strategy: tf.distribute.Strategy, local: dict[str, list[NDArray[Any]]]
) -> list[str]:
    first, replicas = _first_replica(strategy), strategy.num_replicas_in_sync
    digests = np.zeros((len(local), replicas), np.int32)
    for row, values in enumerate(local.values()):
        for place, value in enumerate(values, start=first):
            digest = blake2b(value.tobytes(), digest_size=4).digest()
            digests[row, place] = np.frombuffer(digest, np.int32)[0]
    everywhere = summed(strategy, digests)
    differs = (everywhere != everywhere[:, :1]).any(axis=1)
    return [name for name, is_one in zip(local, differs, strict=True) if is_one]


def _rows_of_all(strategy: tf.distribute.Strategy, values: list[NDArray[Any]]) -> NDArray[Any]:
    first = _first_replica(strategy)
    rows = np.zeros((strategy.num_replicas_in_sync, *values[0].shape), values[0].dtype)
    rows[first : first + len(values)] = values
    return summed_bits(strategy, rows)

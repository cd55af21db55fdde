"""Processes that train the same model step by step: one decides and writes, all hear of it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from kit.cluster import is_chief
from kit.errors import PeerLost


def has_peers(strategy: tf.distribute.Strategy) -> bool:
    """Whether other processes train the same model step by step."""
    return isinstance(strategy, tf.distribute.MultiWorkerMirroredStrategy)


def is_asynchronous(strategy: tf.distribute.Strategy) -> bool:
    """Whether workers take steps on their own, with the parameters on servers."""
    return isinstance(strategy, tf.distribute.ParameterServerStrategy)


def summed(strategy: tf.distribute.Strategy, values: NDArray[Any]) -> NDArray[Any]:
    """The sum over all processes; call it in all of them at once, with arrays of one shape."""
    if not has_peers(strategy) or not values.size:
        return values
    given = []

    def once_a_process(context: Any) -> tf.Tensor:
        given.append(context.replica_id_in_sync_group)
        return tf.constant(values if len(given) == 1 else np.zeros_like(values))

    of_replicas = strategy.experimental_distribute_values_from_function(once_a_process)
    return np.asarray(strategy.reduce(tf.distribute.ReduceOp.SUM, of_replicas, axis=None))


def summed_bits(strategy: tf.distribute.Strategy, value: NDArray[Any]) -> NDArray[Any]:
    """The same for values that are zero in all processes but one, without losing a bit."""
    if not has_peers(strategy):
        return value
    # As integers: a float may be a nan, and -0.0 + 0.0 is 0.0.
    words = np.zeros(-(-value.nbytes // 4), np.int32)
    words.view(np.uint8)[: value.nbytes] = np.ascontiguousarray(value).view(np.uint8).ravel()
    total = np.ascontiguousarray(summed(strategy, words))
    return total.view(np.uint8)[: value.nbytes].view(value.dtype).reshape(value.shape)


def from_chief(strategy: tf.distribute.Strategy, value: NDArray[Any]) -> NDArray[Any]:
    """The chief's value in every process of the strategy; call it in all of them at once.

    Args:
        strategy: that of the model.
        value: of any type; of the processes but the chief only shape and type count.

    Returns:
        The chief's value, to the bit.
    """
    return summed_bits(strategy, value if is_chief() else np.zeros_like(value))


@contextmanager
def peers_may_be_lost(strategy: tf.distribute.Strategy) -> Iterator[None]:
    """Say what happened when another process ended in the middle of something common.

    Raises:
        PeerLost: it did.
    """
    try:
        yield
    except (
        tf.errors.UnavailableError,
        tf.errors.AbortedError,
        tf.errors.CancelledError,
        tf.errors.DeadlineExceededError,
        tf.errors.InternalError,
    ) as error:
        if not has_peers(strategy) and not is_asynchronous(strategy):
            raise
        lines = error.message.splitlines() or [type(error).__name__]
        reason = next((line for line in lines if line.startswith("Collective ops")), lines[0])
        raise PeerLost(
            f"Another process of the cluster was lost: {reason}\n"
            "  remedy: start all processes again with the same command; training goes on from its "
            "last checkpoint. kit launch does so by itself."
        ) from error


def shutdown_barrier(strategy: tf.distribute.Strategy) -> None:
    """Wait until every process of the strategy has come here.

    The chief comes last, when all is written; if it is lost before, the others are still there to
    go on with it.

    Raises:
        PeerLost: one of them ended before.
    """
    with peers_may_be_lost(strategy):
        summed(strategy, np.ones(1, np.int32))

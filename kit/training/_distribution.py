"""Distribution strategies: devices and processes that train together."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from kit.cluster import Cluster, cluster_of_environment, is_chief
from kit.errors import PeerLost, UserError
from kit.training._keras_distributed import patch_multi_worker

STRATEGIES = ("auto", "one", "mirrored", "multi-worker", "parameter-server", "tpu")
"""Names that `strategy` accepts."""


@dataclass(frozen=True)
class Choice:
    """A strategy and the reason for it.

    Args:
        name: one of `STRATEGIES` without "auto".
        reason: in words.
    """

    name: str
    reason: str

    def __str__(self) -> str:
        name = self.name
        if name == "one":
            name = "GPU" if tf.config.list_physical_devices("GPU") else "CPU"
        return f"{name} ({self.reason})"


def choose_strategy(name: str = "auto") -> Choice:
    """The strategy that a name resolves to.

    "auto" follows the environment, in this order: a cluster in TF_CONFIG or SLURM, a TPU, several
    GPUs, one device.

    Raises:
        UserError: the name is unknown.

    Example:

    >>> str(choose_strategy("one"))
    'CPU (as asked)'
    """
    if name not in STRATEGIES:
        raise UserError(
            f"Unknown strategy {name!r}.", where="--strategy", expected=", ".join(STRATEGIES)
        )
    if name != "auto":
        return Choice(name, "as asked")
    # Listing devices initializes TensorFlow, after which it cannot join a cluster.
    cluster = cluster_of_environment()
    if cluster is not None:
        kind = "parameter-server" if cluster.has_servers else "multi-worker"
        return Choice(kind, str(cluster))
    if tf.config.list_physical_devices("TPU"):
        return Choice("tpu", "a TPU found")
    gpus = len(tf.config.list_physical_devices("GPU"))
    if gpus > 1:
        return Choice("mirrored", f"{gpus} GPUs found")
    return Choice("one", "one GPU found" if gpus else "no GPU, TPU or cluster found")


def strategy(name: str = "auto") -> tf.distribute.Strategy:
    """The distribution strategy of that name; build and compile the model in its scope.

    Call it before any other use of TensorFlow: a cluster cannot be joined later.

    Args:
        name: "one" device; "mirrored" over all GPUs of the machine (or its logical CPUs where it
            has no GPU); "multi-worker", synchronous, over the cluster of TF_CONFIG or SLURM;
            "parameter-server", asynchronous, over a cluster with servers; "tpu"; or "auto", see
            `choose_strategy`.

    Raises:
        UserError: the name is unknown, or the strategy is not available here.

    Example:

    >>> strategy("one").num_replicas_in_sync
    1
    """
    chosen = choose_strategy(name).name
    if chosen == "one":
        return tf.distribute.get_strategy()
    if chosen == "mirrored":
        devices = tf.config.list_logical_devices("GPU") or tf.config.list_logical_devices("CPU")
        return _mirrored(tuple(device.name for device in devices))
    return {"multi-worker": _multi_worker, "parameter-server": _parameter_server, "tpu": _tpu}[
        chosen
    ]()


# One of each in a process: TensorFlow numbers the collectives of each strategy from zero, so those
# of two models under two strategies would collide.
@cache
def _mirrored(devices: tuple[str, ...]) -> tf.distribute.Strategy:
    return tf.distribute.MirroredStrategy(list(devices))


@cache
def _multi_worker() -> tf.distribute.Strategy:
    cluster = _cluster("multi-worker")
    if cluster.has_servers:
        raise UserError(
            "The cluster has parameter servers.",
            where=cluster.origin,
            expected="workers only",
            remedy="Give --strategy parameter-server, or leave the servers out.",
        )
    os.environ["TF_CONFIG"] = cluster.tf_config()
    patch_multi_worker()
    return tf.distribute.MultiWorkerMirroredStrategy()


@cache
def _parameter_server() -> tf.distribute.Strategy:
    cluster = _cluster("parameter-server")
    if not cluster.has_servers:
        raise UserError(
            "The cluster has no parameter server.",
            where=cluster.origin,
            expected='a job "ps"',
            remedy="Add servers (kit launch --servers 1), or give --strategy multi-worker.",
        )
    os.environ["TF_CONFIG"] = cluster.tf_config()
    return tf.distribute.ParameterServerStrategy(
        tf.distribute.cluster_resolver.TFConfigClusterResolver()
    )


@cache
def _tpu() -> tf.distribute.Strategy:
    try:
        resolver = tf.distribute.cluster_resolver.TPUClusterResolver.connect()
    except (ValueError, RuntimeError, tf.errors.OpError) as error:
        raise UserError(
            f"No TPU is reachable: {str(error).splitlines()[0]}",
            where="--strategy tpu",
            expected="a TPU virtual machine, or TPU_NAME in the environment",
            remedy="Give --strategy auto to train on the available devices.",
        ) from error
    return tf.distribute.TPUStrategy(resolver)


def _cluster(name: str) -> Cluster:
    cluster = cluster_of_environment()
    if cluster is None:
        servers = " --servers 1" if name == "parameter-server" else ""
        raise UserError(
            "There is no cluster to train in.",
            where=f"--strategy {name}",
            expected="TF_CONFIG with at least two tasks, or a SLURM step of several tasks",
            remedy=f"Start one here: kit launch --workers 2{servers} -- kit train ...",
        )
    return cluster


def has_peers(strategy: tf.distribute.Strategy) -> bool:
    """Whether other processes train the same model step by step."""
    return isinstance(strategy, tf.distribute.MultiWorkerMirroredStrategy)


def is_asynchronous(strategy: tf.distribute.Strategy) -> bool:
    """Whether workers train asynchronously, with the parameters on servers."""
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
    """The bit-exact sum of values that are zero in all processes but one."""
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
        value: of any type; on other processes than the chief only shape and type count.

    Returns:
        The chief's value, bit-exact.
    """
    return summed_bits(strategy, value if is_chief() else np.zeros_like(value))


@contextmanager
def peers_may_be_lost(strategy: tf.distribute.Strategy) -> Iterator[None]:
    """Report the loss of another process during a collective operation.

    Raises:
        PeerLost: another process ended.
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
            "  remedy: start all processes again with the same command; training resumes from its "
            "last checkpoint. kit launch does so by itself."
        ) from error


def shutdown_barrier(strategy: tf.distribute.Strategy) -> None:
    """Wait until every process of the strategy has arrived here.

    The chief arrives last, when all files are written; if it is lost before, the others still run
    and can resume with it.

    Raises:
        PeerLost: another process ended before.
    """
    with peers_may_be_lost(strategy):
        summed(strategy, np.ones(1, np.int32))

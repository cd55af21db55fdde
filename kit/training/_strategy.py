"""Devices to train on."""

import os
from dataclasses import dataclass
from functools import cache

import tensorflow as tf

from kit.cluster import Cluster, cluster_of_environment
from kit.errors import UserError
from kit.training._keras_distributed import patch_multi_worker

STRATEGIES = ("auto", "one", "mirrored", "multi-worker", "parameter-server", "tpu")
"""Names that `strategy` takes."""


@dataclass(frozen=True)
class Choice:
    """A strategy and why it is that one.

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
    """What `strategy` of that name will be.

    "auto" takes what the environment asks for, in this order: a cluster in TF_CONFIG or SLURM,
    a TPU, several GPUs, one device.

    Raises:
        UserError: no such strategy.

    Example:

    >>> str(choose_strategy("one"))
    'CPU (as asked)'
    """
    if name not in STRATEGIES:
        raise UserError(
            f"There is no strategy {name!r}.", where="--strategy", expected=", ".join(STRATEGIES)
        )
    if name != "auto":
        return Choice(name, "as asked")
    # Looking for devices starts TensorFlow, after which no cluster can be joined.
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

    Ask for it before anything else is done with TensorFlow: a cluster cannot be joined later.

    Args:
        name: "one" device; "mirrored" over all GPUs of the machine (or its logical CPUs where it
            has no GPU); "multi-worker", synchronous, over the cluster of TF_CONFIG or SLURM;
            "parameter-server", asynchronous, over a cluster with servers; "tpu"; or "auto", see
            `choose_strategy`.

    Raises:
        UserError: no such strategy, or not here.

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


# One a process of each: TensorFlow numbers the collectives of each strategy from the start, so
# those of two models under two strategies would be taken for the same.
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
            f"No TPU answers: {str(error).splitlines()[0]}",
            where="--strategy tpu",
            expected="a TPU virtual machine, or TPU_NAME in the environment",
            remedy="Give --strategy auto to train on what is here.",
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

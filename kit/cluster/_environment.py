"""The cluster that the environment describes."""

import json
import os
from collections.abc import Mapping
from typing import Any

from kit.cluster._cluster import CHIEF, JOBS, SERVER, WORKER, Cluster
from kit.cluster._slurm import hosts_of, tasks_of
from kit.errors import UserError

SERVERS_UNDER_SLURM = "KIT_SERVERS"
FIRST_PORT, PORTS = 12_000, 20_000
EXPECTED = (
    '{"cluster": {"worker": ["host:port", ...]}, "task": {"type": "worker", "index": 0}}, '
    'maybe with the jobs "chief" and "ps"'
)


def cluster_of_environment(environment: Mapping[str, str] = os.environ) -> Cluster | None:
    """The cluster of TF_CONFIG or of a SLURM step, or None where this process is alone.

    Under SLURM every task of the step (`srun`) is a worker. KIT_SERVERS=M makes the last M of them
    parameter servers and the first one the chief.

    Args:
        environment: the environment variables.

    Raises:
        UserError: TF_CONFIG is not what TensorFlow reads, or the step has too few tasks.

    Example:

    >>> config = '{"cluster": {"worker": ["a:1", "b:1"]}, "task": {"type": "worker", "index": 1}}'
    >>> print(cluster_of_environment({"TF_CONFIG": config}))
    TF_CONFIG: 2 worker; this is worker 1
    """
    if environment.get("TF_CONFIG", "").strip():
        cluster = _of_tf_config(environment["TF_CONFIG"])
    elif int(environment.get("SLURM_STEP_NUM_TASKS", 1)) > 1 and "SLURM_PROCID" in environment:
        cluster = _of_slurm(environment)
    else:
        return None
    return cluster if cluster is not None and cluster.size > 1 else None


def is_chief() -> bool:
    """Whether this process is the one that measures and writes; true where it is the only one."""
    cluster = cluster_of_environment()
    return cluster is None or cluster.is_chief


def _of_tf_config(text: str) -> Cluster | None:
    try:
        config = json.loads(text)
    except ValueError as error:
        raise _unusable(f"it is no JSON ({error})") from None
    if not isinstance(config, dict):
        raise _unusable("it is no JSON object")
    if not config.get("cluster"):
        return None
    addresses, task = config["cluster"], config.get("task")
    if not isinstance(addresses, dict) or not all(map(_is_job, addresses.items())):
        raise _unusable("its cluster is not a list of addresses for each job")
    unknown = sorted({*addresses} - {*JOBS})
    if unknown:
        raise _unusable(f"it has the unknown job {unknown[0]!r}")
    if not isinstance(task, dict) or task.get("type") not in addresses:
        raise _unusable("its task is of no job of the cluster")
    job, index = task["type"], _index(task.get("index"))
    if index is None or not 0 <= index < len(addresses[job]):
        raise _unusable(f"its cluster has no {job} {task.get('index')}")
    return Cluster(addresses, job, index, "TF_CONFIG")


def _is_job(entry: tuple[str, Any]) -> bool:
    addresses = entry[1]
    return (
        isinstance(addresses, list)
        and bool(addresses)
        and all(isinstance(address, str) and ":" in address for address in addresses)
    )


def _index(value: Any) -> int | None:
    # Job arrays and Kubernetes write the index as text.
    try:
        return int(value)
    except (TypeError, ValueError):
        return None


def _unusable(reason: str) -> UserError:
    return UserError(
        f"TF_CONFIG cannot be used: {reason}.",
        where="environment variable TF_CONFIG",
        expected=EXPECTED,
        remedy="Correct it, or unset it to train in one process.",
    )


def _of_slurm(environment: Mapping[str, str]) -> Cluster:
    tasks = int(environment["SLURM_STEP_NUM_TASKS"])
    servers = int(environment.get(SERVERS_UNDER_SLURM) or 0)
    jobs = {WORKER: tasks}
    if servers:
        if tasks < servers + 2:
            raise UserError(
                f"The step has {tasks} tasks, too few for {servers} servers.",
                where=f"{SERVERS_UNDER_SLURM}={servers}",
                expected="a task for the chief, one for each server and at least one worker",
                remedy=f"Give srun --ntasks={servers + 2} or more.",
            )
        jobs = {CHIEF: 1, WORKER: tasks - servers - 1, SERVER: servers}
    hosts = hosts_of(environment["SLURM_STEP_NODELIST"])
    each = tasks_of(environment["SLURM_STEP_TASKS_PER_NODE"])
    # By job, so that two jobs that share a node do not meet.
    port = FIRST_PORT + int(environment.get("SLURM_JOB_ID", 0)) % PORTS
    places = [
        f"{host}:{port + local}"
        for host, count in zip(hosts, each, strict=True)
        for local in range(count)
    ]
    addresses: dict[str, list[str]] = {}
    ranks: list[tuple[str, int]] = []
    for job, count in jobs.items():
        addresses[job] = places[len(ranks) : len(ranks) + count]
        ranks += [(job, index) for index in range(count)]
    job, index = ranks[int(environment["SLURM_PROCID"])]
    return Cluster(addresses, job, index, f"SLURM step of {tasks} tasks")

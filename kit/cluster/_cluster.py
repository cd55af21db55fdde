"""A cluster of processes, seen from one of them."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

CHIEF = "chief"
WORKER = "worker"
"""Job of the processes that train."""
SERVER = "ps"
JOBS = (CHIEF, WORKER, SERVER)


@dataclass(frozen=True)
class Cluster:
    """Who trains together, and which of them this process is.

    Args:
        addresses: "host:port" of each task, by job: "worker", maybe "chief" and "ps".
        job: that of this process.
        index: its place among the tasks of its job.
        origin: where this was learned from, for messages.

    Example:

    >>> pair = {"worker": ["localhost:5000", "localhost:5001"]}
    >>> Cluster(pair, "worker", 1, "TF_CONFIG").is_chief
    False
    """

    addresses: Mapping[str, Sequence[str]]
    job: str
    index: int
    origin: str

    @property
    def is_chief(self) -> bool:
        """Whether this process is the one that measures and writes."""
        first = CHIEF if CHIEF in self.addresses else WORKER
        return (self.job, self.index) == (first, 0)

    @property
    def has_servers(self) -> bool:
        """Whether parameters lie on servers of their own."""
        return SERVER in self.addresses

    @property
    def size(self) -> int:
        """Processes in all."""
        return sum(map(len, self.addresses.values()))

    def tf_config(self) -> str:
        """The same as TensorFlow reads it, JSON."""
        cluster = {job: list(addresses) for job, addresses in self.addresses.items()}
        return json.dumps({"cluster": cluster, "task": {"type": self.job, "index": self.index}})

    def __str__(self) -> str:
        counts = ", ".join(f"{len(tasks)} {job}" for job, tasks in sorted(self.addresses.items()))
        return f"{self.origin}: {counts}; this is {self.job} {self.index}"

"""What all the files agree on: who trains, with how much of everything, under which name."""

from dataclasses import dataclass
from pathlib import Path

from kit.cluster._cluster import CHIEF, SERVER, WORKER

MARK = "Written by `kit deploy train`, which rewrites it."

# How long a process that is told to stop has for its checkpoint.
SAVE_SECONDS = 120

# How the `kit` command ends on a mistake of the user's, which would be repeated.
MISTAKE = 2


@dataclass(frozen=True)
class Plan:
    """A training in several processes, before it is written down.

    Args:
        command: what every process runs.
        name: a valid name of Kubernetes, for everything that needs one.
        workers: processes that compute.
        servers: processes that hold parameters; with any there is a chief too, as in TensorFlow.
        cpus: of one process.
        memory: of one process, in MiB.
        gpus: of one chief or worker.
        image: with a version as its tag; None for no files of Kubernetes.
        storage: the PersistentVolumeClaim with data, checkpoints and models.
        time: SLURM's limit.
        partition: SLURM's; None for the cluster's default.
        restarts: most often, of all processes together.
        output: where the files go.
    """

    command: tuple[str, ...]
    name: str
    workers: int
    servers: int
    cpus: int
    memory: int
    gpus: int
    image: str | None
    storage: str
    time: str
    partition: str | None
    restarts: int
    output: Path

    @property
    def jobs(self) -> dict[str, int]:
        """Processes of each job, in the order in which a SLURM step counts them.

        Example:

        >>> pass  # SELF
        >>> two = ((), "n", 2, 1, 1, 1, 0, None, "s", "1", None, 1, Path())
        >>> Plan(*two).jobs
        {'chief': 1, 'worker': 2, 'ps': 1}
        """
        if not self.servers:
            return {WORKER: self.workers}
        return {CHIEF: 1, WORKER: self.workers, SERVER: self.servers}

    @property
    def processes(self) -> int:
        return sum(self.jobs.values())

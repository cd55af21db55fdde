"""What all the files agree on: names, sizes, flags, and how they follow from the models."""

import math
from dataclasses import dataclass
from pathlib import Path

from kit.serving.deployment._served import Served

MARK = "Written by `kit deploy`, which rewrites it."
GRPC_PORT, REST_PORT = 8500, 8501
REST_TIMEOUT_SECONDS = 10
METRICS_PATH = "/monitoring/prometheus/metrics"

# Memory in MiB: the server itself, and for each MiB of a version on disk what it takes when loaded
# and what the answers under way take. Measured: 300 MiB of 300,000 items and 400,000 users (64
# dimensions) took 1,036 when loaded, as ids become strings and tables of them, and 156 more for
# two batches of 64. Two versions are in memory while one takes over from the other.
SERVER_MEMORY = 512
LOADED_PER_BYTE = 3.5
ANSWERS_PER_BYTE = 1
VERSIONS = 2


@dataclass(frozen=True)
class Plan:
    """A deployment, before it is written down.

    Args:
        models: what the server serves.
        name: a valid name of Kubernetes, for everything that needs one.
        image: with a version as its tag.
        replicas: the least there are; four times as many at most.
        cpus: of one replica.
        memory: of one replica, in MiB.
        batching: whether the server joins requests of different clients.
        storage_uris: where KServe finds each model, by name.
        output: where the files go.
    """

    models: tuple[Served, ...]
    name: str
    image: str
    replicas: int
    cpus: int
    memory: int
    batching: bool
    storage_uris: dict[str, str]
    output: Path

    @property
    def variable_length(self) -> list[str]:
        return [f"{model.name}: {name}" for model in self.models for name in model.variable_length]

    @property
    def flags(self) -> list[str]:
        """Command line of `tensorflow_model_server`."""
        batching = ["--enable_batching=true", "--batching_parameters_file=/config/batching.config"]
        return [
            f"--port={GRPC_PORT}",
            f"--rest_api_port={REST_PORT}",
            f"--rest_api_timeout_in_ms={REST_TIMEOUT_SECONDS * 1000}",
            "--model_config_file=/config/models.config",
            "--monitoring_config_file=/config/monitoring.config",
            *(batching if self.batching else ["--enable_batching=false"]),
            "--enable_model_warmup=true",
            *self.thread_flags,
        ]

    @property
    def thread_flags(self) -> list[str]:
        # TensorFlow counts the machine's processors, not those the container may use.
        return [
            f"--tensorflow_intra_op_parallelism={self.cpus}",
            f"--tensorflow_inter_op_parallelism={self.cpus}",
        ]


def memory_for(models: tuple[Served, ...]) -> int:
    """MiB for one replica, rounded up to 256.

    Example:

    >>> from pathlib import Path
    >>> memory_for((Served("m", Path("m"), None, 100 * 2**20, ()),))
    1536
    """
    size = sum(model.size for model in models) / 2**20
    models_memory = size * (VERSIONS * LOADED_PER_BYTE + ANSWERS_PER_BYTE)
    return 256 * math.ceil((SERVER_MEMORY + models_memory) / 256)


def claim(name: str) -> str:
    """The PersistentVolumeClaim that holds MODEL/VERSION of every model at its root."""
    return f"{name}-models"

"""From a command to the files that run it on several machines."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path

from kit.cluster.deployment._kubeflow import network_policy, train_job, training_runtime
from kit.cluster.deployment._plan import MARK, Plan
from kit.cluster.deployment._readme import readme
from kit.cluster.deployment._slurm import slurm
from kit.errors import UserError
from kit.manifests import kubernetes_name, mebibytes, pinned_image, write

# Names of pods end in the likes of "-node-0-1000-abcde" and have at most 63 characters.
NAME_LENGTH = 40

TIME = r"\d+(:\d+){0,2}|\d+-\d+(:\d+){0,2}"
PARTITION = r"[A-Za-z0-9_.][A-Za-z0-9_.,-]*"
CLAIM = r"[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?"


@dataclass(frozen=True)
class TrainingFiles:
    """What was written.

    Args:
        folder: where.
        files: paths inside it.
        name: of the training, for Kubernetes and SLURM.
        processes: how many there are in each job.
        notes: what the operator should know.
    """

    folder: Path
    files: list[str]
    name: str
    processes: dict[str, int]
    notes: list[str]


def deploy_training(
    command: Sequence[str],
    output: Path | None = None,
    *,
    name: str | None = None,
    workers: int = 2,
    servers: int = 0,
    cpus: int = 4,
    memory: str = "8Gi",
    gpus: int = 0,
    image: str | None = None,
    storage: str | None = None,
    time: str = "1-00:00:00",
    partition: str | None = None,
    restarts: int = 10,
) -> TrainingFiles:
    """Write files that run a command in several processes, under Kubeflow Trainer and SLURM.

    Args:
        command: what every process runs, such as `["kit", "train", "two-tower", ...]`. It learns
            who it is from TF_CONFIG or from SLURM's variables (`kit.cluster`).
        output: where the files go; None for `deploy/NAME`. Files of an earlier call are rewritten.
        name: of the training; None for "train-" and what the command trains.
        workers: processes that compute.
        servers: processes that hold parameters. With any, the first process is the chief.
        cpus: processors of one process.
        memory: of one process, such as "8Gi" or "512Mi".
        gpus: of one process that is no server.
        image: with a version as its tag; None for no files of Kubernetes, as no public image has
            what the command needs.
        storage: the PersistentVolumeClaim with data, checkpoints and models; None for
            `NAME-storage`.
        time: SLURM's limit, as SLURM writes it. At the limit the training is queued again.
        partition: SLURM's; None for the cluster's default.
        restarts: most often, of all processes together.

    Raises:
        UserError: a setting or an output folder that will not do.
    """
    name = _name(command) if name is None else name
    name = kubernetes_name(name)[:NAME_LENGTH].rstrip("-")
    plan = Plan(
        command=tuple(command),
        name=name,
        workers=workers,
        servers=servers,
        cpus=cpus,
        memory=mebibytes(memory),
        gpus=gpus,
        image=None if image is None else pinned_image(image),
        storage=f"{name}-storage" if storage is None else storage,
        time=time,
        partition=partition,
        restarts=restarts,
        output=Path("deploy") / name if output is None else output,
    )
    _check(plan)
    notes = _notes(plan)
    files = {"README.md": readme(plan, notes), "train.sbatch": slurm(plan)}
    if plan.image is not None:
        files |= {
            "networkpolicy.yaml": network_policy(plan),
            "runtime.yaml": training_runtime(plan),
            "trainjob.yaml": train_job(plan),
        }
    write(plan.output, files, MARK)
    return TrainingFiles(plan.output, list(files), name, plan.jobs, notes)


def _name(command: Sequence[str]) -> str:
    start = command.index("train") if "train" in command else 0
    words = list(takewhile(lambda word: not word.startswith("-"), command[start:]))
    return f"train-{Path(words[-1]).stem}" if words else "train"


def _check(plan: Plan) -> None:
    for value, option, pattern, expected in (
        (plan.time, "--time", TIME, "MINUTES, HOURS:MINUTES:SECONDS or DAYS-HOURS:MINUTES:SECONDS"),
        (plan.partition, "--partition", PARTITION, "a partition's name, or several with commas"),
        (plan.storage, "--storage", CLAIM, "small letters, digits, dashes and dots"),
    ):
        if value is not None and not re.fullmatch(pattern, value, re.ASCII):
            raise UserError(
                f"{value!r} will not do.",
                where=option,
                expected=expected,
                remedy=f"Give another, or leave {option} out.",
            )
    try:
        "".join(plan.command).encode()
    except UnicodeEncodeError:
        raise UserError(
            "The command is no text that can be written into a file.",
            where=repr(plan.command),
            expected="words in UTF-8",
            remedy="Rename the file or the value that is not.",
        ) from None


def _notes(plan: Plan) -> list[str]:
    notes = []
    if plan.image is None:
        notes.append(
            "There are no files for Kubernetes: they need an image that has this kit, and none is "
            "public. Give yours: --image NAME:VERSION"
        )
    if plan.gpus and plan.servers:
        notes.append("Under SLURM the chief and the servers get as many GPUs as a worker.")
    return notes

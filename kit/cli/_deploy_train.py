"""Files that train on several machines."""

from pathlib import Path
from typing import Any

import click

from kit.console import Command, echo, print_table

EXAMPLE = (
    "kit deploy train --workers 4 --image registry.example.com/kit:1.0 -- "
    "kit train two-tower --data interactions.csv"
)


@click.command(cls=Command, example=EXAMPLE, context_settings={"allow_interspersed_args": False})
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED)
@click.option("--output", type=click.Path(path_type=Path), help="Folder.  [default: deploy/NAME]")
@click.option("--name", help="Of the training.  [default: train-RECIPE]")
@click.option(
    "--workers",
    type=click.IntRange(min=1),
    default=2,
    show_default=True,
    help="Processes that compute.",
)
@click.option(
    "--servers",
    type=click.IntRange(min=0),
    default=0,
    show_default=True,
    help="Processes that hold parameters; with any there is a chief too.",
)
@click.option(
    "--cpus", type=click.IntRange(min=1), default=4, show_default=True, help="Of one process."
)
@click.option("--memory", metavar="SIZE", default="8Gi", show_default=True, help="Of one process.")
@click.option(
    "--gpus", type=click.IntRange(min=0), default=0, show_default=True, help="Of one process."
)
@click.option(
    "--image",
    metavar="NAME:VERSION",
    help="Container image that has this kit. Without it there are no files for Kubernetes.",
)
@click.option(
    "--storage",
    metavar="CLAIM",
    help="PersistentVolumeClaim where data, checkpoints and models live; the command runs in it.  "
    "[default: NAME-storage]",
)
@click.option("--time", default="1-00:00:00", show_default=True, help="SLURM's limit.")
@click.option("--partition", help="SLURM's partition.  [default: the cluster's]")
@click.option(
    "--restarts",
    type=click.IntRange(min=0),
    default=10,
    show_default=True,
    help="Most often, of all processes together.",
)
def train(command: tuple[str, ...], **settings: Any) -> None:
    """Write files that run COMMAND in several processes: Kubeflow Trainer, SLURM.

    COMMAND stands last, behind `--`. Every process runs it, and learns from its surroundings who
    trains with it.
    """
    from kit.cluster.deployment import deploy_training

    written = deploy_training(command, **settings)
    print_table(str(written.folder), ["file"], [[file] for file in written.files])
    counts = ", ".join(f"{count} {job}" for job, count in written.processes.items())
    echo(f"{written.name}: {counts}.")
    for note in written.notes:
        echo(f"Note: {note}")

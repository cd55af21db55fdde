"""kit deploy and kit deploy-train."""

from pathlib import Path
from typing import Any

import click

from kit.cli._open_export import EXAMPLE_FOLDER
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


class Deploy(click.Group):
    """A group in which a folder means that it is to be served."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if args and args[0] not in (*self.commands, *ctx.help_option_names):
            args = ["serve", *args]
        return super().parse_args(ctx, args)


@click.group(
    cls=Deploy,
    subcommand_metavar="[serve] DIR | train -- COMMAND",
    epilog=f"\b\nExamples:\n  kit deploy {EXAMPLE_FOLDER}\n  {EXAMPLE}",
)
def deploy() -> None:
    """Write files for serving a model, or for training on several machines."""


deploy.add_command(train)


@deploy.command(cls=Command, example=f"kit deploy serve {EXAMPLE_FOLDER}")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option("--output", type=click.Path(path_type=Path), help="Folder.  [default: deploy/NAME]")
@click.option("--model-name", metavar="NAME", help="Clients' name of it.  [default: the folder's]")
@click.option("--replicas", type=click.IntRange(min=1), default=2, show_default=True)
@click.option("--cpus", type=click.IntRange(min=1), default=2, show_default=True)
@click.option("--memory", metavar="SIZE", help="Such as 2Gi.  [default: from the model's size]")
@click.option("--image", metavar="NAME:VERSION", help="[default: tensorflow/serving:VERSION]")
@click.option(
    "--batching/--no-batching",
    default=None,
    help="Join requests of different clients.  [default: where no input is of variable length]",
)
@click.option("--storage-uri", metavar="URI", help="Where KServe finds DIR.")
def serve(
    folder: Path,
    output: Path | None,
    model_name: str | None,
    replicas: int,
    cpus: int,
    memory: str | None,
    image: str | None,
    batching: bool | None,
    storage_uri: str | None,
) -> None:
    """Write files for stock TensorFlow Serving: configuration, compose, Kubernetes, KServe.

    DIR is a model's folder, one of its versions, or a folder of models.
    """
    from kit.serving.deployment import deploy as write_deployment

    deployed = write_deployment(
        folder,
        output,
        model_name=model_name,
        replicas=replicas,
        cpus=cpus,
        memory=memory,
        image=image,
        batching=batching,
        storage_uri=storage_uri,
    )
    print_table(str(deployed.folder), ["file"], [[file] for file in deployed.files])
    echo(f"{', '.join(deployed.models)} on {deployed.image}, {deployed.memory} MiB a replica.")
    for note in deployed.notes:
        echo(f"Note: {note}")

"""Files for what runs elsewhere: a server, or a training on several machines."""

from pathlib import Path

import click

from kit.cli._artefact import EXAMPLE_FOLDER
from kit.cli._deploy_train import EXAMPLE, train
from kit.console import Command, echo, print_table


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

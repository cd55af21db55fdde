"""Reading a source once for many trainings."""

from pathlib import Path

import click

from kit.console import Command, DataOptions, echo, source_argument, tell_data


@click.command(cls=Command, example="kit prepare online-retail prepared/online-retail")
@source_argument
@click.argument("folder", type=click.Path(path_type=Path))
def prepare(data: DataOptions, folder: Path) -> None:
    """Read, split and encode SOURCE once, into FOLDER.

    Training with --data FOLDER begins at once and reads each batch from the disk.
    """
    from kit.data import prepare

    dataset = data.split_of(data.open())
    prepare(dataset, folder)
    tell_data(dataset, data, echo)
    echo(f"next:      kit train two-tower --data {folder}")

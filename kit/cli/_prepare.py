"""Reading a source once for many trainings."""

from pathlib import Path

import click

from kit.config import DataOptions
from kit.console import Command, echo, options, warn


@click.command(cls=Command, example="kit prepare online-retail prepared/online-retail")
@options(DataOptions, "data", source_is_argument=True)
@click.argument("folder", type=click.Path(path_type=Path))
def prepare(data: DataOptions, folder: Path) -> None:
    """Read, split and encode SOURCE once, into FOLDER.

    Training with --data FOLDER begins at once and reads each batch from the disk.
    """
    from kit.data import data_warnings, prepare
    from kit.tasks import data_lines

    dataset = data.split_of(data.open())
    prepare(dataset, folder)
    for line in data_lines(dataset, data.weight_column):
        echo(line)
    warn(data_warnings(dataset))
    echo(f"next:      kit train two-tower --data {folder}")

"""kit data and kit prepare."""

from pathlib import Path

import click

from kit.config import DataOptions
from kit.console import Command, echo, options, print_table, warn
from kit.errors import UserError


@click.command(cls=Command, example="kit data online-retail")
@options(DataOptions, "data", source_is_argument=True)
def data(data: DataOptions) -> None:
    """Profile SOURCE before anything is trained on it."""
    from kit.data import data_warnings, profile
    from kit.tasks import rating_line

    source = data.open()
    unsplit = None
    try:
        dataset = data.split_of(source)
    except UserError as error:
        dataset, unsplit = None, error
    section, rows = "", []
    for part, label, value in profile(source, dataset).rows():
        rows.append([part if part != section else "", label, value])
        section = part
    print_table(source.name, ["", "", ""], rows)
    if unsplit is not None:
        raise unsplit
    if dataset is not None:
        if (line := rating_line(dataset, data.weight_column)) is not None:
            echo(line)
        warn(data_warnings(dataset))


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

"""Looking at data before anything is trained on it."""

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

"""kit data and kit prepare."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from kit.config import DataOptions
from kit.console import Command, echo, options, print_table, warn
from kit.errors import UserError

if TYPE_CHECKING:
    import polars as pl


@click.command(cls=Command, example="kit data online-retail")
@options(DataOptions, "data", source_is_argument=True)
@click.option(
    "--suspicious",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Write the ids of users that stand out most, as made-up ones do, for --without-users.",
)
@click.option(
    "--share",
    type=click.FloatRange(0, 1, min_open=True),
    default=0.05,
    show_default=True,
    help="Of the users, how many --suspicious writes.",
)
def data(data: DataOptions, suspicious: Path | None, share: float) -> None:
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
    if suspicious is not None:
        write_suspicious(source.interactions, suspicious, share)
    if unsplit is not None:
        raise unsplit
    if dataset is not None:
        if (line := rating_line(dataset, data.weight_column)) is not None:
            echo(line)
        warn(data_warnings(dataset))


def write_suspicious(interactions: "pl.DataFrame", file: Path, share: float) -> None:
    """Write the ids of users that stand out most, one a line, and say what stands out."""
    from kit.data import most_suspicious, suspicion_of_log

    found = suspicion_of_log(interactions)
    users = most_suspicious(found.users, share)
    try:
        file.write_text("".join(f"{user}\n" for user in users), encoding="utf-8")
    except OSError as error:
        raise UserError(
            "The list of suspicious users cannot be written.",
            where=str(file),
            expected="a file in a folder that exists",
            remedy="Name another file.",
        ) from error
    echo(
        f"suspicious: {len(users):,} users written to {file}; {found.near_duplicates:,} histories "
        "are nearly those of others"
    )
    echo(f"suspicious: items whose users stand out most: {', '.join(found.items)}")


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

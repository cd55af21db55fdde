"""kit data and kit prepare."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from kit.cli._engine import engine_options, engine_session
from kit.config import DataOptions
from kit.console import (
    Command,
    command_line,
    echo,
    options,
    print_table,
    quiet_tensorflow,
    warn,
)
from kit.errors import UserError

if TYPE_CHECKING:
    import polars as pl

    from kit.data import Source


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
    default=0.1,
    show_default=True,
    help="Of the users, how many --suspicious writes.",
)
@click.option(
    "--report",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Write a page, FILE.html: retention by cohort, repeat rate, and items that go together.",
)
@click.option(
    "--against",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Compare it with what this export of a recommender was trained on. The exit code is 0 if "
    "it is fine, 1 if somebody should look at it first, 2 if it cannot be read.",
)
def data(
    data: DataOptions,
    suspicious: Path | None,
    share: float,
    report: Path | None,
    against: Path | None,
) -> None:
    """Profile SOURCE before anything is trained on it."""
    from kit.data import data_warnings, profile
    from kit.tasks import rating_line

    for option, file in (("--suspicious", suspicious), ("--report", report)):
        if against is not None and file is not None:
            raise click.UsageError(f"{option} does not go with --against, which only compares.")
    source = data.open()
    if against is not None:
        compare_with_export(source, against)
        return
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
    if report is not None:
        write_page(source, report)
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


def write_page(source: "Source", file: Path) -> None:
    """Write what a log tells of who comes back and what goes together, as HTML."""
    from kit.report import log_page

    try:
        file.write_text(log_page(source, command=command_line()), encoding="utf-8")
    except OSError as error:
        raise UserError(
            f"The report cannot be written: {error.strerror or error}.",
            where=str(file),
            expected="a file in a folder that exists",
            remedy="Name another: --report FILE.html",
        ) from error
    echo(f"report:    {file}")


def compare_with_export(source: "Source", folder: Path) -> None:
    """Print what changed since an export was trained; exit with 1 if it is not fine."""
    quiet_tensorflow()
    from kit.exports import check_data

    found = check_data(source, folder)
    rows = [
        [one.name, one.before, one.now, "look at it" if one.problem else ""] for one in found.checks
    ]
    print_table(f"{source.name} against {found.version}", ["", "before", "now", ""], rows)
    if len(found.movers):
        movers = [
            [name or item, f"{before:.2%}", f"{now:.2%}"]
            for item, name, before, now in found.movers.iter_rows()
        ]
        print_table("largest changes of shares of users", ["item", "before", "now"], movers)
    for problem in found.problems:
        echo(f"refused:   {problem}", color="red", err=True)
    if not found.is_fine:
        raise click.exceptions.Exit(1)
    echo(f"fine:      {found.rows:,} new rows; train on them: kit train ... --from {folder}")


@click.command(cls=Command, example="kit prepare online-retail prepared/online-retail")
@options(DataOptions, "data", source_is_argument=True)
@click.argument("folder", type=click.Path(path_type=Path))
@engine_options
def prepare(data: DataOptions, folder: Path, engine: str, master: str | None) -> None:
    """Read, split and encode SOURCE once, into FOLDER.

    Training with --data FOLDER begins at once and reads each batch from the disk. With --engine
    spark SOURCE is whatever Spark reads by its URL, such as hdfs:// or s3a://, and FOLDER is the
    same, on this machine.
    """
    from kit.data import check_new_folder, data_warnings, prepare
    from kit.tasks import data_lines

    check_new_folder(folder)
    with engine_session(engine, master) as session:
        if session is None:
            source = data.open()
        else:
            from kit.data.spark import SparkReader

            source = data.open(SparkReader(session))
    dataset = data.split_of(source)
    prepare(dataset, folder)
    for line in data_lines(dataset, data.weight_column):
        echo(line)
    warn(data_warnings(dataset))
    echo(f"next:      kit train two-tower --data {folder}")

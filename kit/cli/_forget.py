"""Taking people out of an export."""

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kit.cli._open_export import EXAMPLE_FOLDER, checked_version, trust_option
from kit.cli._options_again import file_of_ids, options_again, recipe_of_log
from kit.config import read_ids
from kit.console import Command, echo, quiet_tensorflow
from kit.errors import UserError

if TYPE_CHECKING:
    from kit.exports import Card

PATH = click.Path(path_type=Path)


@click.command(cls=Command, example=f"kit forget {EXAMPLE_FOLDER} --user 42")
@click.argument("folder", type=PATH)
@click.option("--user", "users", multiple=True, metavar="ID", help="Who to forget, repeatable.")
@click.option("--users", "file", type=PATH, metavar="FILE", help="Ids of many, one a line.")
@click.option(
    "--retrain",
    is_flag=True,
    help="Train again without them, with the options of the card; the report is replaced.",
)
@click.option(
    "--data", metavar="SOURCE", help="What --retrain learns from.  [default: as the card says]"
)
@click.option("--report", metavar="FOLDER", help="Report of --retrain.  [default: reports/RECIPE]")
@click.option(
    "--also",
    type=PATH,
    multiple=True,
    metavar="PATH",
    help="Search this file or folder, too, such as reports, prepared data or checkpoints; "
    "repeatable. It is not changed.",
)
@click.option(
    "--delete-old-versions", is_flag=True, help="Delete the versions that still hold them."
)
@click.option(
    "--sign", "key", type=PATH, metavar="FILE", help="Sign the new version, see kit sign."
)
@trust_option
def forget(
    folder: Path,
    users: tuple[str, ...],
    file: Path | None,
    retrain: bool,
    data: str | None,
    report: str | None,
    also: tuple[Path, ...],
    delete_old_versions: bool,
    key: Path | None,
    trust: bool,
) -> None:
    """Write a version of a model without some people, with a proof.

    Ids, vectors and histories leave the tables of the export, and requests for them are answered as
    those for unknown users; nobody else's answers change. What was learned from everybody together
    stays as it was until --retrain. Every file of the new version is searched for the ids, and
    assets.extra/forgotten.json says so without naming them. Of recommenders and customer-value. The
    exit code is 1 if a path of --also, or a version that was not deleted, holds somebody.
    """
    if not users and file is None:
        raise click.UsageError("Say who: --user ID or --users FILE.")
    if not retrain and (data or report):
        raise click.UsageError("--data and --report go with --retrain.")
    from kit.exports import check_private_key, read_card

    if key is not None:
        check_private_key(key)
    ids = sorted({*users, *(read_ids(file) if file is not None else ())})
    version = checked_version(folder, trust=trust)
    card = read_card(version)
    quiet_tensorflow()
    from kit.exporting import files_with, versions_with, write_proof
    from kit.exporting import forget as forget_in
    from kit.exports import sign

    for path in also:
        # What --retrain writes may be still to come.
        if not path.exists() and not retrain:
            raise UserError("There is no such file or folder.", where=f"--also {path}")
    new: Path | None
    if retrain:
        new = _trained_again(card, version, ids, data, report)
        receipt, scanned = write_proof(new, ids)
        older = versions_with(new.parent, ids, besides=new)
    else:
        done = forget_in(version, ids, trust=trust)
        new, receipt, scanned, older = done.version, done.receipt, done.scanned, done.older
        echo(f"forgotten: {done.people:,} people, {done.unknown:,} ids were unknown")
        if done.was_signed and key is None:
            echo("note:      the version before was signed, this one is not: kit sign")
    if new is not None:
        if key is not None:
            sign(new, key, trust=True)
        echo(f"searched:  {scanned:,} files, 0 hits")
        echo(f"receipt:   {receipt}  (opens the proof; keep it elsewhere)")
        if not retrain:
            echo("note:      what was learned from everybody counts them until --retrain")
        echo(f"model:     {new}")
    held = _other_versions(older, delete_old_versions)
    for path in also:
        for found, count in files_with(path, ids).items():
            echo(f"held by:   {found}: {count:,} of the ids", color="red", err=True)
            held = True
    if held:
        raise click.exceptions.Exit(1)


def _other_versions(older: Mapping[Path, int], delete: bool) -> bool:
    """Delete or name the versions that hold somebody; whether some are left."""
    for version, count in sorted(older.items()):
        whom = f"{count:,} of them" if count else "nobody knows whom: it cannot be read"
        if delete and count:
            shutil.rmtree(version)
            echo(f"deleted:   {version}, which held {whom}")
        else:
            echo(f"held by:   {version}: {whom}; --delete-old-versions", color="red", err=True)
    return any(version.exists() for version in older)


def _trained_again(
    card: "Card", version: Path, ids: Sequence[str], data: str | None, report: str | None
) -> Path:
    """The version that training without some users made."""
    from kit.pipeline import run

    recipe = recipe_of_log(card, version)
    with file_of_ids(ids) as gone:
        places = {"output": str(version.parent), "report": report, "without_users": gone}
        options = options_again(recipe, card, version, data=data, **places)
        new = (recipe.run or run)(recipe, options)
    if new is None:
        raise UserError(
            "Only one process can forget.",
            where="--retrain",
            remedy="Train in the cluster: kit train ... --without-users FILE.",
        )
    return Path(new)

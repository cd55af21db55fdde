"""Holding an export against what the live model answered."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from kit.cli._open_export import EXAMPLE_FOLDER, public_key_option, trust_option
from kit.console import Command, echo, print_table

if TYPE_CHECKING:
    from kit.exports import SignatureCheck


@click.command(cls=Command, example=f"kit verify {EXAMPLE_FOLDER}")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--operations", is_flag=True, help="List the operations the graph is made of.")
@public_key_option
@trust_option
def verify(folder: Path, operations: bool, public_key: Path | None, trust: bool) -> None:
    """Check an export: its files, and its answers through three loaders.

    Size and checksum of every file are held against the export's manifest, and the graph against
    what exports of this kit can do: a model is a program. Then the export is loaded by
    tf.saved_model.load, by the session loader of TensorFlow 1 and by TensorFlow's C library, in
    processes without Keras and this kit, and every signature has to answer as the live model did.
    The exit code is 1 if anything is not as it was written, or not signed by --public-key. Without
    it nobody vouches for the export: whoever can change its files can change its manifest, too.
    """
    from kit.exports import read_graph, version_folder
    from kit.exports import verify as verify_export

    version = version_folder(folder)
    checks = verify_export(version, trust=trust, public_key=public_key)
    _print_checks(version, checks)
    failed = [check for check in checks if not check.passed]
    if not failed:
        used = sorted(read_graph(version).operations)
        foreign = sorted({check.reason for check in checks if check.reason})
        echo("files:      as the manifest has them")
        echo(f"signature:  {_signature(version, public_key)}")
        echo(f"operations: {len(used)}, {'; '.join(foreign) or 'all of core TensorFlow'}")
        if operations:
            echo(", ".join(used))
        return
    for check in failed:
        echo(str(check), color="red", err=True)
    raise click.exceptions.Exit(1)


def _signature(version: Path, public_key: Path | None) -> str:
    from kit.exports import SIGNATURE

    if public_key is not None:
        return f"by the key of {public_key}"
    if (version / SIGNATURE).is_file():
        return "not checked; say whose it has to be: --public-key FILE"
    return "unsigned: anybody could have written this"


def _print_checks(version: Path, checks: list["SignatureCheck"]) -> None:
    """One row a signature, one column a loader; the version alone if nothing was loaded."""
    loaders = [loader for loader in dict.fromkeys(check.loader for check in checks) if loader]
    if not loaders:
        echo(f"{version}: not loaded")
        return
    cells = {(check.signature, check.loader): _cell(check) for check in checks}
    rows = [
        [signature, *(cells.get((signature, loader), "") for loader in loaders)]
        for signature in dict.fromkeys(check.signature for check in checks)
    ]
    print_table(str(version), ["", *loaders], rows)


def _cell(check: "SignatureCheck") -> str:
    if not check.passed:
        return "FAILED"
    return "not possible" if check.reason else f"passed, {check.difference:.1e}"

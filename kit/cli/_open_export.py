"""Opening the export a command is given."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from kit.console import quiet_tensorflow

if TYPE_CHECKING:
    from kit.exports import LoadedExport

EXAMPLE_FOLDER = "saved_models/two-tower"
trust_option = click.option(
    "--trust",
    is_flag=True,
    help="Load the model even if it was changed or could do what no export of this kit does, such "
    "as write files; only if you know who made it.",
)
public_key_option = click.option(
    "--public-key",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="PEM file of the key that has to have signed it, see kit sign; --trust does not override "
    "this.",
)


def checked_version(folder: Path, *, trust: bool) -> Path:
    """The newest version in a folder, if it may be loaded; TensorFlow is not imported for that.

    Raises:
        UserError: there is none, or it should not be loaded.
    """
    from kit.exports import check_operations, version_folder

    version = version_folder(folder)
    check_operations(version, trust=trust)
    return version


def open_export(folder: Path, *, trust: bool = False) -> "LoadedExport":
    """The newest version in a folder, loaded."""
    version = checked_version(folder, trust=trust)
    quiet_tensorflow()
    from kit.exports import LoadedExport

    return LoadedExport(version, trust=trust)


def missing_folder(command: str) -> click.UsageError:
    """That the folder of an export was not given; the message names those that are here."""
    found = sorted({file.parent.parent for file in Path("saved_models").glob("*/*/saved_model.pb")})
    if found:
        return click.UsageError(f"Say which export: {command} {found[0]}")
    return click.UsageError(
        f"Say which export: {command} FOLDER. There is none in saved_models yet; train one: "
        "kit train two-tower --data online-retail"
    )

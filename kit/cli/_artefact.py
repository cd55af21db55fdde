"""Opening the export a command is given."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from kit.console import quiet_tensorflow

if TYPE_CHECKING:
    from kit.artefact.loaded import Artefact

EXAMPLE_FOLDER = "saved_models/two-tower"


def open_artefact(folder: Path) -> "Artefact":
    """The newest version in a folder, loaded."""
    from kit.artefact import version_folder

    version = version_folder(folder)
    quiet_tensorflow()
    from kit.artefact.loaded import Artefact

    return Artefact(version)


def missing_folder(command: str) -> click.UsageError:
    """That the folder of an export was not given; the message names those that are here."""
    found = sorted({file.parent.parent for file in Path("saved_models").glob("*/*/saved_model.pb")})
    if found:
        return click.UsageError(f"Say which export: {command} {found[0]}")
    return click.UsageError(
        f"Say which export: {command} FOLDER. There is none in saved_models yet; train one: "
        "kit train two-tower --data online-retail"
    )

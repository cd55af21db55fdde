"""Signing an export."""

from pathlib import Path

import click

from kit.cli._open_export import EXAMPLE_FOLDER, trust_option
from kit.console import Command, echo


@click.command(cls=Command, example=f"kit sign {EXAMPLE_FOLDER} --key key.pem")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option(
    "--key",
    type=click.Path(path_type=Path),
    required=True,
    metavar="FILE",
    help="PEM file of an unencrypted private key on the curve P-256, P-384 or P-521.",
)
@trust_option
def sign(folder: Path, key: Path, trust: bool) -> None:
    """Sign the newest version of an export, so that others can tell who wrote it.

    The signature, of every file, is OpenSSF's and lies beside the manifest, in
    assets.extra/model.sig. kit verify and kit serve check it with --public-key. An export that was
    changed, or that could do what no export of this kit does, is not signed. Needs the extra
    signing.
    """
    from kit.exports import SIGNATURE
    from kit.exports import sign as sign_version

    version = sign_version(folder, key, trust=trust)
    echo(f"signed:    {version / SIGNATURE}")
    echo("next:      kit verify FOLDER --public-key FILE, kit serve FOLDER --public-key FILE")

"""Versions of a model: which there are, their labels, and going back."""

from pathlib import Path

import click

from kit.cli._open_export import EXAMPLE_FOLDER
from kit.console import Command, echo, echo_json, print_table

METRICS_SHOWN = 1
UNITS = ("B", "kB", "MB", "GB", "TB")


@click.command(cls=Command, example=f"kit versions {EXAMPLE_FOLDER}")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document, see above.")
def versions(folder: Path, as_json: bool) -> None:
    """List the versions of a model, newest first.

    "served" are those that kit serve loads. "intact" is yes where every file is as the manifest
    has it, "signed" where there is a signature, which kit verify checks.

    --json prints {"versions": [{"version", "labels", "served", "created", "data", "metrics",
    "bytes", "problem", "signed"}]}.
    """
    from kit.exports import versions as versions_of

    found = versions_of(folder)
    if as_json:
        listed = [
            {
                "version": one.number,
                "labels": one.labels,
                "served": one.served,
                "created": one.created,
                "data": one.data,
                "metrics": dict(one.metrics),
                "bytes": one.size,
                "problem": one.problem,
                "signed": one.signed,
            }
            for one in found
        ]
        echo_json({"versions": listed})
        return
    rows = [
        [
            str(one.number),
            ", ".join(one.labels),
            _yes(one.served),
            one.created,
            one.data,
            ", ".join(f"{m} {v:.4f}" for m, v in [*one.metrics.items()][:METRICS_SHOWN]),
            _size(one.size),
            one.problem or "yes",
            _yes(one.signed),
        ]
        for one in found
    ]
    columns = ["version", "label", "served", "date", "data", "metric", "size", "intact", "signed"]
    print_table(str(folder), columns, rows)


def _yes(value: bool) -> str:
    return "yes" if value else ""


def _size(size: float) -> str:
    """Bytes in words.

    >>> _size(999), _size(12_345_678)
    ('999 B', '12.3 MB')
    """
    unit = 0
    while size >= 1000 and unit < len(UNITS) - 1:
        size, unit = size / 1000, unit + 1
    return f"{size:.0f} B" if not unit else f"{size:.1f} {UNITS[unit]}"


@click.command(cls=Command, example=f"kit label {EXAMPLE_FOLDER} 3 stable")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.argument("version", type=click.IntRange(min=0), required=False)
@click.argument("name", required=False)
@click.option("--remove", metavar="NAME", help="Take a label from its version.")
@click.option(
    "--policy",
    metavar="POLICY",
    help="Which versions are served beside the labelled ones: latest:N, all, or labelled for no "
    "others; without labels that is the newest.",
)
def label(
    folder: Path, version: int | None, name: str | None, remove: str | None, policy: str | None
) -> None:
    """Give VERSION of a model the label NAME, such as stable or canary.

    Servers load the labelled versions, and requests can ask for a label. Commands that are given
    DIR use the version with the label stable; DIR/NAME is the version with another label.
    """
    from kit.exports import label_version, remove_label, set_policy

    if (version is None) != (name is None):
        raise click.UsageError("Give both VERSION and NAME: kit label DIR 3 stable")
    if version is None and remove is None and policy is None:
        raise click.UsageError("Give VERSION NAME, --remove NAME or --policy POLICY.")
    if remove is not None:
        remove_label(folder, remove)
        echo(f"removed:   {remove}")
    if policy is not None:
        set_policy(folder, policy)
        echo(f"policy:    {policy}")
    if version is not None and name is not None:
        label_version(folder, version, name)
        echo(f"{name + ':':<10} version {version}")


@click.command(cls=Command, example=f"kit rollback {EXAMPLE_FOLDER}")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option("--label", "name", default="stable", show_default=True, help="Which label moves.")
def rollback(folder: Path, name: str) -> None:
    """Let the version answer again that had the label stable before.

    Without labels that is the version before the newest one, which gets the label.
    """
    from kit.exports import rollback as roll_back

    before, now = roll_back(folder, name)
    echo(f"{name + ':':<10} version {now}, before {before}")

"""Robustness of an export: what changed inputs and attacks leave of its quality."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import click

from kit.cli._evaluate import check_rows_are_left
from kit.cli._open_export import checked_version, trust_option
from kit.console import Command, echo, echo_json, print_table
from kit.errors import UserError

EXAMPLE = "kit robustness saved_models/image-classification"


@dataclass(frozen=True)
class Request:
    """What the command was asked for.

    Args:
        folder: of the export, as it was given.
        version: of the export.
        card: of the export.
        source: other data than it was trained on, or None.
        limit: examples at most.
        trust: load it whatever it could do.
        promote: the item that made-up users promote; None draws one of the tail.
        fakes: number of made-up users, as a share of the real ones.
        seed: of what is drawn.
    """

    folder: Path
    version: Path
    card: Any
    source: str | None
    limit: int
    trust: bool
    promote: str | None = None
    fakes: float = 0.05
    seed: int = 0


@dataclass(frozen=True)
class Measured:
    """What was measured.

    Args:
        title: the protocol.
        columns: headings of the table.
        rows: its cells.
        document: of --json.
        notes: lines below the table.
    """

    title: str
    columns: list[str]
    rows: list[list[str]]
    document: Mapping[str, Any]
    notes: list[str]


# Task to the module whose function `measure(request)` returns what was `Measured`; each is imported
# when it is asked for.
KINDS = {
    "retrieval": "kit.cli._robustness_profiles",
    "image-classification": "kit.cli._robustness_classes",
    "text-classification": "kit.cli._robustness_classes",
}


@click.command(cls=Command, example=EXAMPLE)
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--data", "source", metavar="SOURCE", help="Other data than it was trained on.")
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    default=1000,
    show_default=True,
    metavar="EXAMPLES",
    help="Most examples, or users, of test that are measured.",
)
@click.option(
    "--promote",
    metavar="ITEM",
    help="Of recommenders: the item to promote.  [default: one that few users have]",
)
@click.option(
    "--fakes",
    type=click.FloatRange(0, 1, min_open=True),
    default=0.05,
    show_default=True,
    metavar="SHARE",
    help="Of recommenders: made-up users, as a share of the real ones.",
)
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True)
@trust_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document, see above.")
def robustness(
    folder: Path,
    source: str | None,
    limit: int,
    promote: str | None,
    fakes: float,
    seed: int,
    trust: bool,
    as_json: bool,
) -> None:
    """Measure what changed inputs, or made-up users, do to a model.

    Images: noise, blur, JPEG, contrast and shift; FGSM of 2 and PGD of 8 of 255 levels, by
    gradients of the exported graph. PGD is an upper bound: AutoAttack would be lower. Texts:
    misspellings, case and letters that look alike. Recommenders of one stage are trained again with
    made-up users who promote an item, with and without leaving out users that stand out.

    --json prints {"protocol", "system", "metrics": {NAME: {"mean", "low", "high"}},
    "differences", "left_out": {NAME: REASON}}; low and high are a 95 % interval, of differences
    from paired resamples. Of recommenders it is {"item", "share", "runs": [{"kind", "defended",
    "detector", "reach@10", "median rank", "NDCG@10"}]}.
    """
    version = checked_version(folder, trust=trust)
    from kit.exports import read_card

    card = read_card(version)
    if card.task not in KINDS:
        raise UserError(
            "Robustness of such a model is not measured.",
            where=str(version),
            expected=f"an export of one of the tasks {', '.join(KINDS)}; it is of the task "
            f"{card.task or 'unknown'}",
            remedy="Measure it on harder data of your own: kit evaluate FOLDER --data SOURCE",
        )
    if card.task != "retrieval":
        check_rows_are_left(version, source)
    measure: Callable[[Request], Measured] = import_module(KINDS[card.task]).measure
    found = measure(Request(folder, version, card, source, limit, trust, promote, fakes, seed))
    if as_json:
        echo_json(dict(found.document))
        return
    print_table(found.title, found.columns, found.rows)
    for note in found.notes:
        echo(note)

"""Segments of the users of a recommender."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kit.cli._open_export import EXAMPLE_FOLDER, checked_version, trust_option
from kit.cli._write_table import write_table
from kit.console import Command, echo, echo_json, print_table, quiet_tensorflow
from kit.errors import UserError

if TYPE_CHECKING:
    from kit.exports import Recommender, Segments


@click.command(cls=Command, example=f"kit segments {EXAMPLE_FOLDER} --count 8")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option(
    "--count",
    type=click.IntRange(min=2),
    default=8,
    show_default=True,
    metavar="NUMBER",
    help="Number of segments.",
)
@click.option(
    "--data",
    "source",
    metavar="SOURCE",
    help="The log that describes the segments.  [default: what it was trained on]",
)
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, metavar="NUMBER")
@click.option("--force", is_flag=True, help="Also write segments that do not repeat.")
@click.option(
    "--no-export",
    is_flag=True,
    help="Describe the segments without a new version of the model.",
)
@click.option(
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="A .csv or .parquet file to write user_id, segment and rfm_segment to.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document, see above.")
@trust_option
def segments(
    folder: Path,
    count: int,
    source: str | None,
    seed: int,
    force: bool,
    no_export: bool,
    output: Path | None,
    as_json: bool,
    trust: bool,
) -> None:
    """Group the users of a recommender by what they like, beside recency, frequency and amount.

    Segments are k-means groups of the user vectors. Each is described by its size and by the items
    that most more of its users interacted with than of all. Groups that other seeds, or the other
    half of the users, would not give (adjusted Rand index below 0.5) are refused.

    A new version of the model, without training, has the signatures segment (user_id) and
    segment_history (history): number and name of the segment whose centre is nearest.

    --json prints {"vectors": {"seeds", "halves", "segments": [{"segment", "users", "users_share",
    "interactions_share", "weight_share", "days_since_last", "items": [{"name", "lift"}]}]},
    "rfm", "model"}: "rfm" of the same form, or null where the log has no times; "model" is the new
    version, or null.
    """
    version = checked_version(folder, trust=trust)
    from kit.exports import check_can_hold_segments, recommender_card

    card = recommender_card(version) if no_export else check_can_hold_segments(version)
    from kit.tasks import Retrieval

    try:
        log, missing = Retrieval.open_again(card, source), ""
    except UserError as error:
        if source is not None:
            raise
        log, missing = None, error.what
    quiet_tensorflow()
    from kit.exports import Recommender

    model = Recommender(version, trust=trust)
    found = model.segments(count, log=log, seed=seed)
    is_timed = log is not None and log.train.time is not None
    rfm = model.segments(count, log=log, by="rfm", seed=seed) if is_timed else None
    new: Path | None = None
    if not no_export and (found.repeats or force):
        from kit.exporting import export_segments

        new, _ = export_segments(version, found, force=force, trust=trust)
    if as_json:
        groups = {"vectors": _document(found), "rfm": rfm and _document(rfm)}
        echo_json({**groups, "model": new and str(new)})
    else:
        _print(found, "by their vectors", card.data.get("weight_column"))
        if rfm is not None:
            _print(rfm, "by recency, frequency and amount", card.data.get("weight_column"))
        elif missing:
            echo(f"note:      without the log, which cannot be opened again: {missing}")
        if new is not None:
            echo(f"model:     {new}")
    if not (found.repeats or force):
        found.check_repeats(
            remedy=f"{_fewer(model, count, seed)} --force writes them all the same."
        )
    if output is not None:
        users = found.users
        if rfm is not None and rfm.repeats:
            users = users.with_columns(rfm_segment=rfm.users["segment"])
        write_table(users, output, "segments")


def _fewer(model: "Recommender", count: int, seed: int) -> str:
    for fewer in range(count - 1, 1, -1):
        if model.segments(fewer, seed=seed).repeats:
            return f"{fewer} segments repeat: --count {fewer}."
    return "No smaller number of segments repeats."


def _document(found: "Segments") -> dict[str, object]:
    stability = {key: value for key, value in asdict(found).items() if key in ("seeds", "halves")}
    return {**stability, "segments": found.table.to_dicts()}


def _print(found: "Segments", what: str, weight: str | None) -> None:
    table = found.table
    shown = {
        "segment": "segment",
        "users": "users",
        "users_share": "of users",
        "interactions_share": "of interactions",
        "weight_share": f"of {weight or 'weights'}",
        "days_since_last": "days since last",
    }
    columns = [name for name in shown if table[name].null_count() < len(table)]

    def cell(name: str, value: float | None) -> str:
        if value is None:
            return ""
        return f"{value:.1%}" if name.endswith("share") else f"{value:,.0f}"

    print_table(
        f"{len(found.users):,} users {what}; adjusted Rand index {found.seeds:.2f} over seeds, "
        f"{found.halves:.2f} over halves of the users"
        + ("" if found.repeats else ": these groups do not repeat"),
        [*(shown[name] for name in columns), "over-represented items (lift)"],
        [
            [
                *(cell(name, row[name]) for name in columns),
                ", ".join(f"{item['name']} ({item['lift']:.1f})" for item in row["items"]),
            ]
            for row in table.to_dicts()
        ],
    )

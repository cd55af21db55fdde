"""Why an item is recommended."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kit.cli._open_export import EXAMPLE_FOLDER, missing_folder, open_export, trust_option
from kit.console import Command, echo, echo_json, print_rows, print_table

if TYPE_CHECKING:
    from kit.exports import Explanation, LoadedExport

SHOWN = 5
OTHER = "other items"
PARTS = {
    "base": "the average item",
    "prior": "popularity and trend",
    "user": "the user's features",
    "history": "the history",
    "ranking": "the ranking stage",
    "score": "score",
}


@click.command(cls=Command, example=f"kit explain {EXAMPLE_FOLDER} --user 42 --item A1")
@click.argument("folder", type=click.Path(path_type=Path), required=False)
@click.option("--user", metavar="ID", help="The user to whom the item is recommended.")
@click.option(
    "--history",
    metavar="ID|TITLE,...",
    help="Items that a new user has had, oldest first, separated by commas; in place of --user.",
)
@click.option("--item", required=True, metavar="ID|TITLE", help="The item to explain.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document, see above.")
@trust_option
def explain(
    folder: Path | None,
    user: str | None,
    history: str | None,
    item: str,
    as_json: bool,
    trust: bool,
) -> None:
    """Explain why an item is recommended, or is not.

    The score is that of the average item of the catalogue, plus what the item's popularity, the
    user's features, the history and the ranking stage add. Shares are of what they add together,
    the item's margin over the average one.

    A terminal shows a table; a pipe gets tab-separated values with a header, one line a part.
    The last column is the item's rank in the list without that item of the history.

    --json prints {"user_id", "item_id", "title", "rank", "score", "base", "margin", "parts",
    "shares", "history": [{"item_id", "title", "contribution", "share", "rank_without"}], "is_sum",
    "why"}; what is not known is null, and there is no rank_without that was not asked for.
    """
    if folder is None:
        raise missing_folder("kit explain")
    if (user is None) == (history is None):
        raise click.UsageError("Give one of --user ID, --history ID,ID (of a new user).")
    export = open_export(folder, trust=trust)
    wanted = export.items.find(item)
    if user is not None:
        found = export.explain(user, wanted)
    else:
        names = [name.strip() for name in str(history).split(",")]
        found = export.explain_history([export.items.find(n) for n in names if n], wanted)
    if as_json:
        echo_json({"user_id": user, **_document(export, found)})
        return
    lines = _lines(found)
    if not sys.stdout.isatty():
        rows = [
            [part, item_id, name, f"{adds:.6g}", _share(share), _rank(found, item_id)]
            for part, item_id, name, adds, share in lines
        ]
        print_rows(["part", "item_id", "name", "adds", "share", "rank_without"], rows)
        return
    who = "a new user" if user is None else f"user {user}"
    place = "not in the list" if found.rank is None else f"rank {found.rank}"
    header = ["part of the score", "adds", "share"]
    rows = [
        [PARTS.get(part, f"  {name or OTHER}"), f"{adds:.3f}", _share(share)]
        for part, _, name, adds, share in lines
    ]
    if found.ranks_without:
        header.append("rank without")
        for row, (_, item_id, *_) in zip(rows, lines, strict=True):
            row.append(_rank(found, item_id))
    print_table(f"{found.name} for {who}: {place}", header, rows)
    if not found.is_sum:
        echo("An item of the history adds what is lost without it; these do not add up.")
    if found.why:
        echo(f"{found.why[0].upper()}{found.why[1:]}.")


def _lines(found: "Explanation") -> list[tuple[str, str, str, float, float | None]]:
    """Part, item, its name, what it adds and its share of the margin, for each line."""
    from kit.exports import NEGLIGIBLE, share_of

    lines: list[tuple[str, str, str, float, float | None]] = [("base", "", "", found.base, None)]
    least = NEGLIGIBLE * max(map(abs, found.parts.values()))
    for part, adds in found.parts.items():
        if abs(adds) > least or part == "history":
            lines.append((part, "", "", adds, found.shares[part]))
        if part == "history":
            shown = found.reasons[:SHOWN]
            lines += [("item", r.item_id, r.name, r.contribution, r.share) for r in shown]
            rest = adds - sum(reason.contribution for reason in shown)
            if found.is_sum and len(found.reasons) > SHOWN:
                lines.append((OTHER, "", "", rest, share_of(rest, found.margin)))
    return [*lines, ("score", "", "", found.score, None)]


def _rank(found: "Explanation", item_id: str) -> str:
    """The rank without an item of the history; "-" if it is then not in the list."""
    if item_id not in found.ranks_without:
        return ""
    return str(found.ranks_without[item_id] or "-")


def _share(share: float | None) -> str:
    return "" if share is None else f"{share:.0%}"


def _document(export: "LoadedExport", found: "Explanation") -> dict[str, Any]:
    return {
        "item_id": found.item_id,
        "title": export.items.title(found.item_id),
        "rank": found.rank,
        "score": found.score,
        "base": found.base,
        "margin": found.margin,
        "parts": found.parts,
        "shares": found.shares,
        "history": [
            {
                "item_id": reason.item_id,
                "title": export.items.title(reason.item_id),
                "contribution": reason.contribution,
                "share": reason.share,
                **(
                    {"rank_without": found.ranks_without[reason.item_id]}
                    if reason.item_id in found.ranks_without
                    else {}
                ),
            }
            for reason in found.reasons
        ],
        "is_sum": found.is_sum,
        "why": found.why,
    }

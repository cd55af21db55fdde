"""Asking an export: what next, and what is like what."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kit.cli._artefact import EXAMPLE_FOLDER, open_artefact
from kit.console import Command, print_table

if TYPE_CHECKING:
    from kit.artefact.loaded import Recommendation


@click.command(cls=Command, example=f"kit recommend {EXAMPLE_FOLDER} --examples 3")
@click.argument("folder", type=click.Path(path_type=Path), required=False)
@click.option("--user", "users", multiple=True, metavar="ID", help="Whom to recommend to.")
@click.option("--item", "items", multiple=True, metavar="ID", help="What somebody new has had.")
@click.option("--examples", type=click.IntRange(min=1), help="So many known people, unnamed.")
@click.option("--count", type=click.IntRange(min=1), default=10, show_default=True)
@click.option("--exclude", multiple=True, metavar="ID", help="An item to leave out.")
@click.option(
    "--where",
    multiple=True,
    metavar="COLUMN=VALUE",
    help="Only items with this value; of one column any, of several columns all.",
)
@click.option(
    "--boost",
    multiple=True,
    nargs=2,
    type=(str, click.FloatRange(min=0)),
    metavar="WHAT FACTOR",
    help="Multiply the odds of an item or COLUMN=VALUE. This and the next two: two-stage models.",
)
@click.option("--at-most", type=click.IntRange(min=1), metavar="N", help="So many of a category.")
@click.option(
    "--diversity", type=click.FloatRange(0, 1), help="Put items apart that are alike: 0 to 1."
)
@click.option("--server", metavar="URL", help="Ask a server; FOLDER is then not given.")
@click.option("--model", metavar="NAME", help="Which model of the server.")
def recommend(
    folder: Path | None,
    users: Sequence[str],
    items: Sequence[str],
    examples: int | None,
    count: int,
    exclude: Sequence[str],
    where: Sequence[str],
    boost: Sequence[tuple[str, float]],
    at_most: int | None,
    diversity: float | None,
    server: str | None,
    model: str | None,
) -> None:
    """Say what people should see next, and because of which of their items.

    A server knows neither names nor reasons, only ids and scores.
    """
    if (folder is None) == (server is None):
        raise click.UsageError("Give one of FOLDER, --server URL.")
    if (server is None) != (model is None):
        raise click.UsageError("--server URL and --model NAME go together.")
    if sum(bool(x) for x in (users, items, examples)) != 1:
        raise click.UsageError("Give one of --user ID, --item ID (of somebody new), --examples N.")
    if server is not None:
        if examples:
            raise click.UsageError("A server does not tell its users: give --user or --item.")
        if exclude or where or boost or at_most or diversity is not None:
            raise click.UsageError("Of a server ask recommend_where with kit predict.")
        _recommend_from(server, str(model), users, items, count)
        return
    assert folder is not None
    artefact = open_artefact(folder)
    from kit.artefact.loaded import Narrowed

    narrowed = Narrowed(tuple(exclude), tuple(where), tuple(boost), at_most or 0, diversity)
    if items:
        _print_lines("for somebody new", artefact.from_history(list(items), count, narrowed))
        return
    for number, user in enumerate(users or artefact.some_users(examples or 0), start=1):
        lines, history = artefact.recommend(user, count, narrowed)
        # Examples are for show, so whoever they are must not be readable from them.
        who = f"example {number}" if examples else user
        had = "; ".join(history[:5]) if history else "nothing the model knows: the popular list"
        _print_lines(f"{who}, who had {had}", lines)


def _recommend_from(
    server: str, model: str, users: Sequence[str], items: Sequence[str], count: int
) -> None:
    from kit.serving import RestClient

    body: dict[str, object] = {"inputs": {"user_id": list(users)}}
    if items:
        body = {"signature_name": "from_history", "inputs": {"history": [list(items)]}}
    answer = RestClient(server, model).predict(body)["outputs"]
    titles = [f"for {user}" for user in users] or ["for somebody new"]
    for title, ids, scores in zip(titles, answer["item_id"], answer["score"], strict=True):
        # A list that ends early is filled up with "".
        lines = [(i, s) for i, s in zip(ids, scores, strict=True) if i][:count]
        print_table(title, ["id", "score"], [[i, f"{s:.3f}"] for i, s in lines])


@click.command(cls=Command, example=f"kit similar {EXAMPLE_FOLDER} --item 85123A")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--item", required=True, metavar="ID", help="Neighbours of what.")
@click.option("--count", type=click.IntRange(min=1), default=10, show_default=True)
def similar(folder: Path, item: str, count: int) -> None:
    """List the items most like one."""
    artefact = open_artefact(folder)
    _print_lines(f"like {artefact.name(item)}", artefact.similar(item, count))


def _print_lines(title: str, lines: "Sequence[Recommendation]") -> None:
    rows = [
        [line.name, line.item_id, f"{line.score:.3f}", "; ".join(line.because_of)] for line in lines
    ]
    print_table(title, ["item", "id", "score", "because of"], rows)

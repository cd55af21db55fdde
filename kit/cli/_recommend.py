"""Asking an export: what next, and what is like what."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kit.cli._answers import Answer, Item, print_answers, print_similar
from kit.cli._engine import check_engine, engine_options, engine_session
from kit.cli._open_export import EXAMPLE_FOLDER, missing_folder, open_export, trust_option
from kit.cli._parts import Destination
from kit.cli._recommend_all import recommend_all, recommend_on_spark
from kit.console import Command

if TYPE_CHECKING:
    from kit.exports import LoadedExport, Recommendation

NEW_USER = "new user"


@click.command(cls=Command, example=f"kit recommend {EXAMPLE_FOLDER} --examples 3")
@click.argument("folder", type=click.Path(path_type=Path), required=False)
@click.option("--user", "users", multiple=True, metavar="ID", help="A user to recommend to.")
@click.option(
    "--item",
    "items",
    multiple=True,
    metavar="ID|TITLE",
    help="An item that a new user has had, by its id, its title or a part of the title.",
)
@click.option(
    "--examples",
    type=click.IntRange(min=1),
    help="Show the recommendations of so many known users, without their ids.",
)
@click.option("--all-users", is_flag=True, help="All users that the model knows, into --output.")
@click.option(
    "--users",
    "users_file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The users of a file, into --output: one id a line, or a table with a column of users.",
)
@click.option(
    "--output",
    metavar="FILE",
    help="Where the lists of many users go: .parquet, .csv, .tsv or .jsonl, with the columns "
    "user_id, rank, item_id, score, title (where items have titles) and, with --users, "
    "known_user. - is standard output, CSV or, with --json, JSON lines. What was interrupted "
    "resumes when the same command is given again. With --engine spark it is a folder.",
)
@click.option(
    "--list-column",
    is_flag=True,
    help="In --output a row for each user, with lists of items, scores and titles.",
)
@click.option(
    "--count",
    "--top",
    "count",
    type=click.IntRange(min=1),
    default=10,
    show_default=True,
    help="Items in a list; an export gives so many at most as it was trained with (--top), except "
    "with --output.",
)
@click.option("--exclude", multiple=True, metavar="ID|TITLE", help="An item to leave out.")
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
@click.option(
    "--at-most",
    type=click.IntRange(min=1),
    metavar="N",
    help="At most so many items of a category.",
)
@click.option(
    "--diversity", type=click.FloatRange(0, 1), help="Put items apart that are alike: 0 to 1."
)
@click.option(
    "--why",
    is_flag=True,
    help="After each item the reason: because of items that carry at least a fifth of its margin "
    "over the average item, or like items of the history.",
)
@click.option("--server", metavar="URL", help="Ask a server; FOLDER is then not given.")
@click.option("--model", metavar="NAME", help="Which model of the server.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document, see above.")
@engine_options
@trust_option
def recommend(
    folder: Path | None,
    users: Sequence[str],
    items: Sequence[str],
    examples: int | None,
    all_users: bool,
    users_file: Path | None,
    output: str | None,
    list_column: bool,
    count: int,
    exclude: Sequence[str],
    where: Sequence[str],
    boost: Sequence[tuple[str, float]],
    at_most: int | None,
    diversity: float | None,
    why: bool,
    server: str | None,
    model: str | None,
    as_json: bool,
    engine: str,
    master: str | None,
    trust: bool,
) -> None:
    """Recommend items to users, with the items of their histories that speak for each.

    A terminal shows tables; a pipe gets tab-separated values with a header, one line an item.
    --json prints {"recommendations": [{"user_id", "known", "history", "items": [{"rank",
    "item_id", "score", "title", "because_of", "because_share"}]}]}; what is not known is
    null.

    A server knows neither titles nor reasons, only ids and scores.
    """
    if server is None and folder is None:
        raise missing_folder("kit recommend")
    if folder is not None and server is not None:
        raise click.UsageError("Give one of FOLDER, --server URL.")
    if (server is None) != (model is None):
        raise click.UsageError("--server URL and --model NAME go together.")
    if sum(map(bool, (users, items, examples, all_users, users_file))) != 1:
        raise click.UsageError(
            "Give one of --user ID, --item ID (of a new user), --examples N, --all-users, "
            "--users FILE."
        )
    if (all_users or users_file is not None) != (output is not None):
        raise click.UsageError("--output FILE goes together with --all-users or --users FILE.")
    check_engine(engine, master)
    if engine == "spark" and output is None:
        raise click.UsageError("--engine spark goes together with --output DIR.")
    if list_column and output is None:
        raise click.UsageError("--list-column goes together with --output FILE.")
    if server is not None:
        if examples or output:
            raise click.UsageError("A server does not tell its users: give --user or --item.")
        if exclude or where or boost or at_most or diversity is not None:
            raise click.UsageError("Of a server ask recommend_where with kit predict.")
        if why:
            raise click.UsageError("Of a server ask explain with kit predict.")
        print_answers(_answers_from(server, str(model), users, items, count), as_json=as_json)
        return
    assert folder is not None
    destination, spark_output = None, None
    if output is not None and engine == "spark":
        from kit.data.spark import SparkOutput

        spark_output = SparkOutput.of(output, has_lists=list_column)
    elif output is not None:
        destination = Destination.of(output, as_json=as_json, has_lists=list_column)
    listed = None
    if users_file is not None:
        from kit.data import read_user_ids

        listed = read_user_ids(users_file)
    export = open_export(folder, trust=trust)
    from kit.exports import Narrowed

    excluded = tuple(export.items.find(item) for item in exclude)
    narrowed = Narrowed(excluded, tuple(where), tuple(boost), at_most or 0, diversity)
    if spark_output is not None:
        with engine_session(engine, master) as session:
            recommend_on_spark(
                session,
                export,
                listed,
                count,
                narrowed,
                spark_output,
                as_json=as_json,
                why=why,
                as_lists=list_column,
                trust=trust,
            )
        return
    if destination is not None:
        recommend_all(
            export,
            listed,
            count,
            narrowed,
            destination,
            as_json=as_json,
            why=why,
            as_lists=list_column,
        )
        return
    if items:
        had = [export.items.find(item) for item in items]
        lines = _items(export, export.from_history(had, count, narrowed))
        names = [export.name(item) for item in had]
        print_answers([Answer(NEW_USER, None, None, names, lines)], as_json=as_json, why=why)
        return
    answers = []
    for number, user in enumerate(users or export.some_users(examples or 0), start=1):
        found, history = export.recommend(user, count, narrowed)
        # Examples are for show, so whoever they are must not be readable from them.
        who = f"example {number}" if examples else user
        answers.append(Answer(who, who, bool(history), history, _items(export, found)))
    print_answers(answers, as_json=as_json, why=why)


def _items(export: "LoadedExport", found: "Sequence[Recommendation]") -> list[Item]:
    return [
        Item(
            line.item_id,
            line.score,
            export.items.title(line.item_id),
            line.because_of,
            line.because_share,
        )
        for line in found
    ]


def _answers_from(
    server: str, model: str, users: Sequence[str], items: Sequence[str], count: int
) -> list[Answer]:
    from kit.serving import RestClient

    body: dict[str, object] = {"inputs": {"user_id": list(users)}}
    if items:
        body = {"signature_name": "from_history", "inputs": {"history": [list(items)]}}
    answer = RestClient(server, model).predict(body)["outputs"]
    found = []
    people: Sequence[str | None] = users or [None]
    for who, ids, scores in zip(people, answer["item_id"], answer["score"], strict=True):
        # A list that ends early is filled up with "".
        lines = [Item(i, s) for i, s in zip(ids, scores, strict=True) if i][:count]
        found.append(Answer(NEW_USER if who is None else who, who, None, list(items), lines))
    return found


@click.command(cls=Command, example=f"kit similar {EXAMPLE_FOLDER} --item 85123A")
@click.argument("folder", type=click.Path(path_type=Path), required=False)
@click.option(
    "--item",
    required=True,
    metavar="ID|TITLE",
    help="Neighbours of what: its id, its title or a part of the title.",
)
@click.option(
    "--count", type=click.IntRange(min=1), default=10, show_default=True, help="Items in the list."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document, see above.")
@trust_option
def similar(folder: Path | None, item: str, count: int, as_json: bool, trust: bool) -> None:
    """List the items most like one.

    A terminal shows a table; a pipe gets tab-separated values with a header, one line an item.
    --json prints {"item_id", "title", "items": [{"rank", "item_id", "score", "title"}]}.
    """
    if folder is None:
        raise missing_folder("kit similar")
    export = open_export(folder, trust=trust)
    found = export.items.find(item)
    print_similar(
        found,
        export.items.title(found),
        _items(export, export.similar(found, count)),
        as_json=as_json,
    )

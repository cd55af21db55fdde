"""The lists of many users, in a file."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from kit.cli._parts import ROWS_OF_A_PART, Destination, Parts, file_identity, write_in_parts
from kit.console import echo, echo_json
from kit.errors import UserError
from kit.progress import stage

if TYPE_CHECKING:
    import polars as pl

    from kit.data.spark import SparkOutput
    from kit.exports import LoadedExport, Narrowed


def recommend_all(
    export: "LoadedExport",
    listed: Sequence[str] | None,
    count: int,
    narrowed: "Narrowed",
    destination: Destination,
    *,
    as_json: bool,
    why: bool = False,
    as_lists: bool = False,
) -> None:
    """Write the lists of many users, some at a time; the file appears when it is complete.

    Args:
        export: the export.
        listed: users; unknown ones get the popular items and are counted. None takes all users
            that the model knows.
        count: items in a list.
        narrowed: rules, the same for all.
        destination: where they go.
        as_json: print the closing numbers as a document.
        why: whether to add what explains each item.
        as_lists: write a row for each user, with columns of lists.

    Raises:
        UserError: a value that no item has, or the file cannot be written.
    """
    from kit.exports import BatchLists, in_lists

    lists = BatchLists(export, listed, count, narrowed, why=why)
    if not lists.users:
        raise UserError("The model knows no users.", where=str(export.version))
    rows = max(1, ROWS_OF_A_PART // count)
    size = -(-rows // lists.size) * lists.size
    job = {
        "version": file_identity(export.version / "saved_model.pb"),
        "users": hashlib.sha256("\n".join(lists.users).encode()).hexdigest(),
        "count": count,
        "narrowed": asdict(narrowed),
        "form": [destination.format, lists.is_listed, why, as_lists, size],
    }

    def frames(begin: int, end: int) -> "Iterator[pl.DataFrame]":
        for frame in lists.frames(begin, end):
            yield in_lists(frame) if as_lists else frame

    with (
        stage("recommend", len(lists.users), "users") as asked,
        Parts(destination, job).open() as parts,
    ):
        if parts.done:
            echo(f"resumed:   {parts.inputs:,} users were done", err=True)
        write_in_parts(parts, frames, len(lists.users), size, asked.advance)
    unknown = lists.unknown if lists.is_listed else 0
    numbers = {"users": len(lists.users), "unknown_users": unknown, "rows": parts.rows}
    _print(numbers, destination.file, as_json=as_json, is_piped=destination.is_piped)


def recommend_on_spark(
    session: Any,
    export: "LoadedExport",
    listed: Sequence[str] | None,
    count: int,
    narrowed: "Narrowed",
    output: "SparkOutput",
    *,
    as_json: bool,
    why: bool,
    as_lists: bool,
    trust: bool,
) -> None:
    """The same, made by the executors of a session of Spark into a folder."""
    from kit.exports import recommend_by_spark

    numbers = recommend_by_spark(
        session,
        export,
        listed,
        count,
        output,
        narrowed,
        why=why,
        as_lists=as_lists,
        trust=trust,
    )
    _print(numbers, output.folder, as_json=as_json, is_piped=False)


def _print(numbers: Mapping[str, int], output: str, *, as_json: bool, is_piped: bool) -> None:
    if as_json and not is_piped:
        echo_json({**numbers, "output": output})
        return
    unknown = numbers["unknown_users"]
    others = f", {unknown:,} of them unknown to the model: popular items" if unknown else ""
    echo(f"users:     {numbers['users']:,}{others}", err=is_piped)
    if not is_piped:
        echo(f"output:    {output}, {numbers['rows']:,} rows")

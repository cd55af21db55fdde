"""The lists of many users, in a file."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from kit.cli._parts import ROWS_OF_A_PART, Destination, Parts, file_identity, write_in_parts
from kit.console import echo, echo_json
from kit.errors import UserError
from kit.progress import stage

if TYPE_CHECKING:
    import polars as pl

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
    from kit.exports import BatchLists

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
            yield _as_lists(frame) if as_lists else frame

    with (
        stage("recommend", len(lists.users), "users") as asked,
        Parts(destination, job).open() as parts,
    ):
        if parts.done:
            echo(f"resumed:   {parts.inputs:,} users were done", err=True)
        write_in_parts(parts, frames, len(lists.users), size, asked.advance)
    unknown, is_piped = lists.unknown if lists.is_listed else 0, destination.is_piped
    if as_json and not is_piped:
        numbers = {"users": len(lists.users), "unknown_users": unknown, "rows": parts.rows}
        echo_json({**numbers, "output": destination.file})
        return
    others = f", {unknown:,} of them unknown to the model: popular items" if unknown else ""
    echo(f"users:     {len(lists.users):,}{others}", err=is_piped)
    if not is_piped:
        echo(f"output:    {destination.file}, {parts.rows:,} rows")


def _as_lists(frame: "pl.DataFrame") -> "pl.DataFrame":
    """A row for each user."""
    import polars as pl

    of_user = [name for name in ("user_id", "known_user") if name in frame.columns]
    return frame.group_by(of_user, maintain_order=True).agg(pl.all().exclude("rank"))

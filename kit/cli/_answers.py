"""Lists of items for people, for pipes and as JSON."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from kit.console import echo, echo_json, print_rows, print_table

HISTORY_SHOWN = 5


@dataclass(frozen=True)
class Item:
    """A line of a list: an item, its score, and what is known of it.

    Args:
        item_id: its id.
        score: what it is ordered by.
        title: None where it has none or where titles are not known.
        because_of: names of items that speak for it.
        because_share: their share of the item's margin over the average item; None if unknown.
    """

    item_id: str
    score: float
    title: str | None = None
    because_of: list[str] = field(default_factory=list)
    because_share: float | None = None


@dataclass(frozen=True)
class Answer:
    """What one user should see next.

    Args:
        who: who that is, for people.
        user_id: None of a new user.
        known: whether the model knows the user; None where that is not known.
        history: names of the user's items, latest first.
        items: best first.
    """

    who: str
    user_id: str | None
    known: bool | None
    history: list[str]
    items: list[Item]

    def heading(self) -> str:
        """What stands above the list on a terminal."""
        if self.known is False:
            return f"{self.who}: unknown user, popular items"
        had = "; ".join(self.history[:HISTORY_SHOWN])
        return f"{self.who}, who had {had}" if had else self.who


def print_answers(answers: Sequence[Answer], *, as_json: bool, why: bool = False) -> None:
    """Print the lists of some users.

    Args:
        answers: one for each user.
        as_json: as a document.
        why: give the reason for each item in words, otherwise name its causes alone.
    """
    if as_json:
        documents = [
            {
                "user_id": answer.user_id,
                "known": answer.known,
                "history": answer.history,
                "items": _documents(answer.items, with_reasons=True),
            }
            for answer in answers
        ]
        echo_json({"recommendations": documents})
        return
    if sys.stdout.isatty():
        for answer in answers:
            columns = _columns(answer.items, why=why)
            rows = [[cell(item) for cell in columns.values()] for item in answer.items]
            print_table(answer.heading(), list(columns), rows)
        return
    for answer in answers:
        if answer.known is False:
            echo(
                f"Note: user {answer.who!r} is unknown to the model and gets the popular items.",
                err=True,
            )
    columns = _columns(
        [item for answer in answers for item in answer.items], for_pipe=True, why=why
    )
    print_rows(
        ["user_id", "rank", *columns],
        [
            [answer.user_id or "", str(rank), *(cell(item) for cell in columns.values())]
            for answer in answers
            for rank, item in enumerate(answer.items, start=1)
        ],
    )


def print_similar(item_id: str, title: str | None, items: Sequence[Item], *, as_json: bool) -> None:
    """Print the neighbours of an item.

    Args:
        item_id: the item.
        title: of the item, if it has one.
        items: its neighbours, nearest first.
        as_json: as a document.
    """
    if as_json:
        document = {"item_id": item_id, "title": title}
        echo_json({**document, "items": _documents(items, with_reasons=False)})
        return
    columns = _columns(items, for_pipe=not sys.stdout.isatty())
    rows = [[cell(item) for cell in columns.values()] for item in items]
    if sys.stdout.isatty():
        print_table(f"like {title or item_id}", list(columns), rows)
    else:
        print_rows(
            ["rank", *columns], [[str(rank), *row] for rank, row in enumerate(rows, start=1)]
        )


def _documents(items: Sequence[Item], *, with_reasons: bool) -> list[dict[str, Any]]:
    return [
        {
            "rank": rank,
            "item_id": item.item_id,
            "score": item.score,
            "title": item.title,
            **(
                {"because_of": item.because_of, "because_share": item.because_share}
                if with_reasons
                else {}
            ),
        }
        for rank, item in enumerate(items, start=1)
    ]


def _columns(items: Sequence[Item], *, for_pipe: bool = False, why: bool = False) -> dict[str, Any]:
    """Heading to what makes the cell; a column in which nothing would stand is left out."""
    from kit.exports import in_words, is_cause

    def causes(item: Item) -> str:
        return "; ".join(item.because_of) if is_cause(item.because_share) else ""

    def reason(item: Item) -> str:
        return in_words(item.because_of, item.because_share)

    has_titles = any(item.title for item in items)
    reasons = {"why": reason} if why else {"because of": causes}
    reasons = {n: cell for n, cell in reasons.items() if any(cell(item) for item in items)}
    score = {"score": lambda item: f"{item.score:.6g}" if for_pipe else f"{item.score:.3f}"}
    if for_pipe:
        titles = {"title": lambda item: item.title or ""} if has_titles else {}
        named = {name.replace(" ", "_"): cell for name, cell in reasons.items()}
        return {"item_id": lambda item: item.item_id, **score, **titles, **named}
    titles = {"item": lambda item: item.title or item.item_id} if has_titles else {}
    return {**titles, "id": lambda item: item.item_id, **score, **reasons}

"""What an exported recommender answers."""

from dataclasses import dataclass

import click

from kit.console._bundle import Function, bundled


@dataclass(frozen=True)
class AnswerOptions:
    """Whether lists hold what a user has already, and how long they are."""

    include_seen: bool
    top: int


_OPTIONS = [
    click.option(
        "--include-seen", is_flag=True, help="Also recommend items the user has already seen."
    ),
    click.option(
        "--top",
        type=click.IntRange(min=1),
        default=100,
        show_default=True,
        help="Number of items the export recommends (k).",
    ),
]


def answer_options(function: Function) -> Function:
    """Add --include-seen and --top; the command gets them as `answers`, an `AnswerOptions`."""
    return bundled(function, _OPTIONS, "answers", AnswerOptions)

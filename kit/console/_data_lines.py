"""What is said of a split data set before anything is trained on it."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from kit.cluster import is_chief
from kit.console._notes import note_lines
from kit.console._options import DataOptions
from kit.console._terminal import echo

if TYPE_CHECKING:
    from kit.data import Dataset


def tell_data(dataset: "Dataset", options: DataOptions, say: Callable[[str], object]) -> None:
    """Say what a model is going to learn from, and warn of what it cannot be measured by.

    Args:
        dataset: the split data.
        options: how they were opened.
        say: prints a line; warnings go to standard error in any case.
    """
    say(
        f"data:      {len(dataset.train):,} interactions in train, {dataset.num_users:,} users, "
        f"{dataset.num_items:,} items; split {dataset.split}"
    )
    for line in note_lines(dataset):
        say(line)
    if (ratings := weight_line(dataset, options)) is not None:
        say(ratings)
    from kit.data import data_warnings

    if is_chief():
        warn(data_warnings(dataset))


def weight_line(dataset: "Dataset", options: DataOptions) -> str | None:
    """What is done with ratings; None where the data have none."""
    from kit.data import Prepared

    if dataset.train.weight is None:
        return None
    if options.weight_column:
        return (
            f"ratings:   the larger {options.weight_column}, the more an interaction counts in "
            "training; evaluation counts each one alike"
        )
    source = "of the source " if isinstance(dataset, Prepared) else ""
    return (
        "ratings:   every row counts as an interaction, whatever its rating; training "
        f"{source}with --weight-column NAME uses them"
    )


def warn(warnings: Sequence[str]) -> None:
    """Print each warning in one line to standard error."""
    for warning in warnings:
        echo(f"Warning: {warning}", err=True, color="yellow")

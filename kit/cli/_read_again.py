"""Reading data as in training: what a model is measured on."""

from collections.abc import Callable
from dataclasses import asdict, replace
from typing import TypeVar

from kit.console import DetectionOptions, ImageOptions, PairOptions, TextOptions
from kit.errors import UserError

Options = TypeVar("Options", DetectionOptions, ImageOptions, PairOptions, TextOptions)
Data = TypeVar("Data")
# What says nothing of the form of the data.
WITHOUT_FORM = ("data", "size", "on_bad_file", "limit", "seed")


def read_again(options: Options, source: str | None, read: Callable[[Options], Data]) -> Data:
    """The data of an export's card, or others that are read in the same way.

    Args:
        options: of the card.
        source: other data than it was trained on, or None.
        read: opens and splits.

    Raises:
        UserError: they cannot be read; the remedy names no option that only training has.
    """
    if source is not None:
        options = replace(options, data=source)
        # Other data may have a split of their own or none.
        if not isinstance(options, DetectionOptions) and options.split == "given":
            options = replace(options, split=None)
    try:
        return read(options)
    except UserError as error:
        if "--" not in error.remedy:
            raise
        form = {n.replace("_", " "): v for n, v in asdict(options).items() if n not in WITHOUT_FORM}
        known = "".join(f"; {name} {value}" for name, value in form.items() if value)
        raise UserError(
            error.what,
            where=error.where,
            expected=error.expected,
            remedy=f"Repair them, or give them the form of what it was trained on{known}.",
        ) from error

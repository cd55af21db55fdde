"""Another training with the options that an export was trained with."""

import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_type_hints

from kit.config import options_of, override
from kit.errors import UserError

if TYPE_CHECKING:
    from kit.exports import Card
    from kit.pipeline import Recipe


def recipe_of_log(card: "Card", version: Path) -> "Recipe":
    """The recipe of an export that learned from a log of users.

    Raises:
        UserError: the card does not say how it was trained, or it learned from a table.
    """
    from kit.recipes import RECIPES

    if card.options is None or card.recipe not in RECIPES or "data" not in card.data:
        raise UserError(
            "The card does not say how the model was trained.",
            where=str(version),
            expected="an export of this version of the kit, by a command",
            remedy="Train it again: kit train RECIPE --data FILE --without-users FILE, with the "
            "options that it was trained with.",
        )
    recipe: Recipe = import_module(RECIPES[card.recipe]).RECIPE
    if "without_users" not in options_of(get_type_hints(recipe.options)["data"]):
        raise UserError(
            "This model learned from rows of a table, not from a log of users.",
            where=str(version),
            expected="an export of a recommender, or of customer-value",
            remedy=f"Train it again without their rows: kit train {card.recipe} --data FILE",
        )
    return recipe


def options_again(
    recipe: "Recipe", card: "Card", version: Path, *, data: str | None = None, **changes: Any
) -> Any:
    """The options of an export's training, which begins anew: weights remember whom they saw.

    Args:
        recipe: of the export.
        card: of the export.
        version: its folder, for messages.
        data: another source; None is that of the card.
        changes: name to value of options that are to be others.
    """
    kind = get_type_hints(recipe.options)["data"]
    source: dict[str, Any] = {**card.data, "data": data or card.data["data"]}
    options = recipe.options(data=kind.of_card(source))
    given = {n: tuple(x) if isinstance(x, list) else x for n, x in (card.options or {}).items()}
    given.pop("start", None)
    return override(options, given | changes, str(version))


@contextmanager
def file_of_ids(ids: Iterable[str]) -> Iterator[str]:
    """A file of ids, one a line, for `without_users`; it is gone afterwards."""
    with tempfile.NamedTemporaryFile("w", suffix=".txt", encoding="utf-8") as file:
        file.write("".join(f"{one}\n" for one in ids))
        file.flush()
        yield file.name


def fitted(recipe: "Recipe", options: Any) -> tuple[Any, Any]:
    """A recipe's model, trained and neither measured nor exported, and its data."""
    from kit.pipeline import Devices, trained_run

    data = recipe.read(options)
    devices = Devices.chosen(options.training, _unsaid)
    begin = time.perf_counter()
    run, _ = trained_run(recipe, options, data, recipe.task(options), devices, None, _unsaid, begin)
    return run.model, data


def _unsaid(line: str) -> None:
    """Prints nothing."""

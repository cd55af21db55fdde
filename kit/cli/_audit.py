"""What a model tells of the people it was trained on."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kit.cli._open_export import EXAMPLE_FOLDER, checked_version, trust_option
from kit.cli._options_again import file_of_ids, fitted, options_again, recipe_of_log
from kit.console import Command, Group, echo, echo_json, print_table, quiet_tensorflow
from kit.errors import UserError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from kit.evaluation import Halves
    from kit.exports import RetrievalCard
    from kit.pipeline import Recipe
    from kit.privacy import CanaryAudit

# Of people, who are in no model: they tell what chance looks like.
LEFT_OUT = 0.05
# A half of a shorter history says little.
LEAST_ITEMS = 4
CHANCE = 0.5


@click.group(cls=Group)
def audit() -> None:
    """Measure what a model tells of the people it was trained on."""


@audit.command(cls=Command, example=f"kit audit privacy {EXAMPLE_FOLDER}")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--data", "source", metavar="SOURCE", help="Other data than it was trained on.")
@click.option(
    "--references",
    type=click.IntRange(min=1),
    default=3,
    show_default=True,
    metavar="NUMBER",
    help="Models to compare the attacked one with.",
)
@click.option(
    "--people",
    type=click.IntRange(min=100),
    default=2000,
    show_default=True,
    metavar="NUMBER",
    help="Most people to guess of.",
)
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document, see above.")
@trust_option
def privacy(
    folder: Path,
    source: str | None,
    references: int,
    people: int,
    seed: int,
    as_json: bool,
    trust: bool,
) -> None:
    """Guess who was in a training, as somebody would who has the model.

    The recipe is trained again, with the options of the card, on a random half of the people, and
    each reference model on another half. Who was in the first training is guessed by the loss on a
    half of each history, given the other half, compared with the reference models that never had
    the person. People who are in no model are guessed of, too: there is nothing to be found. Of an
    export with differential privacy, canaries show whether the noise is what it should be. The exit
    code is 1 if more is shown than the export guarantees.

    --json prints {"membership": {"auc", "low", "high", "plain", "found", "members", "others"},
    "control", "holds", "canaries": {...} or null}.
    """
    version = checked_version(folder, trust=trust)
    from kit.exports import RetrievalCard, read_card

    card = read_card(version)
    if not isinstance(card, RetrievalCard):
        raise UserError(
            "Membership is guessed of recommenders of one stage.",
            where=str(version),
            expected=f"an export such as kit train two-tower makes; this one {card.purpose}",
        )
    recipe = recipe_of_log(card, version)
    quiet_tensorflow()
    found = attacked(recipe, card, version, source, references, people, seed)
    holds = held_by(version, card, trust)
    if as_json:
        echo_json(found | {"holds": holds})
    else:
        _print(found, holds, card)
    canaries = found["canaries"]
    if canaries is not None and not canaries["passed"]:
        raise click.exceptions.Exit(1)


def attacked(
    recipe: "Recipe",
    card: "RetrievalCard",
    version: Path,
    source: str | None,
    references: int,
    people: int,
    seed: int,
) -> dict[str, Any]:
    """Train the models, guess, and return the figures."""
    import numpy as np

    from kit.evaluation import history_losses, known_items
    from kit.privacy import membership

    rng = np.random.default_rng(seed)
    whole = recipe.read(options_again(recipe, card, version, data=source))
    ids, halves = drawn(whole, people, rng)
    everybody = whole.user_ids[: whole.num_users].tolist()
    never = {*rng.permutation(ids)[: max(2, round(LEFT_OUT * len(ids)))].tolist()}
    models, masks = [], []
    for number in range(1 + references):
        inside = {user for user in everybody if rng.random() < CHANCE} - never
        echo(f"train:     model {number + 1} of {1 + references}", err=True)
        gone = [user for user in everybody if user not in inside]
        models.append(trained(recipe, card, version, source, gone))
        masks.append(np.array([user in inside for user in ids]))
    items = sorted(set.intersection(*(known_items(*one) for one in models)))
    losses = np.stack([history_losses(*one, halves, items) for one in models])
    usable = ~np.isnan(losses).any(axis=0)
    losses, inside_of = losses[:, usable], np.stack(masks)[:, usable]
    found = membership(losses[0], losses[1:], inside_of[0], inside_of[1:], seed=seed)
    return {
        "membership": {
            **asdict(found.auc),
            **{k: v for k, v in asdict(found).items() if k != "auc"},
        },
        "control": control(losses, inside_of, np.isin(np.array(ids)[usable], [*never]), seed),
        "canaries": canaries_of(card, whole, seed),
    }


def drawn(whole: Any, people: int, rng: "np.random.Generator") -> "tuple[list[str], Halves]":
    """People with enough items, and two random halves of the items of each."""
    import numpy as np

    from kit.data import histories

    owned = histories([whole.train, whole.valid, whole.test], whole.num_users)
    owned = owned.below(whole.num_items)
    rows = np.flatnonzero(owned.lengths >= LEAST_ITEMS)
    if len(rows) < 100:
        raise UserError(
            f"{len(rows)} people with {LEAST_ITEMS} items are too few to guess of.",
            where="--data",
            expected="100",
            remedy="Audit with a log of more people.",
        )
    rows = np.sort(rng.permutation(rows)[:people])
    halves = []
    for row in rows:
        own = owned.items[owned.offsets[row] : owned.offsets[row + 1]]
        own = whole.item_ids[rng.permutation(np.unique(own))].tolist()
        halves.append((own[: len(own) // 2], own[len(own) // 2 :]))
    return whole.user_ids[rows].tolist(), halves


def trained(
    recipe: "Recipe", card: "RetrievalCard", version: Path, source: str | None, gone: list[str]
) -> tuple[Any, Any]:
    """A model that was trained without some people, and its data."""
    with file_of_ids(gone) as file:
        options = options_again(recipe, card, version, data=source, without_users=file, quiet=True)
        return fitted(recipe, options)


def control(
    losses: "NDArray[np.float64]",
    inside: "NDArray[np.bool_]",
    never: "NDArray[np.bool_]",
    seed: int,
) -> dict[str, float]:
    """The attack on people of whom some are said, wrongly, to have been in the training."""
    import numpy as np

    from kit.privacy import membership

    sham = np.random.default_rng(seed).permutation(int(never.sum())) % 2 == 0
    found = membership(losses[0, never], losses[1:, never], sham, inside[1:, never], seed=seed)
    return {**asdict(found.auc), "people": int(never.sum())}


def canaries_of(card: "RetrievalCard", whole: Any, seed: int) -> dict[str, Any] | None:
    """What canaries show against the guarantee of an export; None without one."""
    if card.privacy is None:
        return None
    from kit.data import histories
    from kit.privacy import audit_by_canaries

    owned = histories([whole.train, whole.valid, whole.test], whole.num_users)
    found: CanaryAudit = audit_by_canaries(
        owned.below(whole.num_items).matrix(whole.num_items),
        epsilon=card.privacy["epsilon"],
        delta=card.privacy["delta"],
        seed=seed,
    )
    return {**asdict(found), "passed": found.passed}


def held_by(version: Path, card: "RetrievalCard", trust: bool) -> dict[str, int]:
    """What an export holds of people as it is: numbers of ids and of histories, without samples."""
    if not card.known_users:
        return {"ids": 0, "histories": 0}
    from kit.exports import LoadedExport

    loaded = LoadedExport(version, trust=trust)
    return {"ids": len(loaded.user_ids()), "histories": loaded.number_of_histories()}


def _print(found: dict[str, Any], holds: dict[str, int], card: "RetrievalCard") -> None:
    attack, chance = found["membership"], found["control"]
    rows = [
        ["compared with reference models", *_interval(attack), f"{attack['found']:.1%}"],
        ["loss alone", f"{attack['plain']:.3f}", "", ""],
        [f"people in no model ({chance['people']})", *_interval(chance), ""],
    ]
    print_table(
        f"Who was in the training? {attack['members']:,} who were against {attack['others']:,}",
        ["attack", "AUC", "95 %", "found at 1 % false alarms"],
        rows,
    )
    echo("guessing:  an AUC of .5 is chance; 1 tells everybody apart")
    if holds["ids"]:
        echo(
            f"holds:     ids of {holds['ids']:,} users and the histories of "
            f"{holds['histories']:,}; --no-known-users exports none"
        )
    else:
        echo("holds:     no user ids and no histories")
    if (audit := found["canaries"]) is not None:
        what = "nothing is shown against it" if audit["passed"] else "IT DOES NOT HOLD"
        echo(
            f"guarantee: {card.guarantee}: {what}; canaries show epsilon above "
            f"{audit['shown']:.2f}, of at most {audit['possible']:.2f} that {audit['guesses']} "
            "guesses can show"
        )


def _interval(estimate: dict[str, float]) -> list[str]:
    return [f"{estimate['mean']:.3f}", f"{estimate['low']:.3f}-{estimate['high']:.3f}"]

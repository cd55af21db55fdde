"""Training that begins from the weights of an export: options, what is known, drift."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kit.config import as_values, override, override_chosen
from kit.errors import UserError
from kit.tasks._task import Run

if TYPE_CHECKING:
    from kit.exporting import StoredWeights

# Rounds without a gain: what is close to its best does not need the patience of random weights.
PATIENCE = 2
SAMPLE, TOP = 1000, 10
DRIFT = f"overlap@{TOP} with from"


def started_options(name: str, options: Any, shared: Sequence[str], chosen: Sequence[str]) -> Any:
    """The options of a recipe, with what the training of the export to begin from had chosen.

    TensorFlow is not imported for that.

    Args:
        name: of the recipe.
        options: as they were given.
        shared: names of options that shape the model.
        chosen: names of options that training chooses.

    Raises:
        UserError: the export is of another recipe or shape, or does not hold its weights.
    """
    folder = as_values(options).get("start")
    if folder is None:
        return options
    from kit.exports import read_card, read_weights, version_folder

    version = version_folder(Path(folder))
    card = read_card(version)
    if card.recipe != name:
        raise UserError(
            f"The export is of the recipe {card.recipe or card.task}.",
            where=f"--from {version}",
            expected=f"an export of {name}",
            remedy=f"Train it as it was: kit train {card.recipe or 'RECIPE'} --from {folder}.",
        )
    _, about = read_weights(version, with_arrays=False)
    ours, defaults = as_values(options), as_values(type(options)(data=options.data))
    theirs = {**defaults, **(card.options or {})}
    different = [one for one in shared if ours[one] != theirs[one]]
    if different:
        words, right = (
            " ".join(_flag(one, values[one]) for one in different) for values in (ours, theirs)
        )
        raise UserError(
            f"The model of the export has another shape than {words}.",
            where=f"--from {version}",
            expected=right,
            remedy="Give these options, or train from nothing: leave --from out.",
        )
    before = as_values(override_chosen(options, chosen, about["settings"]))
    found = {name: value for name, value in before.items() if ours[name] is None}
    return override(options, {name: value for name, value in found.items() if value is not None})


def _flag(name: str, value: Any) -> str:
    long = {"architecture": "model"}.get(name, name).replace("_", "-")
    if isinstance(value, bool):
        return f"--{long}" if value else f"--no-{long}"
    return f"--{long} {value}"


def start_stage(model: Any) -> dict[str, Any]:
    """What the stage of a model that has trained weights does otherwise, for `Stage`."""
    return {"patience": PATIENCE, "measure_start": True} if getattr(model, "started", None) else {}


def start_settings(model: Any) -> dict[str, Any]:
    """The setting that states from which weights a model began, if from such."""
    started = getattr(model, "started", None)
    return {} if started is None else {"from": str(started.version)}


def started_lines(run: Run) -> list[str]:
    """What is known of the items and vocabularies, and whether the metrics can be believed."""
    started = getattr(run.built.model, "started", None)
    if started is None:
        return []
    lines = [f"from:      {started}"]
    if started.overlaps(run.data):
        lines.append(
            "note:      the export may have learned from rows that are in valid or test: the "
            "metrics would be too good; give later data, split by time"
        )
    return lines


def measure_drift(run: Run, *, exclude_seen: bool) -> None:
    """State in the settings of a run how much the lists of users changed since its start.

    Both versions are asked with the same histories, those of train and valid, of a sample of users.

    Args:
        run: whose model is trained.
        exclude_seen: whether items that a user has are left out.
    """
    started = getattr(run.built.model, "started", None)
    if started is None:
        return
    import numpy as np

    from kit.exporting import recommender_graph, retrieval_parts
    from kit.exports import LoadedExport
    from kit.retrieval import IndexSettings

    histories = sampled_histories(run.data, run.seed)
    before, _ = LoadedExport(started.version, trust=True).lists_of_histories(histories)
    parts = retrieval_parts(run.model, run.data, most_users=1)
    graph = recommender_graph(parts, k=TOP, exclude_seen=exclude_seen, index=IndexSettings("exact"))
    longest = max(map(len, histories))
    padded = np.array([[*one, *[""] * (longest - len(one))] for one in histories], object)
    answer = graph.from_history(padded)["item_id"].numpy()
    after = [[item.decode() for item in row] for row in answer]
    overlaps = [overlap(*both) for both in zip(before, after, strict=True)]
    run.settings[DRIFT] = float(np.mean(overlaps))


def overlap(before: Sequence[str], after: Sequence[str]) -> float:
    """Share of the ten first items that two lists have in common, of the longer one if shorter.

    Example:

    >>> overlap(list("abcdefghijk"), list("kjihgfedcbx"))
    0.9
    """
    first, second = ({*items[:TOP]} - {""} for items in (before, after))
    longest = max(len(first), len(second))
    return len(first & second) / longest if longest else 1.0


def drift_note(run: Run) -> list[str]:
    """How much the lists of users changed since the version that training began from."""
    if DRIFT not in run.settings:
        return []
    return [
        f"overlap@{TOP} with {run.settings['from']}: {run.settings[DRIFT]:.3f}, mean of at most "
        f"{SAMPLE:,} users, the same histories asked of both"
    ]


def sampled_histories(data: Any, seed: int) -> list[list[str]]:
    """Ids of the items of a sample of users of train, oldest first."""
    import numpy as np

    from kit.data import histories

    owned = histories([data.train, data.valid], data.num_users).below(data.num_items)
    with_items = np.flatnonzero(owned.lengths)
    rows = np.sort(np.random.default_rng(seed).permutation(with_items)[:SAMPLE])
    some = owned.take(rows)
    return [one.tolist() for one in np.split(data.item_ids[some.items], some.offsets[1:-1])]


def stored_weights(run: Run) -> "StoredWeights | None":
    """What the export of a run holds for retraining; None of models that begin from nothing."""
    from kit.exporting import StoredWeights
    from kit.models import Ranking, SequentialRecommender, TwoTower

    if run.stored is not None:
        stored: StoredWeights = run.stored
        return stored
    if not isinstance(run.model, Ranking | SequentialRecommender | TwoTower):
        return None
    return StoredWeights.of(run.model, run.data, run.settings)

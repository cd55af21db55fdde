"""Recorded explanations, computed without the exported graph."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from kit.exporting._explanations import MOST_REASONS
from kit.exporting._recommender import RecommenderParts
from kit.models import ImplicitALS, LinearRecommender, RetrievalModel, TwoTower
from kit.retrieval import ItemWeights, unpacked

if TYPE_CHECKING:
    from kit.exporting._recorded import RecordedCases

EXPLAINED = 8
RANK_GAP = 2e-4
RECENT = 20
UNKNOWN_ID = "\N{WHITE QUESTION MARK ORNAMENT} nobody"


def explanations(
    model: RetrievalModel | None,
    parts: RecommenderParts,
    cases: "RecordedCases",
    lists: dict[str, Any],
    rows: NDArray[np.integer],
) -> dict[str, Any]:
    """Why items are recommended to requested users and for requested histories, by the model.

    Args:
        model: the trained model; None if only its vectors are available.
        parts: of its export.
        cases: the requests.
        lists: the recommended lists of `serving_default` and `from_history`, row by row.
        rows: int, known users to choose from; the unknown user is always there.
    """
    added = _contributions_of(model, parts)
    own = parts.item_vectors[:, -1] if parts.linear is None else linear_prior(model, parts)
    is_sum = parts.linear is not None or not hasattr(parts.history_encoder, "leave_one_out")
    names = np.array([*parts.item_ids, ""], dtype=object)
    found: dict[str, Any] = {}
    for name, basis, had in (
        ("explain", "serving_default", cases.owned),
        ("explain_history", "from_history", cases.recent),
    ):
        inputs, scores = cases.rankings[basis][0], cases.scores[basis]
        width = MOST_REASONS if name == "explain" else RECENT + 1
        asked: dict[str, list[Any]] = {key: [] for key in (*inputs, "item_id")}
        outputs: dict[str, list[Any]] = {}
        for row in [*rows[:EXPLAINED], len(had)]:
            item, rank = _asked(parts, lists[basis], scores, row)
            for key, values in inputs.items():
                asked[key].append(values[row])
            asked["item_id"].append(UNKNOWN_ID if item < 0 else parts.item_ids[item])
            history = (
                had.items[slice(*had.offsets[row : row + 2])] if row < len(had) else had.items[:0]
            )
            is_known = len(history) > 0 if name == "explain_history" else row < len(had)
            score, base = float(scores[row, item]), float(scores[row].mean())
            prior = float((own[item] - own.mean()) if is_known else score - base)
            contribution = added(history, item) if len(history) else np.zeros(0, np.float32)
            rest = score - base - prior
            total = float(contribution.sum()) if is_sum else rest
            numbers = {"score": score, "base": base, "prior": prior, "history": total}
            if name == "explain":
                numbers["user"] = rest - total
                order = np.argsort(-contribution, kind="stable")[:width]
                contribution, history = contribution[order], history[order]
            if item < 0:
                numbers = dict.fromkeys(numbers, 0.0)
                contribution, history = np.zeros(0, np.float32), history[:0]
            room = (0, width - len(contribution))
            numbers["rank"] = rank
            numbers["contribution"] = np.pad(contribution, room).tolist()
            if name == "explain":
                codes = np.pad(history, (0, width - len(history)), constant_values=-1)
                numbers["history_id"] = names[codes].tolist()
            for key, value in numbers.items():
                outputs.setdefault(key, []).append(value)
        found[name] = {"inputs": asked, "outputs": outputs}
    return found


def _asked(
    parts: RecommenderParts, lists: dict[str, Any], scores: NDArray[np.float32], row: int
) -> tuple[int, int]:
    """An item to explain, -1 for an unknown one, and its rank, which no rounding may change."""
    listed = [one for one in lists["item_id"][row] if one]
    values = np.asarray(lists["score"][row], np.float64)[: len(listed)]
    gap = RANK_GAP * max(1.0, np.abs(values).max(initial=0))
    apart = np.abs(np.diff(values)) > gap
    # The next one after the last is not known.
    clear = np.flatnonzero(np.append(True, apart)[:-1] & apart)
    if row % 4 < 2 and len(clear):
        place = int(clear[row % len(clear)])
        return parts.item_ids.index(listed[place]), place + 1
    worst = int(scores[row].argmin())
    is_last = scores[row, worst] < values.min(initial=np.inf) - gap
    return (worst, 0) if row % 4 == 2 and is_last else (-1, 0)


def _contributions_of(
    model: RetrievalModel | None, parts: RecommenderParts
) -> Callable[[NDArray[np.integer], int], NDArray[np.float32]]:
    """What the items of a history [n] contribute to an item's score beyond the average item's."""
    weights: Any = parts.item_weights if parts.linear is None else linear_weights(model, parts)

    def of_weights(history: NDArray[np.integer], item: int) -> NDArray[np.float32]:
        of_all = weights[history]
        of_all = of_all if isinstance(of_all, np.ndarray) else of_all.toarray()
        return np.asarray(of_all[:, item] - of_all.mean(axis=1), np.float32)

    if parts.linear is not None:
        return of_weights
    if isinstance(model, TwoTower | ImplicitALS):
        own, everything = model, np.arange(1, len(parts.item_ids) + 1)

        def shares(history: NDArray[np.integer], item: int) -> NDArray[np.float32]:
            of_all = own.contributions(history + 1, everything)
            return np.asarray(of_all[:, item] - of_all.mean(axis=1))

        return shares
    encoder: Any = parts.history_encoder
    average = parts.item_vectors.mean(axis=0)
    if hasattr(encoder, "leave_one_out"):
        query = encoder.query if model is None else model.encode

        def lost(history: NDArray[np.integer], item: int) -> NDArray[np.float32]:
            vectors = parts.item_vectors[history]
            left = np.stack([np.delete(vectors, place, axis=0) for place in range(len(vectors))])
            known = np.ones(left.shape[:2], bool)
            if not known.size:
                left, known = np.zeros_like(vectors)[None], np.zeros((1, 1), bool)
            whole = np.asarray(query(vectors[None], np.ones((1, len(vectors)), bool)))
            difference = whole - np.asarray(query(left, known))
            return np.asarray(difference @ (parts.item_vectors[item] - average), np.float32)

        return lost

    # Of an export whose catalogue changes there is the graph alone.
    def of_graph(history: NDArray[np.integer], item: int) -> NDArray[np.float32]:
        vectors, known = parts.item_vectors[history][None], np.ones((1, len(history)), bool)
        wanted = (parts.item_vectors[item] - average)[None]
        added = np.asarray(encoder.contributions(vectors, known, wanted)).ravel()
        return added if parts.item_weights is None else added + of_weights(history, item)

    return of_graph


def linear_weights(model: RetrievalModel | None, parts: RecommenderParts) -> ItemWeights:
    """The weights of a linear model; of its export if the model is not available."""
    if isinstance(model, LinearRecommender):
        return model.item_weights()
    assert parts.linear is not None
    return unpacked({name: x.numpy() for name, x in parts.linear.arrays().items()})


def linear_prior(model: RetrievalModel | None, parts: RecommenderParts) -> NDArray[np.float32]:
    """What a linear model adds to every item's score, float32 [items]."""
    if isinstance(model, LinearRecommender):
        return np.asarray(model.prior)
    assert parts.linear is not None
    return np.asarray(parts.linear.prior_of(tf.range(parts.linear.size)))

"""Recorded answers of both stages, computed without the exported graph."""

from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from kit.data import Histories
from kit.exporting._recommender import RecommenderParts
from kit.exporting._recorded import (
    CASES,
    LOWEST,
    TOLERANCE,
    UNKNOWN_ID,
    answered,
    explanations,
    recorded_cases,
)
from kit.exporting._two_stage_recommender import LEAST_SHARE, SecondStage, TwoStageRecommender
from kit.models import TwoTower, defined_features
from kit.retrieval import ExactIndex

# Twice as many as recorded: rows whose order could depend on rounding are discarded.
DRAWN = 2 * CASES
CLOSE = 2e-5
FACTORS = (0.0, 0.5, 2.0, 10.0)

Floats = NDArray[np.float32]


def recorded_two_stage(
    model: TwoTower,
    parts: RecommenderParts,
    second: SecondStage,
    module: TwoStageRecommender,
    *,
    k: int,
    exclude_seen: bool,
    seed: int = 0,
) -> dict[str, Any]:
    """Inputs and the live models' outputs for every signature.

    Retrieval scores come from the two-tower model, features and re-ranking from NumPy, ranking
    scores from the Keras model. For an approximate index the graph's own answers are recorded,
    after the retrieval score of every item in them was compared with the model's.

    Args:
        model: the trained retrieval model.
        parts: of its export.
        second: the trained second stage.
        module: the exported graph.
        k: length of the recommended lists.
        exclude_seen: whether seen items of a user are not recommended.
        seed: of the random requests.

    Returns:
        Signature name to `{"inputs": ..., "outputs": ...}`, as lists.

    Raises:
        RuntimeError: the index and the model score an item differently.
    """
    cases = recorded_cases(model, parts, exclude_seen=exclude_seen, seed=seed, count=DRAWN)
    rng = np.random.default_rng(seed)
    rules = _rules(parts, len(cases.owned) + 1, rng)
    k = min(k, len(parts.item_ids))
    found, gaps = {}, []
    for name in ("serving_default", "from_history", "recommend_where", "from_history_where"):
        inputs, scores = cases.rankings[name]
        had = cases.recent if "history" in inputs else cases.owned
        known = had.lengths > 0 if "history" in inputs else np.ones(len(had), np.bool_)
        asked = rules if "where" in inputs else None
        outputs, gap = _answers(parts, second, scores, had, np.append(known, False), k, asked)
        found[name] = (inputs | (rules if asked else {}), outputs)
        gaps.append(gap)
    clear = np.flatnonzero(np.min(gaps, axis=0)[:-1] > CLOSE)[:CASES]
    rows = np.append(clear, len(cases.owned))
    recorded = answered(
        {"similar_items": cases.rankings["similar_items"]}, cases.embeddings, parts, module, k
    )
    for name, (inputs, outputs) in found.items():
        kept = {key: [value[row] for row in rows] for key, value in inputs.items()}
        answer = {key: value[rows].tolist() for key, value in outputs.items()}
        if not isinstance(module.index, ExactIndex):
            answer = _of_graph(module, parts, name, kept, cases.rankings[name][1][rows])
        recorded[name] = {"inputs": kept, "outputs": answer}
    if "explain_history" in module.signatures():
        recorded |= explanations(model, parts, cases)
    return recorded


def _rules(parts: RecommenderParts, count: int, rng: np.random.Generator) -> dict[str, list[Any]]:
    """The re-ranking rules of each request; some have none."""
    about = np.array(["", UNKNOWN_ID, *parts.attributes.values, *parts.item_ids], dtype=object)
    return {
        "boost": rng.choice(about, (count, 3)).tolist(),
        "boost_factor": rng.choice(FACTORS, (count, 3)).tolist(),
        "at_most": rng.integers(0, 4, count).tolist(),
        "diversity": rng.choice([0.0, 0.1, 0.5], count).tolist(),
    }


def _answers(
    parts: RecommenderParts,
    second: SecondStage,
    scores: Floats,
    had: Histories,
    known: NDArray[np.bool_],
    k: int,
    rules: dict[str, list[Any]] | None,
) -> tuple[dict[str, NDArray[Any]], Floats]:
    """Outputs [rows, k], and the smallest margin that decided the order of each row."""
    count = min(max(second.candidates, k), scores.shape[1])
    best = np.argsort(-scores, axis=1, kind="stable")[:, : count + 1]
    values = np.take_along_axis(scores, best, axis=1)
    gaps = _smallest(values[:, :-1] - values[:, 1:])
    items, retrieval = best[:, :count], values[:, :count]
    items = np.where(retrieval > LOWEST, items, -1)
    lists = [had.items[had.offsets[row] : had.offsets[row + 1]] for row in range(len(had))]
    features = [
        defined_features(second.tables, history, items[row], retrieval[row])
        for row, history in enumerate([*lists, np.empty(0, np.int32)])
    ]
    together = {name: np.stack([one[name] for one in features]) for name in features[0]}
    ranking = np.where(known[:, None], np.asarray(second.model.ranking(together)), 0)
    weight = second.model.weight.numpy()
    total = np.where(
        known[:, None], retrieval + weight * ranking, np.log(np.maximum(retrieval, LEAST_SHARE))
    ).astype(np.float32)
    total = np.where(items >= 0, total, LOWEST)
    categories = second.categories(parts.attributes)
    vectors = second.tables.vectors
    places = np.full((len(total), k), -1)
    for row in range(len(total)):
        diversity, at_most = second.diversity, 0
        if rules is not None:
            total[row] = _boosted(parts, items[row], total[row], rules, row)
            diversity, at_most = rules["diversity"][row], rules["at_most"][row]
        places[row], gap = _chosen(
            total[row], k, vectors[items[row]], diversity, categories[items[row]], at_most
        )
        gaps[row] = min(gaps[row], gap)
    names = np.array([*parts.item_ids, ""], dtype=object)
    at = np.maximum(places, 0)
    shown = {
        "item_id": names[np.where(places < 0, -1, np.take_along_axis(items, at, axis=1))],
        **{
            name: np.where(places < 0, LOWEST, np.take_along_axis(value, at, axis=1))
            for name, value in (
                ("score", total),
                ("retrieval_score", retrieval),
                ("ranking_score", ranking),
            )
        },
    }
    return shown, gaps


def _boosted(
    parts: RecommenderParts,
    items: NDArray[np.integer],
    scores: Floats,
    rules: dict[str, list[Any]],
    row: int,
) -> Floats:
    scores, values = scores.copy(), parts.attributes.values
    codes = {item: code for code, item in enumerate(parts.item_ids)}
    for about, factor in zip(rules["boost"][row], rules["boost_factor"][row], strict=True):
        if about in codes:
            is_meant = items == codes[about]
        elif about in values:
            is_meant = (parts.attributes.tokens[items] == 1 + values.index(about)).any(axis=1)
        else:
            continue
        is_meant &= scores > LOWEST
        scores[is_meant] = scores[is_meant] + np.log(factor) if factor > 0 else LOWEST
    return scores


def _chosen(
    scores: Floats,
    k: int,
    vectors: Floats,
    diversity: float,
    categories: NDArray[np.int32],
    at_most: int,
) -> tuple[NDArray[np.int64], float]:
    """Positions by maximal marginal relevance under a limit, and the smallest deciding margin."""
    places = np.full(k, -1)
    is_open = scores > LOWEST
    if not is_open.any():
        return places, np.inf
    lowest, highest = scores[is_open].min(), scores.max()
    spread = max(highest - lowest, 1e-9)
    relevance = np.where(is_open, np.maximum(scores, lowest) - lowest, 0) / spread
    likeness = np.full(len(scores), -1.0)
    count = np.zeros(categories.shape, np.int64)
    order = np.argsort(-scores, kind="stable")
    gap = np.inf
    for step in range(k):
        is_full = (count >= at_most).any(axis=1) if at_most > 0 else np.zeros_like(is_open)
        left = order[(is_open & ~is_full)[order]]
        if not len(left):
            break
        marginal = ((1 - diversity) * relevance - diversity * likeness)[left]
        best = left[marginal.argmax()]
        second = np.delete(marginal, marginal.argmax()).max(initial=-np.inf)
        if second < marginal.max():
            gap = min(gap, (marginal.max() - second) * (spread if diversity == 0 else 1))
        places[step] = best
        is_open[best] = False
        likeness = np.maximum(likeness, vectors @ vectors[best])
        held = categories[best][categories[best] > 0]
        count += np.isin(categories, held) & (categories > 0)
    return places, gap


def _smallest(gaps: Floats) -> Floats:
    """The smallest gap between distinct scores of each row."""
    is_gap = (gaps > 0) & (gaps < -LOWEST / 2)
    smallest: Floats = np.where(is_gap, gaps, np.inf).min(axis=1, initial=np.inf)
    return smallest


def _of_graph(
    module: TwoStageRecommender,
    parts: RecommenderParts,
    signature: str,
    inputs: dict[str, list[Any]],
    scores: Floats,
) -> dict[str, Any]:
    """The graph's answer, after its retrieval scores were compared with those of all items."""
    function = module.signatures()[signature]
    specs = function.input_signature
    answer = function(*(tf.constant(inputs[spec.name], spec.dtype) for spec in specs))
    codes = {item: code for code, item in enumerate([*parts.item_ids, ""])}
    told = {name: value.numpy() for name, value in answer.items()}
    told["item_id"] = np.vectorize(lambda item: item.decode(), otypes=[object])(told["item_id"])
    places = np.vectorize(codes.__getitem__)(told["item_id"])
    expected = np.take_along_axis(
        np.pad(scores, ((0, 0), (0, 1)), constant_values=LOWEST), places, axis=1
    )
    if not np.allclose(told["retrieval_score"], expected, rtol=TOLERANCE, atol=TOLERANCE):
        raise RuntimeError(f"{signature}: the index and the model score items differently.")
    return {name: value.tolist() for name, value in told.items()}

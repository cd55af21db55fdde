"""Recorded answers of both stages, computed without the exported graph."""

from dataclasses import replace
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
    RecordedCases,
    answered,
    recorded_cases,
)
from kit.exporting._recorded_explanations import EXPLAINED, UNKNOWN_ID, explanations
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
    if "explain" in module.signatures():
        lists = {name: outputs for name, (_, outputs) in found.items() if name in cases.scores}
        recorded |= _explanations(model, parts, second, module, cases, lists, clear, k)
    return recorded


def _explanations(
    model: TwoTower,
    parts: RecommenderParts,
    second: SecondStage,
    module: TwoStageRecommender,
    cases: RecordedCases,
    lists: dict[str, dict[str, NDArray[Any]]],
    rows: NDArray[np.integer],
    k: int,
) -> dict[str, Any]:
    """The explanations of the retrieval score, and what the ranking stage adds to it."""
    scores = {name: values.copy() for name, values in cases.scores.items()}
    is_known = cases.recent.lengths > 0
    nobody = np.zeros_like(is_known)
    for name, strangers in (
        ("serving_default", np.append(nobody, True)),
        ("from_history", np.append(~is_known, True)),
    ):
        scores[name][strangers] = np.log(np.maximum(scores[name][strangers], LEAST_SHARE))
    found = explanations(model, parts, replace(cases, scores=scores), lists, rows)
    count = max(second.candidates, k)
    for name, basis, had in (
        ("explain", "serving_default", cases.owned),
        ("explain_history", "from_history", cases.recent),
    ):
        inputs, outputs = found[name]["inputs"], found[name]["outputs"]
        if not isinstance(module.index, ExactIndex):
            expected = outputs["score"]
            outputs = found[name]["outputs"] = _asked(module, name, inputs)
            sums = [outputs[p] for p in ("base", "prior", "user", "history") if p in outputs]
            _check(name, np.sum(sums, axis=0), expected)
            continue
        ranking = []
        for row, item_id in zip([*rows[:EXPLAINED], len(had)], inputs["item_id"], strict=True):
            item = parts.item_ids.index(item_id) if item_id in parts.item_ids else -1
            is_ranked = row < len(had) and (name == "explain" or had.lengths[row] > 0)
            if item < 0 or not is_ranked:
                ranking.append(0.0)
                continue
            history = had.items[had.offsets[row] : had.offsets[row + 1]]
            unseen, every = cases.rankings[basis][1][row], cases.scores[basis][row]
            ranking.append(_ranking(second, unseen, every, history, item, count))
        outputs["ranking"] = ranking
        outputs["score"] = np.add(outputs["score"], ranking).tolist()
    return found


def _ranking(
    second: SecondStage,
    unseen: Floats,
    scores: Floats,
    history: NDArray[np.int32],
    item: int,
    count: int,
) -> float:
    """What the ranking stage adds to the score of an item, as the last candidate if it is none."""
    items = np.argsort(-unseen, kind="stable")[:count]
    retrieval = unseen[items]
    items = np.where(retrieval > LOWEST, items, -1)
    if item not in items:
        items[-1], retrieval[-1] = item, scores[item]
    features = defined_features(second.tables, history, items, retrieval)
    ranking = np.asarray(second.model.ranking({n: x[None] for n, x in features.items()}))[0]
    return float(second.model.weight.numpy()[0] * ranking[items == item][0])


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
    told = _asked(module, signature, inputs)
    codes = {item: code for code, item in enumerate([*parts.item_ids, ""])}
    places = np.vectorize(codes.__getitem__)(told["item_id"])
    expected = np.take_along_axis(
        np.pad(scores, ((0, 0), (0, 1)), constant_values=LOWEST), places, axis=1
    )
    _check(signature, told["retrieval_score"], expected)
    return told


def _asked(
    module: TwoStageRecommender, signature: str, inputs: dict[str, list[Any]]
) -> dict[str, list[Any]]:
    """The graph's answer to a request."""
    function = module.signatures()[signature]
    specs = function.structured_input_signature[0]
    answer = function(*(tf.constant(inputs[spec.name], spec.dtype) for spec in specs))
    return {
        name: np.vectorize(lambda one: one.decode(), otypes=[object])(value.numpy()).tolist()
        if value.dtype == tf.string
        else value.numpy().tolist()
        for name, value in answer.items()
    }


def _check(signature: str, found: Any, expected: Any) -> None:
    """Compare retrieval scores of the graph with those of the model."""
    if not np.allclose(found, expected, rtol=TOLERANCE, atol=TOLERANCE):
        raise RuntimeError(f"{signature}: the index and the model score items differently.")

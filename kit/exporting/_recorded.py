"""Recorded requests with the answers of the live model, computed without the exported graph."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from kit.data import Attributes, Histories
from kit.exporting._recommender import RecommenderGraph, RecommenderParts
from kit.exporting._recorded_explanations import (
    RECENT,
    UNKNOWN_ID,
    explanations,
    linear_prior,
    linear_weights,
)
from kit.exporting._recorded_within import recorded_within
from kit.exporting._sample_users import sample_rows
from kit.exporting._segments import recorded_segments
from kit.models import RetrievalModel, queries
from kit.retrieval import ExactIndex, ItemWeightsIndex, unit_rows, votes

CASES = 16
LONGEST_GAP_S = 10 * 86_400
UNKNOWN_VALUE = f"{UNKNOWN_ID}=1"
LOWEST = np.finfo(np.float32).min
TOLERANCE = 1e-4

Cases = dict[str, tuple[dict[str, Any], NDArray[np.float32]]]


def recorded_answers(
    model: RetrievalModel | None,
    parts: RecommenderParts,
    module: RecommenderGraph,
    *,
    k: int,
    exclude_seen: bool,
    seed: int = 0,
) -> dict[str, Any]:
    """Inputs and the live model's outputs for every signature.

    Queries come from the Keras model and every item's score from NumPy. An exact index must return
    the top of these. For an approximate index its own answers are recorded, after the score of
    every item in them was compared with NumPy's.

    Args:
        model: the trained model; None if only its vectors are available, as when items are added.
        parts: of its export.
        module: the exported graph.
        k: length of the recommended lists.
        exclude_seen: whether seen items of a user are not recommended.
        seed: of the random items and rules.

    Returns:
        Signature name to `{"inputs": ..., "outputs": ...}`, as lists.

    Raises:
        RuntimeError: the index and the model score an item differently.
    """
    cases = recorded_cases(model, parts, exclude_seen=exclude_seen, seed=seed)
    recorded = answered(cases.rankings, cases.embeddings, parts, module, k)
    if parts.offers is not None:
        recorded |= recorded_within(parts, cases, module, k=k)
    if parts.segments is not None:
        recorded |= recorded_segments(parts.segments, cases, module)
    if "explain" in module.signatures():
        lists = {name: recorded[name]["outputs"] for name in cases.scores}
        recorded |= explanations(model, parts, cases, lists, np.arange(len(cases.owned)))
    return recorded


@dataclass(frozen=True)
class RecordedCases:
    """Requests with the live model's scores; the last row of each is an unknown user.

    Args:
        rankings: signature to its inputs and the score of every item, float32 [rows, items], the
            lowest float for items that must not be recommended.
        scores: `serving_default` and `from_history` to the scores of all items, also of those that
            must not be recommended.
        embeddings: signature to its inputs and the vectors.
        history_queries: float32 [rows, dim], queries of the histories without times.
        owned: items of the requested users.
        recent: items of the requested histories.
    """

    rankings: Cases
    scores: dict[str, NDArray[np.float32]]
    embeddings: Cases
    history_queries: NDArray[np.float32]
    owned: Histories
    recent: Histories


def recorded_cases(
    model: RetrievalModel | None,
    parts: RecommenderParts,
    *,
    exclude_seen: bool,
    seed: int = 0,
    count: int = CASES,
) -> RecordedCases:
    """Sample requests for every signature and score all items for them, without the graph.

    Known users are synthetic ones, see `with_sample_users`: everyone who gets the export can read
    its recorded requests.

    Args:
        model: the trained model; None if only its vectors are available, as when items are added.
        parts: of its export.
        exclude_seen: whether seen items of a user are excluded.
        seed: of the random items and rules.
        count: maximum number of users and items.
    """
    rng = np.random.default_rng(seed)
    users = sample_rows(parts.user_ids, count)
    items = rng.choice(len(parts.item_ids), min(count, len(parts.item_ids)), replace=False)
    owned = parts.owned.take(users)
    recent = owned.last(RECENT)
    names = np.array(["", *parts.item_ids], dtype=object)
    codes = recent.padded(np.arange(len(users)), length=RECENT + 1, shift=1)
    history = names[codes]
    history[:, -1] = UNKNOWN_ID
    history = np.vstack([history, [[UNKNOWN_ID, *[""] * RECENT]]])

    popular = parts.popularity[None]
    queries = _of_users(model, parts, users)
    untimed = replace(recent, times=None)

    def of_histories(some: Histories, queries: NDArray[np.float32]) -> NDArray[np.float32]:
        scores = _scores(parts, queries, some)
        return np.vstack([np.where(some.lengths[:, None] > 0, scores, popular), popular])

    def unseen(scores: NDArray[np.float32], some: Histories) -> NDArray[np.float32]:
        return _without(scores, some) if exclude_seen else scores

    history_queries = _of_histories(model, parts, untimed)
    scores = {
        "serving_default": np.vstack([_scores(parts, queries, owned), popular]),
        "from_history": of_histories(untimed, history_queries),
    }
    known = unseen(scores["serving_default"], owned)
    someone = unseen(scores["from_history"], recent)
    itself = Histories(np.arange(len(items) + 1), items.astype(np.int32))
    similar = _without(_similarities(parts, items), itself)
    similar = np.vstack([similar, np.full_like(popular, LOWEST)])

    asked = len(known)
    drawn = rng.integers(len(parts.item_ids), size=asked, dtype=np.int32)
    left_out = Histories(np.arange(asked + 1), drawn)
    where = _requests(parts.attributes, asked, rng)
    matches = np.stack([_matches(parts.attributes, values) for values in where])
    request = {"exclude": names[1 + left_out.items][:, None].tolist(), "where": where}
    user_ids = {"user_id": [*(parts.user_ids[u] for u in users), UNKNOWN_ID]}
    item_ids = {"item_id": [*(parts.item_ids[i] for i in items), UNKNOWN_ID]}
    histories = {"history": history.tolist()}
    rankings = {
        "serving_default": (user_ids, known),
        "from_history": (histories, someone),
        "recommend_where": (
            user_ids | request,
            np.where(matches, _without(known, left_out), LOWEST),
        ),
        "from_history_where": (
            histories | request,
            np.where(matches, _without(someone, left_out), LOWEST),
        ),
        "similar_items": (item_ids, similar),
    }
    if hasattr(parts.history_encoder, "timed_query"):
        gaps = rng.integers(1, LONGEST_GAP_S, len(recent.items))
        timed = replace(recent, times=np.cumsum(gaps))
        times = timed.padded_times(np.arange(len(users)), length=RECENT + 1)
        time = {"time": np.vstack([times, np.zeros_like(times[:1])]).tolist()}
        scored = of_histories(timed, _of_histories(model, parts, timed))
        rankings["from_timed_history"] = (histories | time, unseen(scored, timed))
    embeddings = {} if parts.linear else _embeddings(parts, queries, user_ids, items, item_ids)
    # The last request names nobody.
    history_queries = np.pad(history_queries, ((0, 1), (0, 0)))
    return RecordedCases(rankings, scores, embeddings, history_queries, owned, recent)


def _embeddings(
    parts: RecommenderParts,
    queries: NDArray[np.float32],
    user_ids: dict[str, Any],
    items: NDArray[np.integer],
    item_ids: dict[str, Any],
) -> Cases:
    no_item = np.zeros((1, queries.shape[1]), np.float32)
    unknown_user = no_item.copy()
    unknown_user[:, -1] = 1
    return {
        "embed_user": (user_ids, np.vstack([queries, unknown_user])),
        "embed_item": (item_ids, np.vstack([parts.item_vectors[items], no_item])),
    }


def _scores(
    parts: RecommenderParts, queries: NDArray[np.float32], known: Histories
) -> NDArray[np.float32]:
    if parts.linear:
        return queries
    scores: NDArray[np.float32] = queries @ parts.item_vectors.T
    if parts.item_weights is not None:
        scores += votes(known.matrix(len(parts.item_ids)), parts.item_weights)
    return scores


def _similarities(parts: RecommenderParts, items: NDArray[np.integer]) -> NDArray[np.float32]:
    if parts.linear:
        return np.asarray(parts.linear.vectors_of(tf.constant(items, tf.int32)))
    unit = unit_rows(parts.item_vectors[:, :-1])
    similarities: NDArray[np.float32] = unit[items] @ unit.T
    return similarities


def answered(
    rankings: Cases, embeddings: Cases, parts: RecommenderParts, module: RecommenderGraph, k: int
) -> dict[str, Any]:
    """The recorded inputs and outputs of requests, see `RecordedCases`."""
    recorded = {
        name: {"inputs": inputs, "outputs": _answer(module, parts, name, inputs, scores, k)}
        for name, (inputs, scores) in rankings.items()
    }
    for name, (inputs, vectors) in embeddings.items():
        recorded[name] = {"inputs": inputs, "outputs": {"embedding": vectors.tolist()}}
    return recorded


def _of_users(
    model: RetrievalModel | None, parts: RecommenderParts, users: NDArray[np.int64]
) -> NDArray[np.float32]:
    if model is None and parts.linear is None:
        return parts.user_vectors[users]
    if model is None:
        return _of_histories(model, parts, parts.owned.take(users))
    return queries(model, users, parts.owned.take(users))


def _of_histories(
    model: RetrievalModel | None, parts: RecommenderParts, histories: Histories
) -> NDArray[np.float32]:
    if model is not None:
        return queries(model, np.full(len(histories), model.num_users), histories)
    if parts.linear is not None:
        held = histories.matrix(len(parts.item_ids))
        return votes(held, linear_weights(model, parts)) + linear_prior(model, parts)
    if parts.history_encoder is not None:
        rows = np.arange(len(histories))
        codes = histories.padded(rows, length=RECENT, shift=1) - 1
        vectors = parts.item_vectors[codes]
        if histories.times is None:
            return np.asarray(parts.history_encoder.query(vectors, codes >= 0))
        times = histories.padded_times(rows, length=RECENT)
        return np.asarray(parts.history_encoder.timed_query(vectors, codes >= 0, times))
    total = np.asarray(histories.matrix(len(parts.item_ids)) @ parts.item_vectors)
    mean = total / np.maximum(histories.lengths, 1)[:, None]
    mean[:, -1] = 1
    return mean.astype(np.float32)


def _without(scores: NDArray[np.float32], excluded: Histories) -> NDArray[np.float32]:
    # A copy: without exclusions they are needed, too.
    scores = scores.astype(np.float32)
    scores[excluded.row_of_each_item, excluded.items] = LOWEST
    return scores


def _requests(attributes: Attributes, count: int, rng: np.random.Generator) -> list[list[str]]:
    """Two values a request; some are empty, some match no item."""
    possible = np.array(["", UNKNOWN_VALUE, *attributes.values], dtype=object)
    frequent = np.bincount(attributes.tokens.ravel(), minlength=len(attributes.values) + 1)[1:]
    weights = np.array([max(1, frequent.sum() / 4), max(1, frequent.sum() / 16), *frequent])
    drawn = rng.choice(len(possible), (count, 2), p=weights / weights.sum())
    requests: list[list[str]] = possible[drawn].tolist()
    return requests


def _matches(attributes: Attributes, values: Sequence[str]) -> NDArray[np.bool_]:
    """Items that have one of the requested values of every requested column."""
    matches = np.ones(len(attributes.tokens), np.bool_)
    wanted = [value for value in values if value]
    for column in {value.split("=", 1)[0] for value in wanted}:
        tokens = [
            1 + attributes.values.index(value)
            for value in wanted
            if value.startswith(f"{column}=") and value in attributes.values
        ]
        matches &= np.isin(attributes.tokens, tokens).any(axis=1)
    return matches


def _answer(
    module: RecommenderGraph,
    parts: RecommenderParts,
    signature: str,
    inputs: dict[str, Any],
    scores: NDArray[np.float32],
    k: int,
) -> dict[str, Any]:
    """The top k by these scores [rows, items]; of an approximate index, its own answers."""
    names = np.array([*parts.item_ids, ""], dtype=object)
    # Code -1 past the last item reads the empty id.
    scores = np.pad(scores, ((0, 0), (0, 1)), constant_values=LOWEST)
    if isinstance(module.index, ExactIndex | ItemWeightsIndex):
        best = np.argsort(-scores, axis=1, kind="stable")[:, : min(k, len(parts.item_ids))]
        values = np.take_along_axis(scores, best, axis=1)
        best = np.where(values > LOWEST, best, len(parts.item_ids))
    else:
        tensors = [
            tf.constant(value, tf.int64 if name == "time" else tf.string)
            for name, value in inputs.items()
        ]
        answer = module.signatures()[signature](*tensors)
        code = {name: place for place, name in enumerate(names)}
        best = np.vectorize(lambda name: code[name.decode()])(answer["item_id"].numpy())
        values = answer["score"].numpy()
        expected = np.take_along_axis(scores, best, axis=1)
        if not np.allclose(values, expected, rtol=TOLERANCE, atol=TOLERANCE):
            raise RuntimeError(f"{signature}: the index and the model score items differently.")
    return {"item_id": names[best].tolist(), "score": values.tolist()}

"""Recorded requests with the answers of the live model, computed without the exported graph."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from kit.data import Attributes, Histories
from kit.exporting._explanations import MOST_REASONS
from kit.exporting._recommender import RecommenderGraph, RecommenderParts
from kit.exporting._sample_users import sample_rows
from kit.models import ImplicitALS, LinearRecommender, RetrievalModel, TwoTower, queries
from kit.retrieval import ExactIndex, ItemWeightsIndex, unit_rows, votes

CASES = 16
EXPLAINED = 8
RANK_GAP = 2e-4
RECENT = 20
LONGEST_GAP_S = 10 * 86_400
UNKNOWN_ID = "\N{WHITE QUESTION MARK ORNAMENT} nobody"
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
    if "explain" in module.signatures():
        lists = {name: recorded[name]["outputs"] for name in cases.scores}
        recorded |= explanations(model, parts, cases, lists, np.arange(len(cases.owned)))
    return recorded


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
    own = np.asarray(
        model.prior if isinstance(model, LinearRecommender) else parts.item_vectors[:, -1]
    )
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
    weights: Any = (
        model.item_weights() if isinstance(model, LinearRecommender) else parts.item_weights
    )

    def of_weights(history: NDArray[np.integer], item: int) -> NDArray[np.float32]:
        of_all = weights[history]
        of_all = of_all if isinstance(of_all, np.ndarray) else of_all.toarray()
        return np.asarray(of_all[:, item] - of_all.mean(axis=1), np.float32)

    if isinstance(model, LinearRecommender):
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


@dataclass(frozen=True)
class RecordedCases:
    """Requests with the live model's scores; the last row of each is an unknown user.

    Args:
        rankings: signature to its inputs and the score of every item, float32 [rows, items], the
            lowest float for items that must not be recommended.
        scores: `serving_default` and `from_history` to the scores of all items, also of those that
            must not be recommended.
        embeddings: signature to its inputs and the vectors.
        owned: items of the requested users.
        recent: items of the requested histories.
    """

    rankings: Cases
    scores: dict[str, NDArray[np.float32]]
    embeddings: Cases
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

    def of_histories(some: Histories) -> NDArray[np.float32]:
        scores = _scores(parts, _of_histories(model, parts, some), some)
        return np.vstack([np.where(some.lengths[:, None] > 0, scores, popular), popular])

    def unseen(scores: NDArray[np.float32], some: Histories) -> NDArray[np.float32]:
        return _without(scores, some) if exclude_seen else scores

    scores = {
        "serving_default": np.vstack([_scores(parts, queries, owned), popular]),
        "from_history": of_histories(untimed),
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
        rankings["from_timed_history"] = (histories | time, unseen(of_histories(timed), timed))
    embeddings = {} if parts.linear else _embeddings(parts, queries, user_ids, items, item_ids)
    return RecordedCases(rankings, scores, embeddings, owned, recent)


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
    if model is None:
        return parts.user_vectors[users]
    return queries(model, users, parts.owned.take(users))


def _of_histories(
    model: RetrievalModel | None, parts: RecommenderParts, histories: Histories
) -> NDArray[np.float32]:
    if model is not None:
        return queries(model, np.full(len(histories), model.num_users), histories)
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

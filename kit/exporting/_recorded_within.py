"""Recorded requests for recommendations within limits, held against NumPy."""

from typing import TYPE_CHECKING, Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from kit.exporting._offers import LEAST_LEFT, ROUNDING, SMALLEST, STATIC, OfferPlan, lowered
from kit.exporting._recommender import RecommenderGraph, RecommenderParts

if TYPE_CHECKING:
    from kit.exporting._recorded import RecordedCases

LOWEST = np.finfo(np.float32).min
TOLERANCE = 1e-4
PLENTY, HALF = 3.0, 0.5
NOTHING = "\N{WHITE QUESTION MARK ORNAMENT} nothing"


def recorded_within(
    parts: RecommenderParts,
    cases: "RecordedCases",
    module: RecommenderGraph,
    *,
    k: int,
) -> dict[str, Any]:
    """The graph's answers within limits, after every one of them was computed again by NumPy.

    Each request sells out the user's best item, states the stock left of the next, and names an
    unknown one. Every third user had all contacts, every fourth has no budget left; prices follow
    what is left in every second request.

    Args:
        parts: of the export, with offers.
        cases: requests and the scores of all items for them.
        module: the exported graph.
        k: length of the recommended lists.

    Raises:
        RuntimeError: the graph and NumPy disagree.
    """
    plan = parts.offers
    assert plan is not None
    found = {}
    for name, basis in (
        ("recommend_within", "serving_default"),
        ("from_history_within", "from_history"),
    ):
        inputs, scores = cases.rankings[basis]
        rows = len(scores)
        known = _is_known(cases, basis, rows)
        values = _values(parts, scores, cases.scores[basis], known)
        best = np.argsort(-(values - plan.price), axis=1)[:, :2]
        stock = np.tile(np.array([0, PLENTY, PLENTY], np.float32), (rows, 1))
        contacts = np.where(np.arange(rows) % 3 == 2, plan.contacts or 0, 0).astype(np.int32)
        budget = np.where(np.arange(rows) % 4 == 3, 0, plan.budget or 1).astype(np.float32)
        period = np.where(np.arange(rows) % 2 == 1, HALF, 0).astype(np.float32)
        names = [[*(parts.item_ids[item] for item in row), NOTHING] for row in best]
        limits = {
            "item_id": tf.constant(names),
            "stock_left": tf.constant(stock),
            "price": tf.zeros([rows, 0]),
            "contacts": tf.constant(contacts),
            "budget_left": tf.constant(budget),
            "period_left": tf.constant(period),
        }
        asked = tf.constant(next(iter(inputs.values())))
        function = module.signatures()[name]
        answer = {key: x.numpy() for key, x in function(asked, *limits.values()).items()}
        is_shown = (plan.value > 0) & (plan.stock >= 1)
        prices = np.tile(np.where(is_shown, lowered(plan.price, STATIC), np.inf), (rows, 1))
        prices[np.arange(rows), best[:, 0]] = np.inf
        level = _level(plan, PLENTY / np.maximum(plan.stock[best[:, 1]], 1), period, STATIC)
        second = plan.price[best[:, 1]]
        second = np.where(second > 0, level * second, second)
        is_offered = plan.value[best[:, 1]] > 0
        prices[np.arange(rows), best[:, 1]] = np.where(is_offered, second, np.inf)
        if plan.budget is not None:
            level = _level(plan, budget / plan.budget, period, 1.0)
            prices += plan.budget_price * plan.cost * level[:, None]
            prices[plan.cost > budget[:, None]] = np.inf
        if plan.contacts is not None:
            prices[contacts >= plan.contacts] = np.inf
        prices[scores == LOWEST] = np.inf
        _hold(name, parts, answer, values, prices, k)
        found[name] = {
            "inputs": {**inputs, **{key: _listed(x.numpy()) for key, x in limits.items()}},
            "outputs": {key: _listed(x) for key, x in answer.items()},
        }
    return found


def _level(
    plan: OfferPlan, left: NDArray[np.floating], period: NDArray[np.floating], static: float
) -> NDArray[np.float64]:
    ratio = np.maximum(left, LEAST_LEFT) / np.maximum(period, LEAST_LEFT)
    return np.where(period > 0, np.maximum(1 - plan.follow * np.log(ratio), 0), static)


def _is_known(cases: "RecordedCases", basis: str, rows: int) -> NDArray[np.bool_]:
    """Whether the scores of each request are not those of the popular list."""
    had = cases.recent.lengths > 0 if basis == "from_history" else np.ones(rows - 1, bool)
    return np.append(had, False)


def _values(
    parts: RecommenderParts,
    allowed: NDArray[np.float32],
    scores: NDArray[np.float32],
    known: NDArray[np.bool_],
) -> NDArray[np.float32]:
    """Values [rows, items]; `allowed` are the scores with the lowest float for seen items."""
    plan = parts.offers
    assert plan is not None
    scored = scores.astype(np.float64)
    if plan.candidates is not None:
        best = -np.sort(-allowed.astype(np.float64), axis=1)[:, : plan.candidates]
        scored = np.where(best > LOWEST, best, np.nan)
    mean = np.nanmean(scored, axis=1, keepdims=True)
    deviation = np.sqrt(np.maximum(np.nanvar(scored, axis=1, keepdims=True), SMALLEST))
    scores = (scores - mean) / deviation
    probability = np.where(known[:, None], plan.known.of(scores), plan.popular.of(scores))
    return np.asarray(probability * plan.value, np.float32)


def _hold(
    name: str,
    parts: RecommenderParts,
    answer: dict[str, NDArray[Any]],
    values: NDArray[np.float32],
    prices: NDArray[np.floating],
    k: int,
) -> None:
    """Compare the items of a list with their values and prices; and all of it with the best."""
    code = {item.encode(): place for place, item in enumerate(parts.item_ids)}
    items = np.vectorize(lambda item: code.get(item, -1))(answer["item_id"])
    row, place = np.nonzero(items >= 0)
    own = (row, items[row, place])
    scale = max(1.0, float(values.max(initial=0)))
    margin = values - prices
    close = np.allclose(answer["value"][row, place], values[own], atol=TOLERANCE * scale)
    close &= np.allclose(answer["price"][row, place], prices[own], atol=TOLERANCE * scale)
    close &= np.allclose(answer["score"][row, place], margin[own], atol=TOLERANCE * scale)
    if parts.offers is not None and parts.offers.candidates is None:
        margin = np.where(margin + ROUNDING * values >= 0, margin, LOWEST)
        best = -np.sort(-margin, axis=1)[:, :k]
        # Whether an item is worth just its price is a matter of rounding.
        best, given = (np.where(x > TOLERANCE * scale, x, 0) for x in (best, answer["score"]))
        close &= np.allclose(given, best, atol=TOLERANCE * scale)
    if not close:
        raise RuntimeError(f"{name}: the graph and NumPy disagree on values or prices.")


def _listed(values: NDArray[Any]) -> Any:
    if values.dtype == object:
        return [[item.decode() for item in row] for row in values]
    return values.tolist()

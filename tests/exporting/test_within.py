"""Recommendations within stock, budget and contacts, by the graph."""

from dataclasses import replace

import numpy as np
import pytest
import tensorflow as tf

from kit.exporting import (
    STATIC,
    OfferPlan,
    ScoreTable,
    export_recommender,
    read_parts,
    recommender_graph,
)
from kit.exports import RetrievalCard, verify
from kit.retrieval import IndexSettings, ItemWeightsIndex
from tests.exporting.parts import ITEMS, USERS, c_library_only, hand_made, passing

VALUE = np.float32([3, 5, 2, 4, 1, 6, 0, 2])
PRICE = np.float32([0.1, 0.2, 0, 0.3, 0, 0.5, 0, 0.1])
STOCK = np.float32([2, 5, 9, 1, 0, 3, 4, 7])
COST = np.float32([1, 2, 1, 1, 1, 4, 1, 1])
TABLE = ScoreTable(np.float32([-2, 0, 1, 2]), np.float32([0.01, 0.05, 0.2, 0.6]))


def plan(**changes) -> OfferPlan:
    visits = np.zeros(len(USERS) + 1, np.float32)
    none = np.zeros((0, len(ITEMS)), np.float32)
    made = OfferPlan(VALUE, np.zeros_like(COST), PRICE, STOCK, none, visits, TABLE, TABLE)
    return replace(made, **changes)


def graph(exclude_seen=False, index="exact", **changes):
    parts = replace(hand_made(), offers=plan(**changes))
    settings = IndexSettings(index)
    return recommender_graph(parts, k=8, exclude_seen=exclude_seen, index=settings)


def within(module, users=USERS[:3], stock=None, price=None, contacts=0, budget=1e9, period=0.0):
    count, stock, own = len(users), stock or {}, [*(price or {}).values()]
    answer = module.recommend_within(
        tf.constant(users),
        tf.constant([[*stock]] * count, tf.string, shape=[count, len(stock)]),
        tf.constant([[*stock.values()]] * count, tf.float32, shape=[count, len(stock)]),
        tf.constant([own] * count, tf.float32, shape=[count, len(own)]),
        tf.fill([count], contacts),
        tf.fill([count], float(budget)),
        tf.fill([count], float(period)),
    )
    items = [[item.decode() for item in row] for row in answer["item_id"].numpy()]
    return items, {name: x.numpy() for name, x in answer.items() if name != "item_id"}


def expected(user, price):
    """Values, and values less prices, of all items for a user, by definition."""
    parts = hand_made()
    scores = (parts.item_vectors @ parts.user_vectors[user]).astype(np.float64)
    scores = (scores - scores.mean()) / scores.std()
    values = np.interp(scores, TABLE.at, TABLE.probability) * VALUE
    return values, np.where((VALUE > 0) & (STOCK >= 1), values - price, -np.inf)


def test_items_are_ranked_by_value_less_price():
    items, numbers = within(graph())
    for user in range(3):
        values, margin = expected(user, STATIC * PRICE)
        order = [i for i in np.argsort(-margin) if margin[i] >= 0]
        assert items[user] == [ITEMS[i] for i in order] + [""] * (8 - len(order))
        shown = slice(0, len(order))
        np.testing.assert_allclose(numbers["score"][user, shown], margin[order], atol=1e-5)
        np.testing.assert_allclose(numbers["value"][user, shown], values[order], atol=1e-5)
        np.testing.assert_allclose(numbers["price"][user, shown], STATIC * PRICE[order], atol=1e-5)


def test_what_is_sold_out_or_not_offered_is_never_shown():
    module = graph()
    items, _ = within(module)
    assert not {"🫖", "007"} & {item for row in items for item in row}
    first = {row[0] for row in items}
    again, _ = within(module, stock=dict.fromkeys(first, 0.0))
    assert not first & {item for row in again for item in row}
    # The stock of a request counts, also where the plan had none.
    back, _ = within(module, stock={"🫖": 3.0}, price={"🫖": 0.0})
    assert all("🫖" in row for row in back)


def test_limits_of_contacts_and_budget_hold():
    module = graph(contacts=2, cost=COST, budget=10.0, budget_price=0.01)
    assert any(item for row in within(module, contacts=1)[0] for item in row)
    assert not any(item for row in within(module, contacts=2)[0] for item in row)
    cheap = {item for row in within(module, budget=1)[0] for item in row if item}
    assert cheap
    assert all(COST[ITEMS.index(item)] <= 1 for item in cheap)


def test_prices_follow_what_is_left():
    module = graph(follow=0.2)
    (first, *_), *_ = within(module, USERS[:1])[0]
    full, own = float(STOCK[ITEMS.index(first)]), float(PRICE[ITEMS.index(first)])

    def price(**limits):
        items, numbers = within(module, USERS[:1], **limits)
        return float(numbers["price"][0, items[0].index(first)])

    assert price() == pytest.approx(STATIC * own, abs=1e-5)
    assert price(stock={first: full}, period=1.0) == pytest.approx(own, abs=1e-5)
    # Twice as much is left as time: the price falls.
    lower = own * (1 - 0.2 * np.log(2))
    assert price(stock={first: full}, period=0.5) == pytest.approx(lower, abs=1e-5)
    assert price(stock={first: full}, price={first: 0.07}) == pytest.approx(0.07, abs=1e-5)


def test_seen_items_stay_excluded_and_unknown_users_get_popular_ones():
    items, _ = within(graph(exclude_seen=True), ["ann", "nobody"])
    assert not {"a b", 'say "x"'} & set(items[0])
    popularity = hand_made().popularity
    z = (popularity - popularity.mean()) / popularity.std()
    margin = np.interp(z, TABLE.at, TABLE.probability) * VALUE - STATIC * PRICE
    margin[(VALUE == 0) | (STOCK < 1)] = -1
    assert items[1][0] == ITEMS[int(margin.argmax())]


def test_equal_items_come_in_an_order_of_each_user():
    same = np.ones(len(ITEMS), np.float32)
    flat = ScoreTable(np.float32([0, 1]), np.float32([0.5, 0.5]))
    module = graph(value=same, price=0.5 / STATIC * same, stock=same, known=flat, popular=flat)
    users = [f"user {number}" for number in range(40)]
    items, _ = within(module, users)
    # A price that the value just reaches is paid.
    assert all(sorted(row) == sorted(ITEMS) for row in items)
    assert len({row[0] for row in items}) > 4
    assert items == within(module, users)[0]


@pytest.mark.slow
@pytest.mark.parametrize(
    "kind",
    ["linear", "vectors", "candidates"],
)
def test_a_plan_survives_the_export(kind, tmp_path, monkeypatch):
    c_library_only(monkeypatch)
    monkeypatch.setattr("kit.exports.verify", passing)
    candidates = 5 if kind == "candidates" else None
    made = plan(contacts=2, cost=COST, budget=10.0, budget_price=0.01, candidates=candidates)
    parts = replace(hand_made(), offers=made)
    if kind == "linear":
        random = np.random.default_rng(1)
        weights = random.normal(size=(8, 8)).astype(np.float32)
        none = np.zeros((len(USERS), 0), np.float32)
        linear = ItemWeightsIndex(weights, random.normal(size=8))
        parts = replace(parts, linear=linear, user_vectors=none, item_vectors=np.zeros((8, 0), "f"))
    version, _ = export_recommender(
        parts,
        tmp_path / "model",
        model=None,
        k=5,
        exclude_seen=True,
        index=IndexSettings(),
        card=RetrievalCard(recipe="by hand", names=dict.fromkeys(ITEMS, "a name")),
    )
    # Without --trust: its operations are those of the list.
    checks = {check.signature: check.passed for check in verify(version)}
    assert checks.keys() >= {"recommend_within", "from_history_within"}
    assert all(checks.values()), checks
    again = read_parts(version)
    assert (again.linear is not None) == (kind == "linear")
    assert again.offers is not None
    assert again.offers.contacts == 2
    assert again.offers.candidates == candidates
    assert (again.offers.budget, again.offers.budget_price) == (10.0, pytest.approx(0.01))
    np.testing.assert_array_equal(again.offers.price, PRICE)
    np.testing.assert_array_equal(again.offers.known.at, TABLE.at)

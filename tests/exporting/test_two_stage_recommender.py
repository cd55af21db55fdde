import numpy as np
import pytest
import tensorflow as tf

from kit.models import defined_features
from kit.retrieval import IndexSettings
from tests.exporting.parts import ITEMS, LOWEST, OWNED, TOKENS, USERS, VALUES
from tests.exporting.two_stages import PARTS, second_stage, two_stages

NO_RULES = {"exclude": [], "where": [], "boost": [], "factors": [], "at_most": 0, "diversity": 0.0}


@pytest.fixture(scope="module")
def module():
    return two_stages(k=5)


@pytest.fixture(scope="module")
def whole():
    return two_stages(k=8, exclude_seen=False)


def told(answer, row=0):
    ids = [item.decode() for item in answer["item_id"].numpy()[row]]
    return ids, {name: value.numpy()[row] for name, value in answer.items() if name != "item_id"}


def under(module, user="ann", history=None, **rules):
    asked = NO_RULES | rules
    values = (
        [[*asked["exclude"], ""]],
        [[*asked["where"], ""]],
        [[*asked["boost"], ""]],
        [[*asked["factors"], 1.0]],
        [asked["at_most"]],
        [asked["diversity"]],
    )
    if history is not None:
        return told(module.from_history_where([history], *values))
    return told(module.recommend_where([user], *values))


def by_definition(user, candidates=8):
    """Retrieval and ranking scores of all items a user does not have, best first."""
    second = second_stage()
    scores = PARTS.item_vectors @ PARTS.user_vectors[user]
    items = [i for i in np.argsort(-scores) if i not in OWNED[user]][:candidates]
    features = defined_features(second.tables, np.array(OWNED[user], int), items, scores[items])
    ranking = second.model.ranking({n: v[None] for n, v in features.items()}).numpy()[0]
    total = scores[items] + 0.5 * ranking
    order = np.argsort(-total)
    found = [(ITEMS[items[i]], total[i], scores[items[i]], ranking[i]) for i in order]
    return [np.array(column) for column in zip(*found, strict=True)]


def test_known_users_get_the_candidates_in_the_order_of_both_stages(module):
    answer = module.recommend(USERS)
    for user in range(3):
        ids, scores = told(answer, user)
        names, total, retrieval, ranking = by_definition(user)
        assert ids == names[:5].tolist()
        np.testing.assert_allclose(scores["score"], total[:5], rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(scores["retrieval_score"], retrieval[:5], rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(scores["ranking_score"], ranking[:5], rtol=1e-4, atol=1e-5)


def test_retrieval_decides_who_is_a_candidate():
    few = two_stages(k=3, candidates=3)
    ids, _ = told(few.recommend(["bo o"]))
    assert ids == by_definition(1, candidates=3)[0].tolist()


def test_a_short_list_is_filled(module):
    ids, scores = told(module.recommend(["has nearly all"]))
    assert ids == ["a b", "", "", "", ""]
    for values in scores.values():
        assert values[1:].tolist() == [LOWEST] * 4
        assert values[0] > LOWEST


def test_strangers_get_the_popular_list(module):
    expected = [ITEMS[i] for i in np.argsort(-PARTS.popularity)][:5]
    for answer in (module.recommend(["nobody"]), module.from_history([["never seen", ""]])):
        ids, scores = told(answer)
        assert ids == expected
        assert not scores["ranking_score"].any()
        np.testing.assert_allclose(scores["score"], np.log(scores["retrieval_score"]), rtol=1e-6)


def test_a_history_is_ranked_too(module):
    ids, scores = told(module.from_history([["a b", "never seen", 'say "x"']]))
    assert not {"a b", 'say "x"'} & set(ids)
    assert scores["ranking_score"].all()
    shown = scores["retrieval_score"] + 0.5 * scores["ranking_score"]
    np.testing.assert_allclose(scores["score"], shown, rtol=1e-5)


def test_no_rules_is_the_plain_answer(module):
    plain, scores = told(module.recommend(["ann"]))
    ids, ruled = under(module)
    assert ids == plain
    np.testing.assert_allclose(ruled["score"], scores["score"], rtol=1e-6)


def test_what_is_excluded_never_appears_and_filters_hold(module):
    first = told(module.recommend(["ann"]))[0][0]
    assert first not in under(module, exclude=[first, "no such item"])[0]
    ids, _ = under(module, where=["kind=tea"])
    kept = {ITEMS[i] for i, tokens in enumerate(TOKENS) if 1 in tokens}
    assert {i for i in ids if i} == kept - {ITEMS[i] for i in OWNED[0]}


@pytest.mark.parametrize("history", [None, ["007"], ["never seen"]])
@pytest.mark.parametrize("limit", [1, 2])
def test_there_are_never_more_of_a_category(whole, history, limit):
    ids, _ = under(whole, history=history, at_most=limit)
    codes = [ITEMS.index(item) for item in ids if item]
    for token, value in enumerate(VALUES, start=1):
        held = sum(token in TOKENS[code] for code in codes)
        assert held <= limit if value.startswith("kind=") else held >= 1
    assert "plain" in ids, "an item without a category is not limited"


def test_boosts_multiply_the_odds_of_items_and_values(whole):
    plain, before = under(whole)
    ids, after = under(whole, boost=["🫖", "made=here", "unknown"], factors=[100.0, 0.5, 0.0])
    gains = {
        item: after["score"][ids.index(item)] - before["score"][plain.index(item)] for item in ITEMS
    }
    for code, item in enumerate(ITEMS):
        expected = np.log(0.5) * (3 in TOKENS[code]) + np.log(100) * (item == "🫖")
        assert gains[item] == pytest.approx(expected, abs=1e-4)
    assert list(after["score"]) == sorted(after["score"], reverse=True)


def test_a_factor_of_nothing_takes_items_out(whole):
    ids, _ = under(whole, boost=["kind=tea", "plain"], factors=[0.0, float("nan")])
    assert {item for item in ids if item} == {
        item for code, item in enumerate(ITEMS) if 1 not in TOKENS[code] and item != "plain"
    }


def test_boosts_reach_the_popular_list_too(whole):
    assert under(whole, user="nobody", boost=["a b"], factors=[1e6])[0][0] == "a b"


def test_diversity_puts_apart_what_is_alike(whole):
    plain, diverse = (
        [ITEMS.index(item) for item in under(whole, diversity=share)[0]] for share in (0.0, 1.0)
    )
    unit = second_stage().tables.vectors
    # All of it for diversity: behind the first stands what is least like it.
    others = [code for code in plain if code != diverse[0]]
    assert diverse[1] == min(others, key=lambda code: unit[code] @ unit[diverse[0]])
    assert sorted(diverse) == sorted(plain)
    assert under(whole, diversity=5.0)[0] == under(whole, diversity=1.0)[0]


def test_an_export_may_be_diverse_without_rules(whole):
    diverse = two_stages(k=8, exclude_seen=False, diversity=0.4)
    assert told(diverse.recommend(["ann"]))[0] == under(whole, diversity=0.4)[0]


def test_rows_do_not_depend_on_their_neighbours(module):
    together = module.recommend([*USERS, "nobody"])
    for row, user in enumerate([*USERS, "nobody"]):
        alone = told(module.recommend([user]))
        assert told(together, row)[0] == alone[0]


def test_an_empty_batch_gets_an_empty_answer(module):
    nobody = tf.constant([], tf.string)
    assert module.recommend(nobody)["score"].shape == (0, 5)
    nothing = tf.zeros([0, 2], tf.string)
    rules = [nothing, nothing, nothing, tf.zeros([0, 2]), tf.zeros([0], tf.int32), tf.zeros([0])]
    assert module.recommend_where(nobody, *rules)["item_id"].shape == (0, 5)


@pytest.mark.slow
def test_an_inverted_file_answers_as_the_exact_index_of_few_items(module):
    other = two_stages(k=5, index=IndexSettings("inverted-file"))
    for user in USERS:
        assert told(other.recommend([user]))[0] == told(module.recommend([user]))[0]
        rules = {"boost": ["🫖"], "factors": [3.0], "at_most": 1, "diversity": 0.2}
        assert under(other, user, **rules)[0] == under(module, user, **rules)[0]

import numpy as np
import pytest
import tensorflow as tf

from kit.retrieval import MOST_EXCLUDED, IndexSettings
from tests.exporting.parts import (
    ITEMS,
    LOWEST,
    OWNED,
    TOKENS,
    USERS,
    VALUES,
    asked,
    hand_made,
    recommender,
)

PARTS = hand_made()
BY_POPULARITY = [ITEMS[i] for i in np.argsort(-PARTS.popularity)]


@pytest.fixture(scope="module")
def module():
    return recommender()


@pytest.fixture(scope="module")
def with_seen():
    return recommender(k=100, exclude_seen=False)


def best_first(scores, left_out):
    """Ids and scores by definition: all items, best first, without some."""
    order = [i for i in np.argsort(-scores) if i not in left_out]
    return [ITEMS[i] for i in order], scores[order]


def test_known_users_get_the_best_items_they_do_not_have(module):
    items, scores = asked(module.recommend, USERS)
    for user, owned in enumerate(OWNED[:3]):
        expected, values = best_first(PARTS.item_vectors @ PARTS.user_vectors[user], owned)
        assert items[user] == expected[:5]
        np.testing.assert_allclose(scores[user], values[:5], rtol=1e-5)


def test_the_list_of_a_user_who_has_nearly_all_ends_early(module):
    items, scores = asked(module.recommend, ["has nearly all"])
    assert items == [["a b", "", "", "", ""]]
    assert scores[0, 1:].tolist() == [LOWEST] * 4
    assert scores[0, 0] > LOWEST


def test_with_seen_items_everybody_gets_all_of_a_small_catalogue(with_seen):
    items, scores = asked(with_seen.recommend, USERS)
    for user in range(len(USERS)):
        assert items[user] == best_first(PARTS.item_vectors @ PARTS.user_vectors[user], [])[0]
    assert (np.diff(scores) <= 0).all()


@pytest.mark.parametrize("stranger", ["", "nobody", "Ann", "an n"])
def test_strangers_get_the_popular_list(module, stranger):
    items, scores = asked(module.recommend, ["ann", stranger])
    assert items[1] == BY_POPULARITY[:5] != items[0]
    np.testing.assert_allclose(scores[1], np.sort(PARTS.popularity)[::-1][:5])


def test_a_history_is_the_mean_of_its_items(module):
    items, scores = asked(module.from_history, [["it's", "🫖", ""]])
    query = PARTS.item_vectors[[1, 4]].mean(axis=0)
    query[-1] = 1
    expected, values = best_first(PARTS.item_vectors @ query, [1, 4])
    assert items[0] == expected[:5]
    np.testing.assert_allclose(scores[0], values[:5], rtol=1e-5)


def test_unknown_items_of_a_history_are_ignored(module):
    plain = asked(module.from_history, [["it's", "🫖", "", ""]])
    strange = asked(module.from_history, [["it's", "never seen", "", "🫖"]])
    assert strange[0] == plain[0]
    np.testing.assert_allclose(strange[1], plain[1], rtol=1e-6)


@pytest.mark.parametrize("history", [["never seen", ""], ["", ""], []])
def test_a_history_without_a_known_item_gets_the_popular_list(module, history):
    assert asked(module.from_history, tf.constant([history], tf.string))[0] == [BY_POPULARITY[:5]]


def test_an_item_twice_in_a_history_counts_twice_and_is_left_out(module):
    items, scores = asked(module.from_history, [["it's", "it's", "🫖"]])
    query = PARTS.item_vectors[[1, 1, 4]].mean(axis=0)
    query[-1] = 1
    expected, values = best_first(PARTS.item_vectors @ query, [1, 4])
    assert items[0] == expected[:5]
    np.testing.assert_allclose(scores[0], values[:5], rtol=1e-5)


def test_a_history_of_the_whole_catalogue_leaves_nothing(module):
    items, scores = asked(module.from_history, [ITEMS])
    assert items == [[""] * 5]
    assert (scores == LOWEST).all()


def test_histories_may_keep_what_is_seen(with_seen):
    assert set(asked(with_seen.from_history, [["it's", "🫖"]])[0][0]) == set(ITEMS)


def test_similar_items_are_the_nearest_by_cosine_without_itself(module):
    items, scores = asked(module.similar_items, ITEMS)
    unit = PARTS.item_vectors[:, :-1]
    unit = unit / np.linalg.norm(unit, axis=1, keepdims=True)
    for item in range(len(ITEMS)):
        expected, values = best_first(unit @ unit[item], [item])
        assert items[item] == expected[:5]
        np.testing.assert_allclose(scores[item], values[:5], atol=1e-6)


def test_all_others_are_similar_where_k_is_the_catalogue(with_seen):
    items, scores = asked(with_seen.similar_items, ["plain"])
    assert set(items[0][:-1]) == set(ITEMS) - {"plain"}
    assert (items[0][-1], scores[0, -1]) == ("", LOWEST)


def test_nothing_is_similar_to_an_unknown_item(module):
    items, scores = asked(module.similar_items, ["never seen", ""])
    assert items == [[""] * 5] * 2
    assert (scores == LOWEST).all()


def test_embeddings(module):
    users = module.embed_user([*USERS, "nobody"])["embedding"].numpy()
    np.testing.assert_array_equal(users[:-1], PARTS.user_vectors)
    assert users[-1].tolist() == [0, 0, 0, 1]
    items = module.embed_item([*ITEMS, "never seen"])["embedding"].numpy()
    np.testing.assert_array_equal(items[:-1], PARTS.item_vectors)
    assert items[-1].tolist() == [0, 0, 0, 0]


def test_an_empty_batch_gets_an_empty_answer(module):
    nobody = tf.constant([], tf.string)
    for function in (module.recommend, module.similar_items):
        items, scores = asked(function, nobody)
        assert (items, scores.shape) == ([], (0, 5))
    assert asked(module.from_history, tf.zeros([0, 3], tf.string))[1].shape == (0, 5)
    assert module.embed_user(nobody)["embedding"].shape == (0, 4)
    assert module.embed_item(nobody)["embedding"].shape == (0, 4)


def test_k_is_at_most_the_catalogue(with_seen):
    assert asked(with_seen.recommend, ["nobody"])[1].shape == (1, len(ITEMS))


def test_a_row_does_not_depend_on_its_neighbours(module):
    alone = [asked(module.recommend, [user])[0][0] for user in USERS]
    assert asked(module.recommend, USERS)[0] == alone


def test_what_a_user_has_is_told_oldest_first(module):
    assert [i.decode() for i in module.history_of("ann").numpy()] == ["a b", 'say "x"']
    assert module.history_of("ćira").shape == module.history_of("nobody").shape == (0,)


def test_a_history_cannot_be_found_by_leaving_everything_else_out(module):
    few = tf.constant([[f"none {n}" for n in range(MOST_EXCLUDED)] + ["", ""]])
    asked(module.recommend_where, ["ann"], few, [["", ""]])
    many = tf.concat([few, [["one more"]]], axis=1)
    with pytest.raises(tf.errors.InvalidArgumentError, match="at most 200 items of exclude"):
        module.recommend_where(tf.constant(["ann"]), many, tf.constant([[""]]))
    # Whoever asks with a history knows it.
    asked(module.from_history_where, [[ITEMS[0]]], many, [[""]])


def test_users_with_many_items(module):
    assert [u.decode() for u in module.users_with(2).numpy()] == ["ann", "has nearly all"]
    assert module.users_with(8).shape == (0,)


def matching(where):
    """Items, by place, that have of each column one of the values."""
    kept = set(range(len(ITEMS)))
    for column in {value.split("=")[0] for value in where if value}:
        wanted = {VALUES.index(v) + 1 for v in where if v.startswith(column) and v in VALUES}
        kept &= {i for i, tokens in enumerate(TOKENS) if wanted & set(tokens)}
    return kept


REQUESTS = [
    ["kind=tea"],
    ["kind=tea", "kind=čaj 茶"],
    ["kind=čaj 茶", "made=here"],
    ["", ""],
    ["kind=none"],
    ["colour=red", "kind=tea"],
]


@pytest.fixture(scope="module", params=["exact", "inverted-file"])
def of_eight(request):
    return recommender(k=8, index=IndexSettings(request.param))


@pytest.mark.parametrize("where", REQUESTS)
def test_requests_narrow_the_answer(of_eight, where):
    module = of_eight
    exclude = ["plain", "no such item"]
    items, scores = asked(module.recommend_where, [USERS[0]], [exclude], [where])
    left_out = {*OWNED[0], ITEMS.index("plain"), *(set(range(len(ITEMS))) - matching(where))}
    expected, values = best_first(PARTS.item_vectors @ PARTS.user_vectors[0], left_out)
    assert [item for item in items[0] if item] == expected
    np.testing.assert_allclose(scores[0][: len(values)], values, rtol=1e-5)
    assert (scores[0][len(values) :] == LOWEST).all()

    items, _ = asked(module.from_history_where, [["it's"]], [exclude], [where])
    query = PARTS.item_vectors[1].copy()
    query[-1] = 1
    left_out = {1, ITEMS.index("plain"), *(set(range(len(ITEMS))) - matching(where))}
    assert [i for i in items[0] if i] == best_first(PARTS.item_vectors @ query, left_out)[0]


def test_strangers_get_the_popular_items_that_match(module):
    items, _ = asked(module.recommend_where, ["nobody"], [["🫖"]], [["kind=čaj 茶"]])
    kept = [i for i in BY_POPULARITY if ITEMS.index(i) in matching(["kind=čaj 茶"])]
    assert [item for item in items[0] if item] == kept


def test_each_row_of_a_batch_has_its_own_request(module):
    where = [["kind=tea", ""], ["", ""], ["made=here", "kind=tea"]]
    together = asked(module.recommend_where, USERS[:3], [[""]] * 3, where)
    for row in range(3):
        alone = asked(module.recommend_where, USERS[row : row + 1], [[""]], where[row : row + 1])
        assert alone[0][0] == together[0][row]


def test_nothing_asked_for_is_the_plain_answer(module):
    plain = asked(module.recommend, USERS)
    none = tf.zeros([len(USERS), 0], tf.string)
    assert asked(module.recommend_where, USERS, none, none)[0] == plain[0]


def test_an_inverted_file_answers_as_the_exact_index_of_few_items(module):
    approximate = recommender(index=IndexSettings("inverted-file"))
    for name in ("recommend", "embed_user"):
        for key, value in getattr(module, name)(USERS).items():
            other = getattr(approximate, name)(USERS)[key]
            if value.dtype == tf.string:
                assert (value.numpy() == other.numpy()).all()
            else:
                np.testing.assert_allclose(value, other, rtol=1e-5)


def test_it_can_say_what_it_was_made_from(module):
    contents = {name: value.numpy() for name, value in module.contents().items()}
    assert [i.decode() for i in contents["item_ids"]] == ITEMS
    assert [u.decode() for u in contents["user_ids"]] == USERS
    assert tuple(v.decode() for v in contents["attribute_values"]) == VALUES
    np.testing.assert_array_equal(contents["attribute_tokens"], TOKENS)
    np.testing.assert_array_equal(contents["item_vectors"], PARTS.item_vectors)
    np.testing.assert_array_equal(contents["popularity"], PARTS.popularity)
    np.testing.assert_array_equal(contents["owned_items"], PARTS.owned.items)


@pytest.mark.parametrize("written", [" {}", "{}\n", "\u00a0{}\u200b", "\ufeff{}\u3000"])
def test_blanks_around_ids_are_no_part_of_them(module, written):
    user, item = USERS[0], ITEMS[1]
    assert asked(module.recommend, [written.format(user)])[0] == asked(module.recommend, [user])[0]
    for ask in (module.similar_items, lambda item_id: module.from_history([item_id])):
        assert asked(ask, [written.format(item)])[0] == asked(ask, [item])[0]

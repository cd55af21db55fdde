import numpy as np
import pytest
import tensorflow as tf

from kit.retrieval import PopularOrder
from kit.retrieval._popular import ITEMS_A_PART
from tests.retrieval.brute_force import by_definition


@pytest.mark.parametrize("size", [1, 2, 15, 16, 17, 5000])
def test_everybody_gets_the_most_popular_but_for_what_is_left_out(size):
    rng = np.random.default_rng(size)
    popularity = rng.integers(0, 9, size).astype(np.float32)
    excluded = rng.integers(-1, size, (3, 4)).astype(np.int32)
    k = min(size, 10)
    scores, items = PopularOrder(popularity).search(tf.constant(excluded), k)
    expected, values = by_definition(np.tile(popularity, (3, 1)), excluded, k)
    np.testing.assert_array_equal(items, expected)
    np.testing.assert_array_equal(scores, values)


def test_its_parts_hold_every_item_once_the_most_popular_first():
    popularity = np.random.default_rng(0).random(2 * ITEMS_A_PART + 1).astype(np.float32)
    order = PopularOrder(popularity)
    assert order.parts == 3
    scores, items = order.scan(None, 2)
    assert items.shape == scores.shape == (1, 2 * ITEMS_A_PART)
    np.testing.assert_array_equal(scores[0], -np.sort(-popularity)[: 2 * ITEMS_A_PART])
    scores, items = order.scan(None, 3)
    assert sorted(items[0].numpy()) == list(range(len(popularity)))
    np.testing.assert_array_equal(scores, popularity[items])


def test_scores_of_items():
    order = PopularOrder(np.float32([0.1, 0.9, 0.5]))
    np.testing.assert_array_equal(order.scores_of(None, [2, 0]), np.float32([[0.5, 0.1]]))

import numpy as np
import pytest

from kit.retrieval import exact_neighbours, probes_for, recall_of
from tests.retrieval.brute_force import by_definition


@pytest.mark.parametrize("size", [5, 16, 100])
@pytest.mark.parametrize("queries", [1, 64, 65])
def test_neighbours_are_the_definition(size, queries):
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(size, 4)).astype(np.float32)
    asked = rng.normal(size=(queries, 4)).astype(np.float32)
    excluded = rng.integers(-1, size, (queries, 2)).astype(np.int32)
    nobody = np.zeros([queries, 0], np.int32)
    found = exact_neighbours(vectors, asked, 3)
    np.testing.assert_array_equal(found, by_definition(asked @ vectors.T, nobody, 3)[0])
    found = exact_neighbours(vectors, asked, 3, excluded)
    np.testing.assert_array_equal(found, by_definition(asked @ vectors.T, excluded, 3)[0])


def test_an_item_may_be_named_twice():
    twice = np.int32([[0, 0, -1]])
    assert exact_neighbours(np.eye(2, dtype=np.float32), np.float32([[2, 1]]), 1, twice) == [[1]]


def test_probes_are_the_fewest_that_reach_the_share():
    rng = np.random.default_rng(0)
    lists, nearness = rng.integers(0, 20, 500), rng.normal(size=(40, 20)).astype(np.float32)
    neighbours = rng.integers(0, 500, (40, 10))
    near = np.argsort(-nearness, axis=1)

    def lower_bound(probes):
        within = [
            np.isin(lists[row], order[:probes]).mean()
            for row, order in zip(neighbours, near, strict=True)
        ]
        return np.mean(within) - np.std(within) / np.sqrt(40)

    for recall in (0.05, 0.5, 0.9):
        probes = probes_for(recall, neighbours, lists, nearness)
        assert lower_bound(probes) >= recall
        assert probes == 1 or lower_bound(probes - 1) < recall


def test_no_more_probes_than_lists():
    lists, nearness = np.array([0, 1]), np.float32([[1, 0]])
    assert probes_for(1.0, np.array([[1]]), lists, nearness) == 2
    assert probes_for(1.0, np.array([[0]]), lists, nearness) == 1


def test_recall_is_the_share_found():
    assert recall_of(np.array([[1, 2, 9], [3, 8, 9]]), np.array([[2, 1], [3, 4]])) == 0.75
    assert recall_of(np.array([[-1, -1]]), np.array([[0, 1]])) == 0

import numpy as np
import pytest
import tensorflow as tf

from kit.retrieval import diversify

LOWEST = np.finfo(np.float32).min


def by_definition(scores, k, *, vectors, diversity, categories, at_most):
    """One row after the other, one candidate after the other."""
    rows = []
    for row in range(len(scores)):
        candidates = [i for i in range(len(scores[row])) if scores[row, i] > LOWEST]
        lowest = min((scores[row, i] for i in candidates), default=0)
        spread = max((scores[row, i] for i in candidates), default=0) - lowest
        taken = []
        while len(taken) < k:
            open_ones = [i for i in candidates if i not in taken]
            for category in set(categories[row].ravel()) - {0}:
                held = sum(category in categories[row, i] for i in taken)
                if 0 < at_most[row] <= held:
                    open_ones = [i for i in open_ones if category not in categories[row, i]]
            if not open_ones:
                break
            likeness = {
                i: max((vectors[row, i] @ vectors[row, j] for j in taken), default=-1)
                for i in open_ones
            }
            share = diversity[row]
            best = {
                i: (1 - share) * (scores[row, i] - lowest) / max(spread, 1e-9) - share * likeness[i]
                for i in open_ones
            }
            taken.append(max(open_ones, key=lambda i: (best[i], scores[row, i], -i)))
        rows.append(taken + [-1] * (k - len(taken)))
    return np.array(rows)


def case(seed=0, batch=6, n=12, dim=3, m=2):
    random = np.random.default_rng(seed)
    scores = random.normal(size=(batch, n)).astype(np.float32)
    scores[random.random((batch, n)) < 0.2] = LOWEST
    scores[0] = LOWEST
    vectors = random.normal(size=(batch, n, dim)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=2, keepdims=True)
    categories = random.integers(0, 4, (batch, n, m)).astype(np.int32)
    # A value is told once an item.
    categories[..., 1][categories[..., 1] == categories[..., 0]] = 0
    return {
        "scores": scores,
        "vectors": vectors,
        "diversity": random.random(batch).astype(np.float32),
        "categories": categories,
        "at_most": random.integers(0, 4, batch).astype(np.int32),
    }


def places(given, k):
    return diversify(k=k, **{name: tf.constant(value) for name, value in given.items()}).numpy()


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("k", [1, 5, 20])
def test_it_is_the_definition(seed, k):
    given = case(seed)
    np.testing.assert_array_equal(places(given, k), by_definition(k=k, **given))


@pytest.mark.parametrize("limit", [1, 2, 3])
def test_there_are_never_more_of_a_category(limit):
    given = case() | {"at_most": np.full(6, limit, np.int32)}
    for row, found in enumerate(places(given, 12)):
        held = given["categories"][row, found[found >= 0]].ravel()
        assert max(np.bincount(held)[1:], default=0) <= limit


def test_without_diversity_and_limit_the_order_stays():
    given = case() | {"diversity": np.zeros(6, np.float32), "at_most": np.zeros(6, np.int32)}
    # Nearly equal scores, which rounding could turn around.
    given["scores"][1] = 100 + np.arange(12) * np.float32(1e-5)
    given["scores"][2] = 7
    found = places(given, 12)
    order = np.argsort(-given["scores"], axis=1, kind="stable")
    shown = np.take_along_axis(given["scores"], order, axis=1) > LOWEST
    np.testing.assert_array_equal(found, np.where(shown, order, -1))


def test_nothing_is_taken_twice_and_nothing_that_is_no_candidate():
    given = case(batch=8)
    for row, found in enumerate(places(given, 12)):
        taken = found[found >= 0]
        assert len(set(taken)) == len(taken)
        assert (given["scores"][row, taken] > LOWEST).all()


def test_more_diversity_gives_lists_that_are_less_alike():
    given = case(batch=40, n=60, dim=4) | {"at_most": np.zeros(40, np.int32)}

    def alike(diversity):
        found = places(given | {"diversity": np.full(40, diversity, np.float32)}, 10)
        rows = [given["vectors"][row, found[row][found[row] >= 0]] for row in range(1, 40)]
        return np.mean([(v @ v.T)[~np.eye(len(v), dtype=bool)].mean() for v in rows])

    assert alike(0.0) > alike(0.3) > alike(0.7)


def test_an_empty_batch_and_a_row_without_candidates():
    given = {name: value[:0] for name, value in case().items()}
    assert places(given, 5).shape == (0, 5)
    given = {name: value[:1] for name, value in case().items()}
    assert places(given, 5).tolist() == [[-1] * 5]

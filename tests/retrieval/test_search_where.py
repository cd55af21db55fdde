import numpy as np
import pytest
import tensorflow as tf

from kit.retrieval import ExactIndex, InvertedFile, ItemFilter, PopularOrder, search_where
from kit.retrieval import _filter as module
from tests.retrieval.brute_force import agree, by_definition, clustered

SIZE = 2000
VALUES = ["brand=a", "brand=b", "far=yes", "most=yes", "rare=yes", "tag=x", "tag=y"]


@pytest.fixture(scope="module")
def catalogue():
    vectors, queries = clustered(SIZE, dim=8)
    # The matching items are those farthest from the first query.
    far = np.argsort(vectors @ queries[0])[:40]
    rng = np.random.default_rng(0)
    own = np.zeros([SIZE, len(VALUES)], bool)
    own[np.arange(SIZE), rng.integers(0, 2, SIZE)] = True
    own[far, 2] = True
    own[:, 3] = rng.random(SIZE) < 0.95
    own[rng.choice(SIZE, 3, replace=False), 4] = True
    own[:, 5:] = rng.random((SIZE, 2)) < 0.3
    tokens = np.sort(own * np.arange(1, len(VALUES) + 1), axis=1)[:, ::-1]
    return vectors, queries, own, ItemFilter(VALUES, tokens)


INDEXES = {
    "exact": ExactIndex,
    "float32": lambda vectors: InvertedFile(vectors, num_lists=25),
    "int8": lambda vectors: InvertedFile(vectors, num_lists=25, rows="int8"),
}


@pytest.fixture(scope="module", params=INDEXES)
def index(request, catalogue):
    return INDEXES[request.param](catalogue[0])


FILTERS = {
    "nothing asked": ([], lambda own: own[:, 0] | True),
    "padding": (["", ""], lambda own: own[:, 0] | True),
    "far": (["far=yes"], lambda own: own[:, 2]),
    "most": (["most=yes", ""], lambda own: own[:, 3]),
    "rare": (["rare=yes"], lambda own: own[:, 4]),
    "or": (["tag=x", "tag=y"], lambda own: own[:, 5] | own[:, 6]),
    "and": (["tag=x", "brand=b"], lambda own: own[:, 5] & own[:, 1]),
    "unknown": (["tag=z"], lambda own: own[:, 0] & False),
}


def asked(index, catalogue, passing, where, batch=2):
    """What a search with the best three left out found, and what it should have found."""
    vectors, queries, _, items = catalogue
    scores = queries[:batch] @ vectors.T
    best = np.argsort(-np.where(passing, scores, -1e9))[:, :3]
    excluded = np.concatenate([best, best[:, :1], np.full([batch, 2], -1)], axis=1)
    found = search_where(
        index,
        tf.constant(queries[:batch]),
        tf.constant(excluded, tf.int32),
        10,
        items,
        tf.constant([where] * batch, tf.string, shape=[batch, len(where)]),
    )
    failing = np.tile(np.flatnonzero(~passing), (batch, 1))
    return found, scores, np.concatenate([excluded, failing], axis=1)


@pytest.mark.parametrize("one_by_one", [0, 10_000])
@pytest.mark.parametrize("name", FILTERS)
def test_what_passes_is_found_and_nothing_else(monkeypatch, catalogue, index, name, one_by_one):
    monkeypatch.setattr(module, "SCORED_ONE_BY_ONE", one_by_one)
    where, passing = FILTERS[name]
    passing = passing(catalogue[2])
    found, scores, excluded = asked(index, catalogue, passing, where)
    if (
        isinstance(index, ExactIndex)
        or passing.sum() <= 40
        or (one_by_one and passing.sum() < SIZE)
    ):
        # Few are all looked at, however they are come by.
        agree(found, scores, excluded, 10)
        return
    values, codes = (x.numpy() for x in found)
    expected, _ = by_definition(scores, excluded, 10)
    for row in range(2):
        assert len(set(codes[row])) == 10
        assert passing[codes[row]].all()
        assert not set(codes[row]) & set(excluded[row])
    np.testing.assert_allclose(values, np.take_along_axis(scores, codes, axis=1), rtol=1e-4)
    assert np.mean([np.isin(*pair).mean() for pair in zip(codes, expected, strict=True)]) >= 0.9


def test_each_query_has_its_own_filter(catalogue):
    vectors, queries, own, items = catalogue
    found = search_where(
        ExactIndex(vectors),
        tf.constant(queries[:3]),
        tf.zeros([3, 0], tf.int32),
        5,
        items,
        tf.constant([["rare=yes", ""], ["brand=a", "brand=b"], ["tag=x", "tag=z"]]),
    )
    scores = queries[:3] @ vectors.T
    rare = np.flatnonzero(~own[:, 4])
    agree([x[:1] for x in found], scores[:1], rare[None], 5)
    agree([x[1:2] for x in found], scores[1:2], [[]], 5)
    assert found[1][2].numpy().tolist() == [-1] * 5


@pytest.mark.parametrize("one_by_one", [0, 10_000])
@pytest.mark.parametrize("size", [100, 5000])
def test_among_the_popular(monkeypatch, size, one_by_one):
    monkeypatch.setattr(module, "SCORED_ONE_BY_ONE", one_by_one)
    popularity = np.random.default_rng(0).permutation(size).astype(np.float32)
    tokens = np.zeros([size, 1], np.int32)
    tokens[np.argsort(popularity)[:30]] = 1  # the least popular
    items = ItemFilter(["kind=slow"], tokens)
    found = search_where(
        PopularOrder(popularity),
        tf.zeros([1, 1]),
        tf.constant([[-1, int(np.argsort(popularity)[29])]]),
        40,
        items,
        tf.constant([["kind=slow"]]),
    )
    expected = [*np.argsort(popularity)[28::-1], *[-1] * 11]
    assert found[1].numpy().tolist() == [expected]


def test_nobody_asks(catalogue, index):
    found, _, _ = asked(index, catalogue, catalogue[2][:, 5], ["tag=x"], batch=0)
    assert found[0].shape == found[1].shape == (0, 10)


def test_in_a_graph_of_unknown_shapes(catalogue, index):
    vectors, queries, own, items = catalogue
    search = tf.function(
        lambda queries, excluded, where: search_where(index, queries, excluded, 4, items, where),
        input_signature=[
            tf.TensorSpec([None, 8], tf.float32),
            tf.TensorSpec([None, None], tf.int32),
            tf.TensorSpec([None, None], tf.string),
        ],
        autograph=False,
    )
    found = search(queries[:1], tf.zeros([1, 0], tf.int32), tf.constant([["far=yes"]]))
    agree(found, queries[:1] @ vectors.T, np.flatnonzero(~own[:, 2])[None], 4)

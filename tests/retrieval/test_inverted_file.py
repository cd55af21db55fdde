from itertools import product

import numpy as np
import pytest
import tensorflow as tf

from kit.exports import read_graph
from kit.retrieval import InvertedFile, exact_neighbours, recall_of
from tests.retrieval.brute_force import agree, by_definition, clustered

ROWS = ["float32", pytest.param("bfloat16", marks=pytest.mark.slow), "int8"]


def none(batch):
    return np.zeros([batch, 0], np.int32)


def everywhere(vectors, **options):
    """An index that looks at every list."""
    index = InvertedFile(vectors, **options)
    index.probes = index.parts
    return index


@pytest.mark.parametrize("rows", ROWS)
@pytest.mark.parametrize("size", [1, 17, 5000])
def test_all_lists_together_give_the_exact_answer(size, rows):
    vectors, asked = clustered(size)
    asked[::2] *= -1  # many scores below that of a zero
    index, k = everywhere(vectors, rows=rows, num_lists=min(size, 9)), min(size, 10)
    for batch in (0, 1, 7):
        queries = asked[:batch]
        scores = queries @ vectors.T
        agree(index.search(queries, None, k), scores, none(batch), k)
        left_out = np.random.default_rng(0).integers(-1, size, (batch, 5)).astype(np.int32)
        agree(index.search(queries, left_out, k), scores, left_out, k)


@pytest.mark.parametrize("rows", ROWS)
@pytest.mark.parametrize(
    "vectors",
    [
        np.ones([200, 8]),
        np.zeros([200, 8]),
        1e4 * clustered(200, dim=8)[0],
        1e-10 * clustered(200, dim=8)[0],
        np.concatenate([1e4 * clustered(100, dim=8)[0], 1e-4 * clustered(100, dim=8)[0]]),
        -np.abs(clustered(200, dim=8)[0]),
        clustered(200, dim=8)[0] * (np.arange(8) != 3),
    ],
    ids=["equal", "zero", "huge", "tiny", "huge and tiny", "negative", "an unused dimension"],
)
def test_vectors_of_any_size(vectors, rows):
    vectors = vectors.astype(np.float32)
    index = everywhere(vectors, rows=rows, num_lists=4)
    for batch in (1, 3):
        # Only positive queries: with negative vectors, all scores are below that of a zero.
        queries = np.abs(clustered(200, dim=8)[1][:batch])
        scores = queries @ vectors.T
        found = index.search(queries, None, 5)
        if rows == "float32":
            agree(found, scores, none(batch), 5)
        assert (found[1].numpy() >= 0).all()
        own = np.take_along_axis(scores, found[1].numpy(), axis=1)
        np.testing.assert_allclose(found[0], own, rtol=1e-4, atol=1e-5 * np.abs(scores).max())


@pytest.mark.parametrize("rows", ROWS)
@pytest.mark.parametrize(
    ("size", "num_lists"),
    [(1, 1), pytest.param(17, 17, marks=pytest.mark.slow), (60, 3)],
)
def test_k_are_found_if_k_are_left(size, num_lists, rows):
    rng = np.random.default_rng(size)
    vectors = rng.normal(size=(size, 2)).astype(np.float32)
    index = InvertedFile(vectors, num_lists=num_lists, rows=rows)
    index.probes = 1
    search = tf.function(index.search, reduce_retracing=True, autograph=False)
    for batch, width, k in product([1, 3], [0, 70], sorted({1, size})):
        queries = rng.normal(size=(batch, 2)).astype(np.float32)
        excluded = rng.integers(-2, size, (batch, width)).astype(np.int32)
        values, codes = (x.numpy() for x in search(queries, excluded, k))
        scores = queries @ vectors.T
        assert codes.shape == values.shape == (batch, k)
        for row in range(batch):
            left = size - len({item for item in excluded[row] if item >= 0})
            real = codes[row][codes[row] >= 0]
            assert len(real) == len(set(real)) == min(k, left)
            assert not set(real) & set(excluded[row])
            np.testing.assert_allclose(values[row][: len(real)], scores[row, real], atol=1e-4)
            assert (np.diff(values[row]) <= 0).all()


@pytest.mark.parametrize("batch", [1, 3])
def test_short_lists_do_not_shorten_the_answer(batch):
    # One far vector is a list of its own, and the nearest.
    vectors = np.ones([400, 2], np.float32) * np.linspace(1, 1.1, 400, dtype=np.float32)[:, None]
    vectors[7] = 1000
    index = InvertedFile(vectors, num_lists=4)
    index.probes = 1
    found = index.search(np.ones([batch, 2], np.float32), None, 10)[1].numpy()
    assert (found[:, 0] == 7).all()
    assert (found >= 0).all()


@pytest.mark.parametrize("batch", [1, 3])
def test_more_is_left_out_than_a_list_holds(batch):
    vectors, queries = clustered(5000)
    excluded = exact_neighbours(vectors, queries, 400)
    index = InvertedFile(vectors, queries[100:], excluded=excluded[100:], num_lists=50)
    scores = queries[:batch] @ vectors.T
    found = index.search(queries[:batch], excluded[:batch], 10)[1].numpy()
    assert recall_of(found, by_definition(scores, excluded[:batch], 10)[0]) >= 0.9
    everything = np.tile(np.arange(5000, dtype=np.int32), (batch, 1))
    assert (index.search(queries[:batch], everything, 10)[1].numpy() == -1).all()


@pytest.mark.parametrize("rows", ROWS)
@pytest.mark.parametrize("recall", [0.8, 0.95])
def test_the_wanted_recall_is_reached_on_new_queries(rows, recall):
    vectors, queries = clustered(6000, dim=16, spread=2.0)
    index = InvertedFile(vectors, queries[:200], recall=recall, rows=rows, num_lists=60)
    assert 1 < index.probes < 60
    neighbours = exact_neighbours(vectors, queries[200:], 10)
    found = index.search(queries[200:], None, 10)[1].numpy()
    # 100 queries each: three standard errors below what is wanted, of new ones and measured.
    assert recall_of(found, neighbours) >= recall - 0.05
    assert abs(index.recall - recall_of(found, neighbours)) < 0.07
    assert index.recall < 1


def test_what_the_queries_leave_out_is_left_out_of_the_recall():
    vectors, queries = clustered(2000, spread=2.0)
    excluded = exact_neighbours(vectors, queries, 10)
    index = InvertedFile(vectors, queries, excluded=excluded, recall=1.0, num_lists=20)
    assert index.recall > 0.9


@pytest.mark.parametrize("rows", ROWS)
def test_batch_and_single_query_give_the_same(rows):
    vectors, queries = clustered(3000)
    index = InvertedFile(vectors, rows=rows, num_lists=40)
    index.probes = 5
    excluded = np.random.default_rng(0).integers(-1, 3000, (30, 6)).astype(np.int32)
    together = index.search(queries[:30], excluded, 10)
    # The same query many times: every one asks for the same lists.
    same = index.search(np.tile(queries[:1], (30, 1)), np.tile(excluded[:1], (30, 1)), 10)
    for row in range(30):
        one = index.search(queries[row : row + 1], excluded[row : row + 1], 10)
        np.testing.assert_array_equal(one[1][0], together[1][row])
        np.testing.assert_allclose(one[0][0], together[0][row], rtol=1e-5)
        np.testing.assert_array_equal(same[1][row], together[1][0])


@pytest.mark.parametrize("rows", ROWS)
def test_what_a_filter_needs(rows):
    vectors, queries = clustered(1000)
    index = InvertedFile(vectors, rows=rows, num_lists=12)
    codes = np.int32([[3, -1], [999, 0]])
    expected = vectors[codes] * (codes >= 0)[..., None]
    np.testing.assert_allclose(index.vectors_of(tf.constant(codes)), expected)
    some = np.int32([5, 7, 990])
    scores = queries[:1] @ vectors.T
    np.testing.assert_allclose(index.scores_of(queries[:1], some), scores[:, some], rtol=1e-4)
    values, found = (x.numpy()[0] for x in index.scan(queries[:1], index.parts))
    assert sorted(found[found >= 0]) == list(range(1000))
    assert (values[found < 0] < -1e29).all()
    near = {"float32": 1e-5, "bfloat16": 0.1, "int8": 0.3}[rows]
    np.testing.assert_allclose(values[found >= 0], scores[0, found[found >= 0]], atol=near)
    part = index.scan(queries[:1], 2)[1].numpy()
    assert part.shape[1] * index.parts == 2 * found.size


def test_a_seed_gives_the_same_index():
    vectors, _ = clustered(3000, spread=2.0)
    first, again, other = (InvertedFile(vectors, num_lists=30, seed=seed) for seed in (1, 1, 2))
    assert (first.probes, first.recall) == (again.probes, again.recall)
    for one, same in zip(first.variables, again.variables, strict=True):
        np.testing.assert_array_equal(one, same)
    assert (first._codes.numpy() != other._codes.numpy()).any()


@pytest.mark.parametrize(("rows", "beyond"), [("float32", 1.3), ("bfloat16", 1.7), ("int8", 1.4)])
def test_memory(rows, beyond):
    vectors, _ = clustered(20_000, dim=64)
    index = InvertedFile(vectors, rows=rows)
    held = sum(variable.numpy().nbytes for variable in index.variables)
    assert held <= beyond * vectors.nbytes


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_what_is_no_number_is_refused(value):
    vectors = clustered(100)[0]
    vectors[3, 2] = value
    with pytest.raises(ValueError, match="all of them finite"):
        InvertedFile(vectors)
    with pytest.raises(ValueError, match="at least one vector"):
        InvertedFile(np.zeros([0, 4], np.float32))


class Searcher(tf.Module):
    def __init__(self, index, dim):
        super().__init__()
        self.index = index
        self.answer = tf.function(
            lambda query, excluded: dict(
                zip(["scores", "items"], index.search(query, excluded, 10), strict=True)
            ),
            input_signature=[
                tf.TensorSpec([None, dim], tf.float32, "query"),
                tf.TensorSpec([None, None], tf.int32, "excluded"),
            ],
            autograph=False,
        )


@pytest.mark.parametrize("rows", [pytest.param("float32", marks=pytest.mark.slow), *ROWS[1:]])
def test_saved_and_loaded_it_answers_the_same_with_core_operations_only(tmp_path, rows):
    vectors, queries = clustered(2000)
    module = Searcher(InvertedFile(vectors, rows=rows, num_lists=30), 16)
    tf.saved_model.save(module, str(tmp_path), signatures=module.answer)
    loaded = tf.saved_model.load(str(tmp_path)).signatures["serving_default"]
    excluded = np.random.default_rng(0).integers(-1, 2000, (64, 6)).astype(np.int32)
    for batch in (1, 2, 64):
        asked = {"query": queries[:batch], "excluded": excluded[:batch]}
        asked = {name: tf.constant(value) for name, value in asked.items()}
        live, again = module.answer(**asked), loaded(**asked)
        np.testing.assert_array_equal(live["items"], again["items"])
        np.testing.assert_allclose(live["scores"], again["scores"], rtol=1e-6)
    assert read_graph(tmp_path).operations <= set(dir(tf.raw_ops))


def test_more_probes_than_lists_are_all_lists():
    vectors = np.random.default_rng(0).normal(size=(300, 8)).astype(np.float32)
    index = InvertedFile(vectors)
    index.probes = index.parts + 2
    found = index.search(tf.constant(vectors[:5]), None, 3)[1].numpy()
    assert (found == np.argsort(-vectors[:5] @ vectors.T, axis=1)[:, :3]).all()

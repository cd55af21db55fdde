import json
from itertools import count

import numpy as np
import pytest
from click.testing import CliRunner

from benchmarks import search, search_measure, search_vectors
from benchmarks.search_measure import Measured, compared, fastest, recalls, tried, true_neighbours


class Guess:
    """Finds as many of the ten neighbours as its setting says, and misses the rest."""

    def __init__(self, name, neighbours, most=64, default=None):
        self.name, self.default = name, default
        self.built_with, self.label = "nothing", "{} found"
        self.build_seconds, self.index_bytes, self.bytes_beside = 0.0, 0, 0
        self._neighbours, self._most = neighbours, most
        self.asked = []

    def span(self, k):
        return 1, self._most

    def found(self, queries, k, setting):
        self.asked.append(setting)
        return np.where(np.arange(k) < setting, self._neighbours, -1)

    def prepare(self, points):
        pass

    def search(self, k, setting):
        return lambda queries: queries


@pytest.fixture
def data():
    rng = np.random.default_rng(0)
    items, queries = (rng.normal(size=(n, 4)).astype("float32") for n in (500, 300))
    return queries, true_neighbours(items, queries, 100)


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    """What a run on 2,000 vectors leaves; few settings, as each takes its time to export."""
    folder = tmp_path_factory.mktemp("report")
    options = ["--sizes", "2000", "--data", "clustered", "--rounds", "2", "--seconds", "0.001"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(search, "ROWS", ("int8",))
        patch.setattr(search_measure, "ENOUGH", 0.95)
        patch.setattr(search_vectors, "CLUSTERS", 20)
        run = CliRunner().invoke(search.main, [*options, "--noise", "0.2", "--report", folder])
    assert run.exit_code == 0, run.output
    return folder, run.output


def test_neighbours_are_the_best_by_dot_product_in_order():
    items = np.float32([[1, 0], [0, 1], [2, 0], [-1, 0]])
    assert true_neighbours(items, np.float32([[1, 0.1]]), 3).tolist() == [[2, 0, 1]]


def test_recall_counts_each_query_and_no_place():
    assert recalls(np.array([[1, 2], [7, 8]]), np.array([[2, 1], [8, 9]])).tolist() == [1.0, 0.5]


def test_the_least_setting_at_the_target_is_tried(data):
    queries, neighbours = data
    guess = Guess("kit", neighbours, default=11)
    points = tried(guess, queries, neighbours, target=0.87)
    # The most does not reach the target; the default is there whatever it finds.
    assert [point.setting for point in points] == [11, 64]
    guess = Guess("kit", neighbours, most=512)
    points = tried(guess, queries, neighbours, target=0.87)
    # Doubled until nearly all are found, and 87 by halving.
    assert [point.setting for point in points] == [64, 87, 128]
    assert [point.recall for point in points] == pytest.approx([0.64, 0.87, 1.0])
    assert len(guess.asked) == len(set(guess.asked))


def test_ratios_are_taken_at_equal_recall(data, monkeypatch):
    queries, neighbours = data
    ours, peer = Guess("kit float32", neighbours), Guess("peer", neighbours)
    rates = {(ours, 1): 900, (ours, 2): 60, (ours, 3): 40, (peer, 1): 800, (peer, 2): 10}
    recall = {1: 0.5, 2: 0.96, 3: 0.99}
    points = [Measured(x, 10, setting, recall[setting], 0.0) for x, setting in rates]
    for point in points:
        point.threads = {mode: [1.0] for mode in search_measure.MODES}
    monkeypatch.setattr(
        Measured, "timed", lambda self, *rest: float(rates[self.contender, self.setting])
    )
    search_measure.sweep(points, queries, rounds=2, seconds=0.0)
    assert {x.setting for x in fastest(points, 10, "single", 0.95).values()} == {2}
    (single, batch) = compared(points, queries, target=0.95, rounds=3, seconds=0.0)
    assert (single["mode"], batch["mode"]) == ("single", "batch")
    assert single["ratio"] == 6.0
    assert single["points"]["peer"]["recall"] == 0.96
    # Who does not reach the recall is in no ratio.
    assert compared(points, queries, target=0.98, rounds=3, seconds=0.0) == []


def test_a_rate_is_of_all_queries_of_a_batch(data, monkeypatch):
    queries, neighbours = data
    point = Measured(Guess("kit", neighbours), 10, 1, 1.0, 0.0)
    # A search of any size takes a millisecond.
    clock = count()
    monkeypatch.setattr("time.perf_counter", lambda: next(clock) / 1000)
    rates = {
        mode: point.timed(mode, queries, start=7, seconds=0.02) for mode in ("single", "batch")
    }
    assert rates == pytest.approx({"single": 1_000, "batch": 256_000})
    assert len(point.threads["single"]) == 1


@pytest.mark.slow
def test_the_figures_that_are_quoted(report):
    folder, _ = report
    kept = json.loads((folder / "search.json").read_text())
    assert kept["cores"] >= 1
    assert "tensorflow" in kept["libraries"]
    (run,) = kept["runs"]
    expected = {"size": 2000, "dim": 64, "queries": 1024, "batch": 256, "threads": 1, "rounds": 2}
    assert {name: run[name] for name in expected} == expected
    ours = next(x for x in run["built"] if x["name"] == "kit int8")
    assert ours["build_seconds"] > 0
    assert ours["memory_over_vectors"] == pytest.approx(ours["lists_over_vectors"] + 1)
    assert ours["lists_over_vectors"] < 0.6
    assert ours["default"]["recall@10"] >= 0.95 - 3 * ours["default"]["standard_error"]
    exact = [x for x in run["points"] if x["name"] == "TFRS BruteForce"]
    assert [x["k"] for x in exact] == [10, 100]
    assert min(x["recall"] for x in exact) > 0.999
    assert {x["name"] for x in run["points"]} | set(run["left_out"]) == {
        *("kit int8", "TFRS BruteForce", "faiss IVFFlat", "hnswlib", "ScaNN")
    }
    beside = [x for x in run["ratios"] if x["peer"] == "TFRS BruteForce"]
    cases = [(x["k"], x["mode"]) for x in beside]
    assert cases == [(10, "single"), (10, "batch"), (100, "single"), (100, "batch")]
    for ratio in run["ratios"]:
        low, high = ratio["quartiles"]
        assert 0 < low <= ratio["ratio"] <= high
        assert min(x["recall"] for x in ratio["points"].values()) >= 0.95


@pytest.mark.slow
def test_table_protocol_and_image_are_left(report):
    folder, printed = report
    told = (folder / "search.md").read_text()
    for text in ("2,000 x 64", "1,024 held-out queries", "cores busy", "TFRS BruteForce"):
        assert text in told
        assert text in printed
    (name,) = (x.name for x in folder.glob("*.png"))
    assert f"({name})" in told


def test_a_served_search_answers_as_the_index_does():
    pytest.importorskip("tensorflow")
    from benchmarks.search_served import Kit

    vectors = search_vectors.clustered(1000, noise=0.3)
    index = Kit(vectors, "float32", 0.95)
    queries = vectors.queries[:5]
    expected = index.found(queries, 10, 3)
    index.prepare([(10, 3)])
    search_of = index.search(10, 3)
    np.testing.assert_array_equal(search_of(queries), expected)
    np.testing.assert_array_equal(search_of(queries[:1]), expected[:1])


def test_queries_to_tune_with_are_others(tmp_path):
    rng = np.random.default_rng(0)
    np.save(tmp_path / "items.npy", rng.normal(size=(50, 4)))
    np.save(tmp_path / "queries.npy", np.arange(4 * 3000.0).reshape(-1, 4))
    vectors = search_vectors.from_folder(tmp_path, size=20)
    assert vectors.items.shape == (20, 4)
    assert vectors.items.dtype == vectors.queries.dtype == np.float32
    assert not set(vectors.tuning[:, 0]) & set(vectors.queries[:, 0])
    np.testing.assert_array_equal(
        vectors.queries, search_vectors.from_folder(tmp_path, size=50).queries
    )


def test_missing_vectors_are_named(tmp_path):
    options = ["--data", "trained", "--vectors", str(tmp_path), "--report", str(tmp_path / "r")]
    run = CliRunner().invoke(search.main, options)
    assert run.exit_code == 2
    assert "items.npy" in run.output


@pytest.mark.slow
def test_vectors_are_trained(tmp_path):
    run = CliRunner().invoke(search_vectors.main, [str(tmp_path), "--items", "5000"])
    assert run.exit_code == 0, run.output
    vectors = search_vectors.from_folder(tmp_path, size=4000)
    assert vectors.items.shape == (4000, search_vectors.DIM)
    # The bias meets a constant.
    assert set(vectors.queries[:, -1]) == {1.0}
    assert "4,000 of them drawn at random" in vectors.about

"""The evaluator against others': RecBole's numbers on a fixed split, and TFRS's own metric."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from kit.data import Histories, histories, open_source, split
from kit.evaluation import RankingTask, ease, evaluate, item_knn, popular, ranking_task

ROOT = Path(__file__).parents[2]
SPLIT = ROOT / ".." / "shared" / "data" / "movielens-100k" / "split"


@pytest.fixture(scope="module")
def movielens():
    if not SPLIT.is_dir():
        pytest.skip("needs shared/data/movielens-100k/split beside the repository")
    return split(open_source(str(SPLIT)))


def test_the_split_is_the_one_the_numbers_belong_to(movielens):
    parts = movielens.train, movielens.valid, movielens.test
    assert [len(part) for part in parts] == [80_808, 9_596, 9_596]


@pytest.mark.parametrize(
    ("build", "ndcg", "recall"),
    [
        pytest.param(popular, 0.1418, 0.1278, id="popular"),
        pytest.param(item_knn, 0.2834, 0.2470, id="ItemKNN"),
        pytest.param(ease, 0.3295, 0.2805, id="EASE"),
    ],
)
def test_baselines_reach_their_numbers_on_movielens(movielens, build, ndcg, recall):
    task = ranking_task(movielens, "test")
    # RecBole's models are asked with the histories of train.
    of_train = histories([movielens.train], len(movielens.user_ids)).take(task.users)
    result = evaluate(replace(task, known=of_train), build(movielens), ks=[10])
    assert result.mean("NDCG@10") == pytest.approx(ndcg, abs=0.002)
    assert result.mean("Recall@10") == pytest.approx(recall, abs=0.002)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="TFRS is installed on Linux only")
def test_hit_equals_tfrs_factorized_top_k_on_its_protocol(tmp_path):
    """Every test row a query of its own with one item to find, seen items not left out."""
    random = np.random.default_rng(0)
    # Whole numbers, as TFRS scores an item and its copy in the index by different sums: with
    # rounded ones an item may stand behind its own copy.
    users = np.round(200 * random.normal(size=[500, 8])).astype(np.float32)
    items = np.round(200 * random.normal(size=[300, 8])).astype(np.float32)
    rows = random.integers(0, 300, 500).astype(np.int32)
    scores = users @ items.T
    assert (scores == scores[np.arange(500), rows, None]).sum() == 500, "TFRS counts ties as hits"
    np.savez(tmp_path / "embeddings.npz", users=users, items=items, rows=rows)
    program = Path(__file__).with_name("factorized_top_k.py")
    answer = subprocess.run(
        [sys.executable, program, tmp_path / "embeddings.npz"], capture_output=True, text=True
    )
    assert answer.returncode == 0, answer.stderr
    theirs = json.loads(answer.stdout.splitlines()[-1])

    nothing = Histories(np.zeros(501, np.int64), np.empty(0, np.int32))
    task = RankingTask(
        part="test",
        users=np.arange(500, dtype=np.int32),
        relevant=Histories(np.arange(501), rows),
        seen=nothing,
        known=nothing,
        popularity=np.full(300, 0.5),
        counts={},
        protocol="each row a query, seen items kept in",
    )
    ks = [1, 5, 10, 50, 100]
    result = evaluate(task, lambda codes, known: scores[codes], ks=ks)
    ours = {str(k): result.mean(f"Hit@{k}") for k in ks}
    assert ours == pytest.approx(theirs, abs=1e-6)
    assert 0 < ours["1"] < ours["100"] < 1

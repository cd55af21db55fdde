"""Real processes on loopback."""

import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from tests.cluster.launching import has_namespaces
from tests.training.several_processes import STEPS, equal

ROOT = Path(__file__).parents[2]


def run(*arguments: object) -> None:
    command = [sys.executable, "-m", *map(str, arguments)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    assert ended.returncode == 0, (ended.stdout + ended.stderr)[-5000:]


def launched(workers: int, servers: int, *arguments: object) -> None:
    network = [] if has_namespaces() else ["--allow-network"]
    counts = ["--workers", workers, *(["--servers", servers] if servers else [])]
    cluster = ["kit", "launch", *network, *counts]
    script = [sys.executable, "-m", "tests.training.several_processes"]
    run(*cluster, "--", *script, *arguments)


def losses(path: Path) -> dict[int, set[str]]:
    """Every loss that any attempt had at each step."""
    found: dict[int, set[str]] = {}
    for line in path.read_text().splitlines():
        step, loss = line.split()
        found.setdefault(int(step), set()).add(loss)
    return found


def test_two_processes_equal_one_on_the_joint_batch(tmp_path):
    launched(2, 0, "equal", tmp_path / "two")
    (tmp_path / "one").mkdir()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        equal(tmp_path / "one")
    one = np.load(tmp_path / "one" / "alone.npz")
    workers = [np.load(tmp_path / "two" / f"worker-{n}.npz") for n in (0, 1)]
    for name in one.files:
        np.testing.assert_array_equal(workers[0][name], workers[1][name])
        np.testing.assert_allclose(workers[0][name], one[name], rtol=0, atol=1e-6)
    assert np.abs(one["arr_2"]).max() > 0.1, "nothing was learned"
    some = [np.arange(5, dtype=np.int32), np.arange(5, dtype=np.int32)]
    exports = [tf.saved_model.load(str(tmp_path / name / "exported")) for name in ("one", "two")]
    answers = [export.serve(some) for export in exports]
    np.testing.assert_allclose(answers[0], answers[1], atol=1e-6)
    seen = losses(tmp_path / "one" / "alone.losses")
    for n in (0, 1):
        for step, (loss,) in losses(tmp_path / "two" / f"worker-{n}.losses").items():
            assert float.fromhex(loss) == pytest.approx(
                float.fromhex(next(iter(seen[step]))), abs=1e-6
            )


@pytest.mark.slow
def test_a_killed_process_costs_nothing_but_time(tmp_path):
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    launched(2, 0, "killed", whole)
    launched(2, 0, "killed", killed, "37=worker-1", "94=worker-0")
    for name in ("worker-0", "worker-1"):
        expected, found = losses(whole / f"{name}.losses"), losses(killed / f"{name}.losses")
        assert [*expected] == [*range(STEPS)]
        assert expected == found
        first, again = np.load(whole / f"{name}.npz"), np.load(killed / f"{name}.npz")
        for part in set(first.files) - {"resumed"}:
            np.testing.assert_array_equal(first[part], again[part])
        assert (first["resumed"], again["resumed"] >= 80) == (0, True)


@pytest.mark.slow
def test_servers_hold_the_parameters_and_may_be_lost(tmp_path):
    launched(2, 2, "killed", tmp_path, "37=worker-1", "70=ps-0")
    assert (tmp_path / "37.ended").exists()
    assert (tmp_path / "70.ended").exists()
    found = np.load(tmp_path / "chief-0.npz")
    assert [*losses(tmp_path / "chief-0.losses")] == [*range(STEPS)]
    # The worker was replaced without a word, the server cost the steps since the last checkpoint.
    assert 40 <= found["resumed"] <= 70
    assert len(found["losses"]) == 3
    assert found["losses"][-1] < found["losses"][0] - 0.1

import subprocess
import sys

import numpy as np
import pytest
from click.testing import CliRunner

from benchmarks import chaos

LOSSES = {0: "0x1.8p+0", 1: "0x1.4p+0", 2: "0x1.2p+0"}
WEIGHTS = np.array([1.5, 0.0])


def run_of(folder, losses=LOSSES, weights=WEIGHTS, process=0):
    """What a process of a training left."""
    folder.mkdir(exist_ok=True)
    lines = [f"{step} {loss}\n" for step, loss in losses.items()]
    (folder / f"worker-{process}.losses").write_text("".join(lines))
    np.savez(folder / f"worker-{process}.npz", weights)
    return folder


def add(folder, text):
    with (folder / "worker-0.losses").open("a") as file:
        file.write(text)


def test_steps_done_twice_with_the_same_loss_are_no_difference(tmp_path):
    whole, other = run_of(tmp_path / "whole"), run_of(tmp_path / "other")
    add(other, "1 0x1.4p+0\n2 0x1.2p+0\n")
    assert chaos.losses(other) == {step: {loss} for step, loss in LOSSES.items()}
    assert chaos.newest(other) == 2
    assert chaos.differences(whole, other, 1) == []


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (
            {"losses": {**LOSSES, 1: "0x1.4p-1"}},
            "process 0, step 1: ['0x1.4p-1'] for ['0x1.4p+0']",
        ),
        ({"losses": {0: LOSSES[0], 2: LOSSES[2]}}, "process 0, step 1: [] for ['0x1.4p+0']"),
        ({"losses": {**LOSSES, 3: "0x1p+0"}}, "process 0, step 3: ['0x1p+0'] for []"),
        ({"weights": WEIGHTS + 1e-15}, "process 0, weight arr_0"),
        ({"weights": np.array([1.5, -0.0])}, "process 0, weight arr_0"),
        ({"weights": WEIGHTS[:1]}, "process 0, weight arr_0"),
    ],
)
def test_what_is_not_the_same_to_the_bit_is_told(change, told, tmp_path):
    whole, other = run_of(tmp_path / "whole"), run_of(tmp_path / "other", **change)
    assert chaos.differences(whole, other, 1) == [told]


def test_an_attempt_with_another_loss_is_told_beside_the_right_one(tmp_path):
    whole, other = run_of(tmp_path / "whole"), run_of(tmp_path / "other")
    add(other, "2 0x1.2p-9\n")
    (told,) = chaos.differences(whole, other, 1)
    assert told == "process 0, step 2: ['0x1.2p+0', '0x1.2p-9'] for ['0x1.2p+0']"


def test_every_process_counts_and_nothing_may_be_left_behind(tmp_path):
    whole, other = run_of(tmp_path / "whole"), run_of(tmp_path / "other")
    run_of(whole, process=1)
    run_of(other, process=1, weights=-WEIGHTS)
    (other / "checkpoints" / "partial-7").mkdir(parents=True)
    assert chaos.differences(whole, other, 2) == [
        "process 1, weight arr_0",
        "left behind: partial-7",
    ]


def test_what_is_not_there_yet_is_no_step(tmp_path):
    assert (chaos.losses(tmp_path), chaos.newest(tmp_path)) == ({}, -1)
    add(tmp_path, "0 0x1p+0\n1 ")
    assert chaos.losses(tmp_path) == {0: {"0x1p+0"}}


def test_who_has_ended_is_not_killed(tmp_path):
    assert not chaos.kill(tmp_path, 0)
    ended = subprocess.Popen([sys.executable, "-S", "-c", ""])
    ended.wait()
    (tmp_path / "worker-0.pid").write_text(str(ended.pid))
    assert not chaos.kill(tmp_path, 0)


# A training that is saved every ten steps and does not end before its third kill.
TRAINING = """
import os, sys, time
from pathlib import Path

folder, steps = Path(sys.argv[1]), int(sys.argv[2])
(folder / "worker-0.pid").write_text(str(os.getpid()))
attempt = len(list(folder.glob("attempt-*")))
(folder / f"attempt-{attempt}").touch()
partial, saved = folder / "checkpoints" / "partial-30", folder / "saved"
partial.parent.mkdir(exist_ok=True)
if partial.exists():
    partial.rmdir()
for step in range(int(saved.read_text()) if saved.exists() else 0, steps if attempt > 2 else 5000):
    with (folder / "worker-0.losses").open("a") as file:
        file.write(f"{step} 0x1p-{step}\\n")
    if step % 10 == 9:
        if (attempt, step) == (0, 29) or attempt == 2:
            partial.mkdir()
            time.sleep(60 if attempt == 0 else .1)
            partial.rmdir()
        saved.with_name("next").write_text(str(step + 1))
        saved.with_name("next").rename(saved)
    if attempt < 3:
        time.sleep(.005)
"""


def test_kills_and_what_they_cost(tmp_path, monkeypatch):
    folder = tmp_path / "run"
    monkeypatch.setattr(chaos, "TRAINING", [sys.executable, "-S", "-c", TRAINING])
    found = chaos.killed(folder, processes=1, steps=100, kills=3, seed=0)
    assert found["saving"] == [True, False, True]
    # Of the save that was under way ten steps were lost; new steps are not counted.
    assert found["lost"][0] == 10
    assert sum(found["lost"]) == len(chaos.written(folder)) - len(chaos.losses(folder))
    assert len(found["seconds"]) == 3
    assert min(found["seconds"]) > 0
    assert {*range(100)} <= chaos.losses(folder).keys()


def test_a_training_that_fails_is_not_passed_over(tmp_path, monkeypatch):
    monkeypatch.setattr(chaos, "TRAINING", [sys.executable, "-S", "-c", "raise OSError('broken')"])
    with pytest.raises(SystemExit, match="OSError: broken"):
        chaos.killed(tmp_path / "run", processes=1, steps=100, kills=3, seed=0)


def test_a_summary_of_kills():
    assert chaos.quartiles([1.0, 2.0, 3.0, 4.0, 10.0]) == "3.0 (2.0 to 4.0), at most 10.0"


@pytest.mark.parametrize("options", [["--kills", "1"], ["--steps", "10"]])
def test_too_few_kills_or_steps_are_refused(options):
    result = CliRunner().invoke(chaos.main, options)
    assert result.exit_code == 2
    assert "is not in the range" in result.output

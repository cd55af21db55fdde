import json
import subprocess
import sys
from pathlib import Path

import pytest
import tensorflow as tf

from kit.errors import UserError
from kit.training import choose_strategy, strategy


@pytest.mark.parametrize("name", ["auto", "one"])
def test_one_device_needs_no_strategy(name):
    assert strategy(name) is tf.distribute.get_strategy()


def test_mirrored_is_one_strategy_a_process():
    assert strategy("mirrored") is strategy("mirrored")
    assert isinstance(strategy("mirrored"), tf.distribute.MirroredStrategy)


def test_an_unknown_name():
    with pytest.raises(UserError, match="Unknown strategy 'gpu'") as raised:
        strategy("gpu")
    assert "expected: auto, one, mirrored, multi-worker, parameter-server, tpu" in str(raised.value)


def tf_config(cluster, job="worker"):
    return json.dumps({"cluster": cluster, "task": {"type": job, "index": 0}})


WORKERS = {"worker": ["127.0.0.1:1", "127.0.0.1:2"]}
WITH_SERVER = {**WORKERS, "chief": ["127.0.0.1:3"], "ps": ["127.0.0.1:4"]}


@pytest.mark.parametrize(
    ("cluster", "gpus", "tpus", "chosen"),
    [
        (None, 0, 0, "CPU (no GPU, TPU or cluster found)"),
        (None, 1, 0, "GPU (one GPU found)"),
        (None, 4, 0, "mirrored (4 GPUs found)"),
        (None, 0, 8, "tpu (a TPU found)"),
        (WORKERS, 4, 0, "multi-worker (TF_CONFIG: 2 worker; this is worker 0)"),
        (
            WITH_SERVER,
            4,
            0,
            "parameter-server (TF_CONFIG: 1 chief, 1 ps, 2 worker; this is worker 0)",
        ),
    ],
)
def test_auto_takes_what_is_there_and_says_why(monkeypatch, cluster, gpus, tpus, chosen):
    if cluster is not None:
        monkeypatch.setenv("TF_CONFIG", tf_config(cluster))
    found = {"GPU": gpus, "TPU": tpus}
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: ["a"] * found[kind])
    assert str(choose_strategy()) == chosen


def test_what_was_asked_for_is_taken(monkeypatch):
    monkeypatch.setenv("TF_CONFIG", tf_config(WORKERS))
    assert str(choose_strategy("one")) == "CPU (as asked)"
    assert strategy("one") is tf.distribute.get_strategy()


@pytest.mark.parametrize(
    ("name", "cluster", "said"),
    [
        ("multi-worker", None, "remedy: .*kit launch --workers 2 -- kit train"),
        ("parameter-server", None, "remedy: .*kit launch --workers 2 --servers 1 -- kit train"),
        ("multi-worker", WITH_SERVER, "has parameter servers"),
        ("parameter-server", WORKERS, "has no parameter server"),
        ("tpu", None, "No TPU is reachable"),
    ],
)
def test_a_strategy_that_cannot_be_had_here(monkeypatch, name, cluster, said):
    if cluster is not None:
        monkeypatch.setenv("TF_CONFIG", tf_config(cluster))
    with pytest.raises(UserError, match=f"(?s){said}") as raised:
        strategy(name)
    assert raised.value.where


@pytest.mark.slow
@pytest.mark.parametrize("loss", ["full", "sampled"])
def test_two_replicas_learn_as_one(loss):
    run = subprocess.run(
        [sys.executable, "-m", "tests.training.two_replicas", loss],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parents[2],
    )
    assert run.returncode == 0, run.stderr[-3000:]

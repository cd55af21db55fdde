import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from kit.errors import UserError
from kit.models import TwoTower
from kit.optimizers import LazyAdam, LossScale
from kit.training import Precision, cast_to_float32, choose_precision, fit
from kit.training import _precision as precision
from tests.training.few import ITEMS, USERS, batches, model

MIXED = ["mixed_bfloat16", "mixed_float16"]


@pytest.fixture
def machine(monkeypatch, tmp_path):
    """A machine of this kind: flags of the CPU, compute capability of each GPU, TPUs."""

    def make(flags="", gpus=(), tpus=0):
        file = tmp_path / "cpuinfo"
        file.write_text(f"processor : 0\nflags\t\t: fpu avx512f {flags}\n")
        monkeypatch.setattr(precision, "CPUINFO", file)
        monkeypatch.setattr(tf.config, "list_logical_devices", lambda kind: ["tpu"] * tpus)
        monkeypatch.setattr(tf.config, "get_visible_devices", lambda kind: list(gpus))
        monkeypatch.setattr(tf.config.experimental, "get_device_details", dict)

    return make


def gpu(*capability):
    return {"device_name": "a GPU", "compute_capability": capability}


@pytest.mark.parametrize(
    ("kind", "chosen"),
    [
        ({}, "float32 (the CPU has no AMX)"),
        ({"flags": "avx512_bf16"}, "float32 (the CPU has no AMX)"),
        ({"flags": "amx_tile amx_bf16"}, "mixed_bfloat16 (the CPU has AMX)"),
        ({"tpus": 8}, "mixed_bfloat16 (TPUs compute in bfloat16)"),
        (
            {"gpus": [gpu(8, 0), gpu(12, 0)]},
            "mixed_bfloat16 (every GPU has compute capability 8.0 or above)",
        ),
        (
            {"gpus": [gpu(8, 6), gpu(7, 5)], "flags": "amx_bf16"},
            "float32 (not every GPU has compute capability 8.0 or above)",
        ),
        (
            {"gpus": [{"device_name": "of unknown capability"}]},
            "float32 (not every GPU has compute capability 8.0 or above)",
        ),
    ],
)
def test_auto_knows_where_bfloat16_is_fast(machine, kind, chosen):
    machine(**kind)
    assert str(choose_precision()) == chosen


def test_a_machine_that_does_not_tell_its_flags(machine, monkeypatch, tmp_path):
    machine(flags="amx_bf16")
    monkeypatch.setattr(precision, "CPUINFO", tmp_path / "nothing")
    assert choose_precision().name == "float32"


@pytest.mark.parametrize("name", ["float32", *MIXED])
def test_what_is_asked_for_is_taken(machine, name):
    machine(gpus=[gpu(6, 1)])
    assert choose_precision(name) == Precision(name, "as asked")


def test_float16_on_a_tpu_is_refused_with_a_remedy(machine):
    machine(tpus=1)
    with pytest.raises(UserError, match="TPUs do not support training in float16") as raised:
        choose_precision("mixed_float16")
    assert "remedy: Use --precision mixed_bfloat16" in str(raised.value)
    assert choose_precision("float32").name == "float32"


def test_an_unknown_name():
    with pytest.raises(UserError, match="Unknown precision 'half'") as raised:
        choose_precision("half")
    assert "expected: auto, float32, mixed_bfloat16 or mixed_float16" in str(raised.value)


def test_the_scope_ends_also_after_a_mistake():
    def make():
        with Precision("mixed_float16", "").scope():
            layer = keras.layers.Dense(1)
            assert layer.compute_dtype == "float16"
            raise RuntimeError

    with pytest.raises(RuntimeError):
        make()
    assert keras.layers.Dense(1).compute_dtype == "float32"


def test_only_float16_gets_a_loss_scale():
    optimizer = LazyAdam()
    for name in ("float32", "mixed_bfloat16"):
        assert Precision(name, "").scaled(optimizer) is optimizer
    assert isinstance(Precision("mixed_float16", "").scaled(optimizer), LossScale)


@pytest.mark.parametrize(
    ("kind", "name"),
    [("sampled", "mixed_float16"), pytest.param("full", "mixed_bfloat16", marks=pytest.mark.slow)],
)
def test_training_goes_through_fit_and_answers_are_float32(kind, name):
    keras.utils.set_random_seed(0)
    with Precision(name, "").scope():
        two_tower = model(kind, learning_rate=0.05)
    losses = [
        row["loss"]
        for row in fit(two_tower, batches(), measure=lambda: 0.0, epochs=60, quiet=True).history
    ]
    assert losses[-1] < losses[0] - 0.1
    inputs = {"user": np.arange(1, USERS + 1), "history": np.ones([USERS, 2], np.int32)}
    assert two_tower(inputs).dtype == name.removeprefix("mixed_")
    cast_to_float32(two_tower)
    alike = TwoTower(USERS, ITEMS, 4, loss=two_tower.retrieval_loss)
    alike.build()
    alike.set_weights(two_tower.get_weights())
    np.testing.assert_array_equal(two_tower(inputs), alike(inputs))
    np.testing.assert_array_equal(two_tower.item_vectors(), alike.item_vectors())


@pytest.mark.slow
def test_two_replicas_learn_as_one_in_float16():
    run = subprocess.run(
        [sys.executable, "-m", "tests.training.float16_replicas"],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parents[2],
    )
    assert run.returncode == 0, run.stderr[-3000:]

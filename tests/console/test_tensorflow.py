import os
import subprocess
import sys
from pathlib import Path

import pytest

from kit.console import quiet_tensorflow

SCRIPT = """
import sys
from kit.console import quiet_tensorflow
quiet_tensorflow()
import tensorflow as tf
tf.constant(1) + 1
print("standard error still works", file=sys.stderr)
"""


@pytest.mark.slow
def test_tensorflow_starts_without_a_word():
    run = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[2],
        env={k: v for k, v in os.environ.items() if k != "TF_CPP_MIN_LOG_LEVEL"},
    )
    assert run.stdout == ""
    assert run.stderr == "standard error still works\n"


@pytest.mark.parametrize("level", ["0", "2"])
def test_who_has_set_a_level_keeps_it(monkeypatch, level):
    monkeypatch.setenv("TF_CPP_MIN_LOG_LEVEL", level)
    quiet_tensorflow()
    assert os.environ["TF_CPP_MIN_LOG_LEVEL"] == level

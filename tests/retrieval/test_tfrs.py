import os
import subprocess
import sys
from pathlib import Path

import pytest
import tensorflow as tf

from kit.errors import UserError
from kit.retrieval import ExactIndex, _tfrs, tfrs


@pytest.mark.slow
@pytest.mark.parametrize("bound", ["bound", "untouched"])
def test_the_users_keras_stays_as_it_was(bound):
    run = subprocess.run(
        [sys.executable, "-m", "tests.retrieval.keras_of_the_user", bound],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parents[2],
        env={k: v for k, v in os.environ.items() if k != "TF_USE_LEGACY_KERAS"},
    )
    assert run.stdout.endswith("as it was\n"), run.stderr


@pytest.mark.parametrize("choice", [None, "0", "1"])
def test_the_users_choice_stays_even_after_an_error(monkeypatch, choice):
    monkeypatch.delenv("TF_USE_LEGACY_KERAS", raising=False)
    if choice is not None:
        monkeypatch.setenv("TF_USE_LEGACY_KERAS", choice)
    before = vars(tf)["keras"]
    with pytest.raises(ZeroDivisionError), tfrs():
        1 / (os.environ["TF_USE_LEGACY_KERAS"] != "1")
    assert os.environ.get("TF_USE_LEGACY_KERAS") == choice
    assert vars(tf)["keras"] is before


@pytest.mark.parametrize("missing", ["tensorflow_recommenders", "tf_keras"])
def test_without_tfrs_the_error_says_what_to_install(monkeypatch, missing):
    for name in [n for n in sys.modules if n.partition(".")[0] == missing]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, missing, None)
    before = vars(tf)["keras"]
    with pytest.raises(UserError, match="TensorFlow Recommenders does not load") as raised:
        ExactIndex([[1.0]])
    assert "remedy: Install it in the versions of constraints.txt" in str(raised.value)
    assert vars(tf)["keras"] is before


def test_a_tfrs_that_breaks_while_it_loads(monkeypatch):
    def broken(name):
        if name == "tensorflow_recommenders":
            raise tf.errors.NotFoundError(None, None, "_some_ops.so: undefined symbol")
        return sys.modules[name]

    monkeypatch.setattr(_tfrs, "import_module", broken)
    with pytest.raises(UserError, match="undefined symbol"), tfrs():
        pass


BROKEN_SCANN = """
from tensorflow import errors
raise errors.NotFoundError(None, None, "_scann_ops.so: undefined symbol")
"""
WITH_A_BROKEN_SCANN = """
import sys
import numpy as np
from kit.errors import UserError
from kit.retrieval import ExactIndex, ScannIndex
vectors = np.eye(20, dtype=np.float32)
found = ExactIndex(vectors).search(vectors[2:3], np.zeros([1, 0], np.int32), k=1)
assert found[1].numpy().tolist() == [[2]]
assert "scann" not in sys.modules
try:
    ScannIndex(vectors)
except UserError as error:
    print(error)
"""


@pytest.mark.slow
def test_a_scann_built_for_another_tensorflow_counts_as_none(tmp_path):
    (tmp_path / "scann").mkdir()
    (tmp_path / "scann/__init__.py").write_text(BROKEN_SCANN)
    run = subprocess.run(
        [sys.executable, "-c", WITH_A_BROKEN_SCANN],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parents[2],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
    )
    assert run.stdout.startswith("There is no ScaNN for TensorFlow 2."), run.stderr
    assert "scann 1.4.2 beside TensorFlow 2.20" in run.stdout
    assert "--index inverted-file" in run.stdout

"""Keras set to another backend is told in a sentence, before it is imported."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from kit._backend import check_backend
from kit.errors import UserError

ROOT = Path(__file__).parent.parent


@pytest.fixture
def unset(monkeypatch, tmp_path):
    """Keras is not imported yet and nothing is set."""
    monkeypatch.delitem(sys.modules, "keras", raising=False)
    monkeypatch.delenv("KERAS_BACKEND", raising=False)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    return tmp_path / "keras.json"


@pytest.mark.parametrize("backend", ["jax", "torch", "openvino", "tensorflo"])
def test_another_backend_is_refused(unset, monkeypatch, backend):
    monkeypatch.setenv("KERAS_BACKEND", backend)
    with pytest.raises(UserError, match=f"run on '{backend}'") as raised:
        check_backend()
    assert raised.value.where == "KERAS_BACKEND in the environment"
    assert "KERAS_BACKEND=tensorflow" in raised.value.remedy


@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_the_settings_of_keras_are_read_where_the_environment_says_nothing(
    unset, monkeypatch, backend
):
    unset.write_text(json.dumps({"backend": backend}))
    with pytest.raises(UserError, match=f"run on '{backend}'") as raised:
        check_backend()
    assert raised.value.where == str(unset)
    # The remedy, followed literally.
    monkeypatch.setenv("KERAS_BACKEND", "tensorflow")
    check_backend()


@pytest.mark.parametrize(
    "content", [None, "", "{", "[]", '{"backend": 3}', '{"floatx": "float32"}']
)
def test_what_sets_nothing_is_tensorflow(unset, monkeypatch, content):
    if content is not None:
        unset.write_text(content)
    check_backend()
    monkeypatch.setenv("KERAS_BACKEND", "")
    check_backend()


@pytest.mark.parametrize("package", ["layers", "training"])
def test_the_first_use_in_python_says_so_before_keras_is_imported(package):
    code = (
        "import sys, kit\n"
        f"try: kit.{package}\n"
        "except kit.errors.UserError as error: print(error)\n"
        "print('keras' in sys.modules)"
    )
    answer = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
        env={**os.environ, "KERAS_BACKEND": "jax"},
    )
    assert answer.stdout.startswith("Keras is set to run on 'jax'")
    assert answer.stdout.endswith("False\n")

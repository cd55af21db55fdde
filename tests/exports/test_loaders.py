"""The processes; what they answer is tested with their scripts."""

from pathlib import Path

import pytest

from kit.exports import Loader, _loaders, ask
from kit.exports._loaders import LOADERS


@pytest.fixture
def script(tmp_path):
    def written(code: str) -> Loader:
        (tmp_path / "script.py").write_text(code)
        return Loader("own", str(tmp_path / "script.py"), "way")

    return written


def test_the_request_goes_in_and_the_last_line_comes_out(script):
    loader = script("import sys; print('noise'); print(sys.stdin.read())")
    assert ask(loader, {"version": "ć 茶"}) == {"version": "ć 茶", "way": "way"}


def test_the_process_sees_no_package_of_the_folder_it_runs_in(script, tmp_path, monkeypatch):
    (tmp_path / "json.py").write_text("raise SystemExit('ours')")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    code = "import json, os; print(json.dumps([os.environ['CUDA_VISIBLE_DEVICES']]))"
    assert ask(script(code), {}) == ["-1"]


def test_three_ways_of_two_scripts():
    assert len({loader.name for loader in LOADERS}) == 3
    for loader in LOADERS:
        assert Path(_loaders.__file__).with_name(loader.script).is_file()

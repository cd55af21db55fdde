"""What is installed without extras, and what is said of the rest."""

import importlib.abc
import re
import subprocess
import sys
import tomllib
import urllib.request
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from click.testing import CliRunner

from kit.cli import main
from kit.errors import EXTRAS, UserError, check_installed, not_installed

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
ABSENT = sorted({*EXTRAS, "importlib_resources", "pandas", "pyarrow", "sklearn"})


def distributions(lines):
    """Names of the distributions that requirements name."""
    names = [line.split(";")[0] for line in lines]
    for sign in "[<>=":
        names = [name.split(sign)[0] for name in names]
    return {name.strip().lower().replace("_", "-") for name in names}


@pytest.mark.parametrize(
    ("module", "extra"), [(m, e) for m, e in EXTRAS.items() if e != "holidays"]
)
def test_extras_install_the_modules_they_stand_for(module, extra):
    (name, *_) = packages_distributions()[module]
    assert name.lower().replace("_", "-") in distributions(PROJECT["optional-dependencies"][extra])
    assert name.lower().replace("_", "-") not in distributions(PROJECT["dependencies"])


def test_an_absent_module_is_explained_by_its_extra(monkeypatch):
    assert not_installed("numpy") is None
    assert "keras-application-kit[text]" in str(not_installed("tensorflow_text.tools"))
    check_installed("text", "here")
    check_installed(None, "here")
    monkeypatch.setitem(sys.modules, "sacrebleu", None)
    with pytest.raises(UserError, match="sacrebleu is not installed"):
        check_installed("text", "here")


@pytest.mark.parametrize(
    ("recipe", "module", "extra"),
    [
        ("text-classification", "tensorflow_text", "text"),
        ("translation", "sacrebleu", "text"),
        ("object-detection", "pycocotools", "detection"),
    ],
)
def test_recipes_say_what_to_install_before_they_read_data(recipe, module, extra, monkeypatch):
    monkeypatch.setitem(sys.modules, module, None)
    result = CliRunner().invoke(main, ["train", recipe, "--data", "nothing-there.csv"])
    assert result.exit_code == 2
    assert f'pip install "keras-application-kit[{extra}]"' in result.stderr


def test_commands_say_what_to_install_for_a_source(monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorflow_datasets", None)
    monkeypatch.delitem(sys.modules, "kit.data._tfds", raising=False)
    result = CliRunner().invoke(main, ["data", "tfds:movielens/100k-ratings"])
    assert result.exit_code == 2, result.output
    assert "tensorflow-datasets is not installed" in result.stderr


class Absent(importlib.abc.MetaPathFinder):
    """Hides modules."""

    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ABSENT:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


@pytest.mark.slow
def test_a_recommender_is_trained_asked_and_served_without_extras(shop, tmp_path):
    data, items = shop
    lines = [
        f"train two-tower --data {data} --items {items} --epochs 1 --dim 8 --report r --output m",
        "recommend m --all-users --output recs.parquet",
        "evaluate m",
    ]
    how = {"cwd": tmp_path, "env": {"PYTHONPATH": str(ROOT), "PATH": ""}, "text": True}
    run = [sys.executable, "-m", "tests.test_extras"]
    for line in lines:
        subprocess.run([*run, *line.split()], check=True, **how)
    assert (tmp_path / "recs.parquet").is_file()
    serve = [*run, *["serve", ".", "--rest-port", "0", "--grpc-port", "0"]]
    with subprocess.Popen(serve, stdout=subprocess.PIPE, **how) as server:
        try:
            said = (re.search(r"http://127\.0\.0\.1:\d+", line) for line in server.stdout)
            found = next(match for match in said if match)
            with urllib.request.urlopen(f"{found[0]}/v1/models/m") as answer:
                assert b"AVAILABLE" in answer.read()
        finally:
            server.terminate()


if __name__ == "__main__":
    sys.meta_path.insert(0, Absent())
    main()

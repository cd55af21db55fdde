import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from kit.cli import main
from tests.exporting.parts import passing


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A log of forty users with twelve of thirty items each, and what was prepared from it."""
    folder = tmp_path_factory.mktemp("prepared")
    rng = np.random.default_rng(0)
    log = [(user, item) for user in range(40) for item in rng.choice(30, 12, replace=False)]
    rows = [f"u{user},i{item},{n}" for n, (user, item) in enumerate(rng.permutation(log))]
    (folder / "log.csv").write_text("\n".join(["user,item,time", *rows]) + "\n")
    run("prepare", folder / "log.csv", folder / "ready")
    return folder


def run(*words: object, fails: bool = False) -> str:
    result = CliRunner().invoke(main, [str(word) for word in words])
    assert bool(result.exit_code) == fails, result.output
    return result.output


def trained(folder: Path, data: str) -> dict:
    report, model = folder / f"report-{data}", folder / f"model-{data}"
    run(
        *("train", "two-tower", "--data", folder / data, "--epochs", 1, "--dim", 8, "--quiet"),
        *("--report", report, "--output", model),
    )
    return json.loads((report / "metrics.json").read_text())


@pytest.mark.slow
def test_training_on_prepared_data_is_training_on_the_source(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kit.exports.verify", passing)
    prepared, source = (trained(folder, data) for data in ("ready", "log.csv"))
    for part in ("test", "valid", "baselines", "data"):
        assert prepared[part] == source[part]
    result = run("evaluate", folder / "model-ready")
    assert "full ranking of 30 items" in result


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--split", "random"], "--split cannot be changed"),
        (["--limit", "5", "--weight-column", "w"], "--weight-column, --limit"),
    ],
)
def test_what_was_chosen_stays(folder: Path, words: list[str], message: str) -> None:
    said = run("train", "two-tower", "--data", folder / "ready", *words, fails=True)
    assert message in said


def test_prepared_data_are_no_source(folder: Path) -> None:
    assert "holds prepared data" in run("data", folder / "ready", fails=True)


def test_a_folder_that_is_there(folder: Path) -> None:
    said = run("prepare", folder / "log.csv", folder / "ready", fails=True)
    assert "something already" in said

"""Exports that were made before the pipeline was rewritten go on working in every command.

fixtures/exports holds one for each recipe, packed, with few and coarse weights; answers.json what
the code that made them printed. They are not made anew: old exports are what they are for.
"""

import csv
import io
import json
import shutil
import tarfile
import warnings
from pathlib import Path

import pytest
from click.testing import CliRunner

from kit.cli import main

FOLDER = Path(__file__).parent / "fixtures" / "exports"
ANSWERS = json.loads((FOLDER / "answers.json").read_text())
CALLS = [(name, number) for name in ANSWERS for number in range(len(ANSWERS[name]))]
# Of these two commands, of the others files, graph and card are checked in every run.
QUICK = {("two-tower", 1), ("ranking-dcn", 0)}
TASKS = {
    **dict.fromkeys(ANSWERS, "retrieval"),
    "two-stage": "two-stage",
    "ranking-dcn": "tabular",
    "ranking-din": "tabular",
    "image-classification": "image-classification",
    "text-classification": "text-classification",
    "object-detection": "detection",
    "forecasting": "forecasting",
    "summarization": "text2text",
    "translation": "text2text",
}


@pytest.fixture(scope="session")
def exports(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of all of them, unpacked."""
    folder = tmp_path_factory.mktemp("old")
    for name in ANSWERS:
        with tarfile.open(FOLDER / f"{name}.tar.xz") as packed:
            packed.extractall(folder, filter="data")
    return folder


def kit(*words: object) -> str:
    with warnings.catch_warnings():
        warnings.simplefilter("default")
        answer = CliRunner().invoke(main, [*map(str, words)])
    assert answer.exit_code == 0, answer.output
    return answer.stdout


def slow_unless(quick, values):
    return [
        pytest.param(*value, marks=() if quick(value) else pytest.mark.slow) for value in values
    ]


def check_alike(found, expected, where=""):
    """The same but for the last digits; protocols may be worded otherwise, and more be said."""
    if isinstance(expected, dict):
        assert {*expected} <= {*found}, where
        for name in {*expected} - {"protocol"}:
            check_alike(found[name], expected[name], f"{where}/{name}")
    elif isinstance(expected, list):
        assert len(found) == len(expected), where
        for number, (one, other) in enumerate(zip(found, expected, strict=True)):
            check_alike(one, other, f"{where}/{number}")
    elif isinstance(expected, float):
        # Where scores are close, rounding changes their order from processor to processor: so the
        # AUC of the commit that wrote the file.
        assert found == pytest.approx(expected, rel=3e-3, abs=1e-5), where
    else:
        assert found == expected, where


def test_there_is_one_for_each_recipe_and_they_are_small():
    archives = {file.name.removesuffix(".tar.xz"): file.stat() for file in FOLDER.glob("*.tar.xz")}
    assert {*archives} == {*ANSWERS}
    assert sum(file.st_size for file in archives.values()) < 2_000_000


@pytest.mark.parametrize("name", ANSWERS)
def test_files_and_graph_are_accepted_and_the_card_is_read(name, exports):
    from kit.exports import check_operations, read_card, version_folder

    version = version_folder(exports / name)
    check_operations(version)
    card = read_card(version)
    assert card.recipe
    assert card.task == TASKS[name]


@pytest.mark.parametrize(("name", "number"), slow_unless(lambda call: call in QUICK, CALLS))
def test_a_command_prints_what_it_printed(name, number, exports):
    words, expected = ANSWERS[name][number]
    found = json.loads(kit(*(word.replace("EXPORT", str(exports / name)) for word in words)))
    check_alike(found, expected)


@pytest.mark.parametrize(
    "name", slow_unless(lambda v: v[0] == "ranking-dcn", [[n] for n in ANSWERS])
)
def test_signatures_answer_as_recorded(name, exports, tmp_path):
    recorded = json.loads((exports / name / "1" / "assets.extra" / "recorded.json").read_text())
    for signature, call in recorded.items():
        body = tmp_path / "body.json"
        body.write_text(json.dumps({"signature_name": signature, "inputs": call["inputs"]}))
        found = json.loads(kit("predict", exports / name, "--json", body))["outputs"]
        if not isinstance(found, dict):
            found = {next(iter(call["outputs"])): found}
        check_alike(found, call["outputs"], signature)


@pytest.mark.slow
@pytest.mark.parametrize("name", ANSWERS)
def test_three_loaders_verify_it(name, exports):
    assert "FAILED" not in kit("verify", exports / name)


def test_an_export_without_covariates_goes_on_forecasting(exports):
    recorded = json.loads(
        (exports / "forecasting" / "1" / "assets.extra" / "recorded.json").read_text()
    )
    rows = list(csv.DictReader(io.StringIO(kit("forecast", exports / "forecasting"))))
    means = recorded["from_id"]["outputs"]["mean"][0]
    assert [float(row["mean"]) for row in rows] == pytest.approx(means, abs=1e-3)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["two-tower", "sequential-time-gaps", "two-tower-inverted-file"])
def test_items_are_removed_without_training(name, exports, tmp_path):
    shutil.copytree(exports / name, tmp_path / name)
    question = ("recommend", tmp_path / name, "--examples", 1, "--count", 5, "--json")
    before = items_of(kit(*question))
    (tmp_path / "gone.txt").write_text(f"{before[0]}\n")
    kit("index", tmp_path / name, "--remove", tmp_path / "gone.txt")
    assert (tmp_path / name / "2").is_dir()
    # An inverted file is made anew and may find another one at the end.
    assert items_of(kit(*question))[:3] == before[1:4]


def items_of(answer: str) -> list[str]:
    return [item["item_id"] for item in json.loads(answer)["recommendations"][0]["items"]]


@pytest.mark.slow
def test_a_server_answers_with_all_of_them(exports):
    import httpx

    from kit.serving import Server

    with Server(exports) as server:
        for name in ANSWERS:
            extra = exports / name / "1" / "assets.extra"
            signature, call = next(iter(json.loads((extra / "recorded.json").read_text()).items()))
            body = {"signature_name": signature, "inputs": call["inputs"]}
            place = f"http://127.0.0.1:{server.rest_port}/v1/models/{name}:predict"
            found = httpx.post(place, content=json.dumps(body), timeout=120).json()["outputs"]
            if not isinstance(found, dict):
                found = {next(iter(call["outputs"])): found}
            check_alike(found, call["outputs"], name)

import json
import subprocess
import sys
from pathlib import Path

import pytest

from kit.errors import UserError
from kit.exports import (
    Labels,
    label_version,
    live_version,
    read_labels,
    remove_label,
    remove_old_versions,
    rollback,
    set_policy,
    version_folder,
    version_numbers,
    versions,
)

ROOT = Path(__file__).parents[2]


@pytest.fixture
def model(tmp_path) -> Path:
    """Versions 1, 2, 3 and 10, a draft and a folder without a model."""
    for name in ("1", "2", "3", "10", ".draft-4", "notes"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "saved_model.pb").touch()
    (tmp_path / "11").mkdir()
    return tmp_path


def live(model: Path) -> str:
    found = live_version(model)
    return "" if found is None else found.name


def test_the_newest_complete_version_is_live_without_labels(model):
    assert list(version_numbers(model)) == [1, 2, 3, 10]
    assert live(model) == "10"
    assert read_labels(model) == Labels()
    assert live(model / "nothing") == ""


def test_a_folder_means_the_stable_version_and_a_label_is_a_path(model):
    label_version(model, 2)
    label_version(model, 3, "canary")
    assert live(model) == "2"
    assert version_folder(model).name == "2"
    assert version_folder(model / "canary").name == "3"
    assert version_folder(model / "10").name == "10"
    with pytest.raises(UserError, match="No exported model here"):
        version_folder(model / "blue")
    # What is gone does not answer.
    (model / "2").rename(model / "2.bad")
    assert version_folder(model).name == "10"


POLICIES = [
    ({}, "labelled", [10]),
    ({"stable": 2, "canary": 3}, "labelled", [2, 3]),
    ({"stable": 2}, "latest:2", [2, 3, 10]),
    ({}, "latest:3", [2, 3, 10]),
    ({"stable": 1}, "all", [1, 2, 3, 10]),
    ({"stable": 7}, "labelled", []),
]


@pytest.mark.parametrize(("labels", "policy", "served"), POLICIES)
def test_labels_and_policy_say_what_is_served(labels, policy, served):
    assert Labels(labels, policy).served([10, 3, 1, 2]) == served


def test_a_label_goes_back_step_by_step(model):
    for version in (1, 3, 10):
        label_version(model, version)
    assert rollback(model) == (10, 3)
    assert rollback(model) == (3, 1)
    with pytest.raises(UserError, match="no version to go back to"):
        rollback(model)
    assert live(model) == "1"
    label_version(model, 10)
    (model / "1").rename(model / "1.gone")
    # The version that had the label is gone: the one before this one answers.
    assert rollback(model) == (10, 3)


def test_without_labels_the_version_before_the_newest_answers(model):
    assert rollback(model) == (10, 3)
    assert read_labels(model).versions == {"stable": 3}
    assert rollback(model) == (3, 2)


def test_a_label_that_moved_meanwhile_is_left(model):
    label_version(model, 2)
    assert not label_version(model, 3, instead_of=1)
    assert live(model) == "2"
    assert label_version(model, 3, instead_of=2)
    assert live(model) == "3"


def test_old_versions_go_unless_a_label_needs_them(model):
    label_version(model, 1)
    label_version(model, 3)
    assert remove_old_versions(model, 1) == [2]
    assert sorted(version_numbers(model)) == [1, 3, 10]
    remove_label(model, "stable")
    assert remove_old_versions(model, 2) == [1]
    assert {path.name for path in model.iterdir()} == {
        "3",
        "10",
        "11",
        ".draft-4",
        "notes",
        "labels.json",
    }


def test_the_policy_is_kept_beside_the_labels(model):
    set_policy(model, "latest:2")
    label_version(model, 1)
    assert read_labels(model).policy == "latest:2"
    assert json.loads((model / "labels.json").read_text())["labels"] == {"stable": 1}


MISTAKES = [
    (lambda m: label_version(m, 7), "There is no version 7"),
    (lambda m: label_version(m, 11), "There is no version 11"),
    (lambda m: label_version(m / "nothing", 1), "There is no version 1"),
    (lambda m: rollback(m / "nothing"), "There is no version 0"),
    (lambda m: label_version(m, 1, "2x"), "cannot be a label"),
    (lambda m: label_version(m, 1, "a/b"), "cannot be a label"),
    (lambda m: label_version(m, 1, ""), "cannot be a label"),
    (lambda m: remove_label(m, "blue"), "No version has the label 'blue'"),
    (lambda m: set_policy(m, "latest:0"), "Unknown version policy"),
    (lambda m: set_policy(m, "newest"), "Unknown version policy"),
    (lambda m: versions(m / "notes"), "There are no versions"),
]


@pytest.mark.parametrize(("mistake", "said"), MISTAKES)
def test_mistakes_change_nothing(model, mistake, said):
    with pytest.raises(UserError, match=said):
        mistake(model)
    assert not list(model.rglob("labels.json"))


DAMAGED = [
    "",
    "[]",
    "{}",
    '{"labels": []}',
    '{"labels": {"stable": "1"}}',
    '{"labels": {"stable": -1}}',
    '{"labels": {"a/b": 1}}',
    '{"labels": {}, "policy": "some"}',
    '{"labels": {}, "before": {"stable": 3}}',
    '{"labels": {}, "policy": 3}',
    "[" * 100_000,
]


@pytest.mark.parametrize("content", DAMAGED)
def test_damaged_labels_are_an_error_and_are_kept(model, content):
    file = model / "labels.json"
    file.write_text(content)
    for ask in (live_version, version_folder, versions, rollback):
        with pytest.raises(UserError, match="labels of the versions cannot be read") as caught:
            ask(model)
        assert str(file) in str(caught.value)
    assert file.read_text() == content


LABELLING = """
import sys
from pathlib import Path
from kit.exports import label_version
for version in (1, 2, 3, 10) * 5:
    label_version(Path(sys.argv[1]), version, sys.argv[2])
"""


def test_processes_that_label_at_once_lose_nothing(model):
    names = ["stable", "canary", "blue"]
    command = [sys.executable, "-c", LABELLING, str(model)]
    processes = [subprocess.Popen([*command, name], cwd=ROOT) for name in names]
    assert [process.wait(60) for process in processes] == [0, 0, 0]
    labels = read_labels(model)
    assert labels.versions == dict.fromkeys(names, 10)
    assert all(labels.before[name][-1] == 3 for name in names)
    assert not list(model.glob(".labels-*"))


def test_versions_are_described_without_loading_them(trained, tmp_path):
    (tmp_path / "4").symlink_to(trained.version)
    (tmp_path / "5").mkdir()
    (tmp_path / "5" / "saved_model.pb").write_bytes(b"broken")
    label_version(tmp_path, 4)
    broken, whole = versions(tmp_path)
    assert (whole.number, whole.labels, whole.served) == (4, ["stable"], True)
    assert (whole.problem, whole.signed, whole.data) == (None, False, str(trained.data))
    assert whole.created.count("-") == 2
    assert 0 < whole.metrics["NDCG@10"] < 1
    assert whole.size > 10_000
    assert (broken.number, broken.served, broken.metrics) == (5, False, {})
    assert "manifest.json is missing" in str(broken.problem)

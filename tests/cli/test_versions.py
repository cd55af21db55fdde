"""Versions of a model: listed, labelled, compared, promoted and rolled back."""

import json
import shutil
from dataclasses import replace
from importlib import import_module

import polars as pl
import pytest
from click.testing import CliRunner

import kit as api
from kit.cli import main
from kit.config import DataOptions, TrainingOptions
from kit.errors import UserError
from kit.exports import live_version, read_labels
from kit.recipes import RECIPES
from kit.tasks import compare_exports, with_promotion


def kit(*words):
    return CliRunner(env={"COLUMNS": "300"}).invoke(main, [*map(str, words)])


@pytest.fixture
def model(two, tmp_path):
    folder = tmp_path / "model"
    shutil.copytree(two / "1", folder / "1")
    return folder


def test_versions_are_listed_with_what_is_known_of_them(two, trained):
    result = kit("versions", two)
    assert result.exit_code == 0, result.output
    heading, newest, oldest = result.stdout.splitlines()[1:]
    assert " ".join(heading.split()) == ("version label served date data metric size intact signed")
    assert newest.split()[:2] == ["2", "yes"]
    assert "NDCG@10" in oldest
    found = json.loads(kit("versions", two, "--json").stdout)["versions"]
    assert [one["version"] for one in found] == [2, 1]
    assert [one["served"] for one in found] == [True, False]
    assert found[0]["problem"] is None
    assert found[1]["data"] == str(trained.data)


def test_labels_are_given_taken_and_rolled_back(two, tmp_path):
    folder = tmp_path / "model"
    folder.mkdir()
    for number in (1, 2):
        (folder / str(number)).symlink_to(two / str(number))
    assert kit("label", folder, 1, "stable").stdout == "stable:    version 1\n"
    kit("label", folder, 2, "canary", "--policy", "latest:1")
    lines = kit("versions", folder).stdout.splitlines()
    assert [line.split()[:3] for line in lines[2:]] == [
        ["2", "canary", "yes"],
        ["1", "stable", "yes"],
    ]
    kit("label", folder, 2, "stable", "--remove", "canary")
    assert read_labels(folder).versions == {"stable": 2}
    assert kit("rollback", folder).stdout == "stable:    version 1, before 2\n"
    assert str(api.load(folder).version) == str(folder / "1")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["label", "DIR"], "Give VERSION NAME"),
        (["label", "DIR", "1"], "Give both VERSION and NAME"),
        (["label", "DIR", "9", "stable"], "There is no version 9"),
        (["label", "DIR", "1", "a b"], "cannot be a label"),
        (["label", "DIR", "--policy", "some"], "Unknown version policy"),
        (["label", "DIR", "--remove", "blue"], "No version has the label"),
        (["rollback", "DIR/nothing"], "There is no version"),
        (["rollback", "DIR", "--label", "blue"], "no version to go back to"),
        (["versions", "DIR/nothing"], "There are no versions"),
        (["compare", "DIR/1", "DIR/9"], "No exported model here"),
        (["compare", "DIR/1", "DIR/1", "--data", "nothing.csv"], "nothing.csv"),
    ],
)
def test_mistakes_have_code_2(model, words, said):
    result = kit(*(word.replace("DIR", str(model)) for word in words))
    assert result.exit_code == 2, result.output
    assert said in result.stderr
    assert not (model / "labels.json").exists()


def test_two_exports_are_compared_on_the_same_users(two, trained):
    result = kit("compare", two / "1", two / "2", "--data", trained.data)
    assert result.exit_code == 0, result.output
    row = next(line for line in result.stdout.splitlines() if line.startswith("NDCG@10"))
    assert row.split()[-1] == "worse"
    assert "share of the lists of 10" in result.stdout
    assert "verdict:   B against A: worse" in result.stdout
    found = json.loads(kit("compare", two / "1", two / "2", "--users", 50, "--json").stdout)
    ((metric),) = [found["results"][0]["metrics"]["NDCG@10"]]
    assert metric["difference"] == pytest.approx(metric["second"] - metric["first"])
    assert metric["low"] < metric["difference"] < metric["high"] < 0
    assert 0 <= found["overlap"]["10"] < 1
    assert all(one["median"] > 0 for one in found["latency_ms"])
    assert sum(one["change"] > 0 for one in found["movers"]) > 0


def test_an_export_compared_with_itself_is_the_same(two):
    found = compare_exports(two / "1", two / "1", timed=False)
    assert found.verdict == "no clear difference"
    assert found.overlap == {10: 1.0, 20: 1.0}
    assert len(found.movers) == 0
    assert found.table()["difference"].to_list() == [0.0] * 4


def options(trained, model, **training):
    recipe = import_module(RECIPES["two-tower"]).RECIPE
    return recipe, recipe.options(
        data=DataOptions(data=str(trained.data)),
        training=TrainingOptions(output=str(model), **training),
    )


def promoted(trained, model, source, lines, **training):
    """What the gate says of a version that appears as a training would export it."""

    def run(recipe, chosen):
        number = max((int(path.name) for path in model.glob("[0-9]*")), default=0) + 1
        shutil.copytree(source, model / str(number))
        return model / str(number)

    recipe, chosen = options(trained, model, **training)
    return with_promotion(recipe, chosen, run, lines.append)


def test_a_version_is_promoted_unless_it_is_worse(two, trained, model):
    lines = []
    gate = {"promote_if_better": True}
    # What answers now gets the label first, so that servers do not load what is being tested.
    assert promoted(trained, model, two / "2", lines, **gate) == (model / "2", False)
    assert live_version(model) == model / "1"
    assert lines[-1].startswith("refused:   version 2 is exported but not stable: NDCG@10 ")
    assert promoted(trained, model, two / "1", lines, **gate, keep_versions=1) == (
        model / "3",
        True,
    )
    assert live_version(model) == model / "3"
    assert lines[-2].startswith("promote:   version 3 is stable: NDCG@10 ")
    # The version that a rollback needs stays.
    assert lines[-1] == "removed:   versions 2"
    assert sorted(path.name for path in model.glob("[0-9]*")) == ["1", "3"]


def test_the_first_version_is_promoted_and_others_need_no_gate(two, trained, tmp_path):
    lines, model = [], tmp_path / "new"
    assert promoted(trained, model, two / "2", lines, promote_if_better=True)[1]
    assert read_labels(model).versions == {"stable": 1}
    assert promoted(trained, model, two / "1", lines) == (model / "2", True)
    assert read_labels(model).versions == {"stable": 1}


def test_what_cannot_be_compared_is_said_before_training(two, trained, model):
    recipe, chosen = options(trained, model, promote_if_better=True)
    refits = replace(chosen, answers=replace(chosen.answers, refit=True))
    frame = replace(chosen, data=DataOptions(data=pl.read_csv(trained.data)))
    for wrong, said in ((refits, "refit leaves no rows"), (frame, "a table in memory")):
        with pytest.raises(UserError, match=said):
            with_promotion(recipe, wrong, pytest.fail, print)
    assert not (model / "labels.json").exists()


def test_a_refused_version_ends_the_command_with_code_3(two, trained, model, monkeypatch):
    def run(recipe, chosen):
        return shutil.copytree(two / "2", model / "2")

    monkeypatch.setattr("kit.pipeline.run", run)
    words = ["train", "two-tower", "--data", trained.data, "--output", model]
    result = kit(*words, "--promote-if-better")
    assert result.exit_code == 3, result.output
    assert "refused:" in result.stdout
    assert kit(*words).exit_code == 1  # There is a version 2 by now.

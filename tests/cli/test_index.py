import re
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from kit.cli import main
from kit.exports import LoadedExport, Narrowed
from tests.exporting.parts import passing

NEW = "item_id,title,category,price\nnew-1,Red cup 61,k1,3.5\nnew-2,Blue plate 62,k9,\n"


@pytest.fixture
def model(trained, tmp_path) -> Path:
    """A copy of the trained model, as the command writes into it."""
    shutil.copytree(trained.model, tmp_path / "model")
    return tmp_path / "model"


@pytest.fixture
def new_items(tmp_path) -> Path:
    file = tmp_path / "new.csv"
    file.write_text(NEW)
    return file


def index(*arguments):
    return CliRunner().invoke(main, ["index", *map(str, arguments)])


def test_items_come_and_go_without_training(model, new_items, tmp_path, monkeypatch):
    monkeypatch.setattr("kit.exports.verify", passing)
    gone = tmp_path / "gone.txt"
    gone.write_text("i3\n\ni5\n")
    before = LoadedExport(model / "1")
    history = [item for item in before._model.history_of("shopper-001").numpy()]
    result = index(model, "--add", new_items, "--remove", gone)
    assert result.exit_code == 0, result.output
    lines = ["removed:   2 items", "added:     2 items", "items:     60", "index:     exact"]
    assert "\n".join(lines) in result.stdout

    after = LoadedExport(model / "2")
    items = [line.item_id for line in after.recommend("shopper-001", 60)[0]]
    assert not {"i3", "i5"} & set(items)
    wanted = Narrowed(where=("category=k9",))
    assert [line.item_id for line in after.recommend("shopper-001", 60, wanted)[0]] == ["new-2"]
    assert after.name("new-1") == "Red cup 61"
    kept = [item for item in history if item not in (b"i3", b"i5")]
    assert after._model.history_of("shopper-001").numpy().tolist() == kept
    neighbours = [line.item_id for line in after.similar("new-1", 5)]
    assert all(int(item.removeprefix("i")) % 2 for item in neighbours if item != "new-2")
    # What stayed scores as it did, for people whose history stayed.
    everyone = [f"shopper-{number:03}" for number in range(1, 100)]
    someone = next(
        one
        for one in everyone
        if not {b"i3", b"i5"} & set(before._model.history_of(one).numpy().tolist())
    )
    old = {line.item_id: line.score for line in before.recommend(someone, 60)[0]}
    new = {line.item_id: line.score for line in after.recommend(someone, 60)[0]}
    for item in set(old) & set(new):
        assert new[item] == pytest.approx(old[item], rel=1e-5)
    assert any("changed after training" in line for line in after.card.limits)


@pytest.mark.slow
def test_an_indexed_version_passes_verification(model, new_items):
    assert index(model, "--add", new_items, "--index", "inverted-file").exit_code == 0
    assert CliRunner().invoke(main, ["verify", str(model)]).exit_code == 0


@pytest.mark.slow
def test_the_index_alone_can_be_changed(model, monkeypatch):
    monkeypatch.setattr("kit.exports.verify", passing)
    result = index(model, "--index", "inverted-file", "--index-rows", "int8")
    assert re.search(r"index: +inverted-file, recall@10 (1\.0|0\.9)", result.output), result.output
    settings = LoadedExport(model / "2").card.index["settings"]
    assert (settings["kind"], settings["rows"]) == ("inverted-file", "int8")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("item_id,colour\nnew,red\n", r"none of the features(.|\n)*expected: some of: title"),
        ("title,price\nRed cup,2\n", r"item"),
        ("item_id,title\ni1,Red cup\n", r"1 items to add are in the catalogue already: i1"),
        ("item_id,title,price\nnew,Red cup,dear\n", r"price is a number to the model"),
        ("item_id,title\nnew,Red cup\nnew,Blue\n", r"more than one row"),
    ],
)
def test_what_cannot_be_added_is_refused(model, tmp_path, content, message):
    file = tmp_path / "bad.csv"
    file.write_text(content)
    result = index(model, "--add", file)
    assert result.exit_code == 2
    assert re.search(message, result.output), result.output
    assert not (model / "2").exists()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("i1\nno-such\n", "1 items to remove are not in the catalogue: no-such"),
        ("\n", "is empty"),
        ("\n".join(f"i{n}" for n in range(60)), "catalogue would be empty"),
        (None, "no such file"),
    ],
)
def test_what_cannot_be_removed_is_refused(model, tmp_path, content, message):
    file = tmp_path / "gone.txt"
    if content is not None:
        file.write_text(content)
    result = index(model, "--remove", file)
    assert (result.exit_code, message in result.output) == (2, True), result.output


def test_nothing_to_change_is_a_mistake(model):
    result = index(model)
    assert (result.exit_code, "Nothing to change" in result.output) == (2, True)

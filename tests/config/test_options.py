from dataclasses import dataclass, replace

import click
import pytest
from click.testing import CliRunner

from kit.config import (
    AnswerOptions,
    CheckpointOptions,
    DataOptions,
    GenerationOptions,
    ImageTrainingOptions,
    IndexOptions,
    Options,
    TrainingOptions,
    option,
    override,
)
from kit.console import Command, options, recipe_options
from kit.errors import UserError
from kit.training.batches import AUGMENTATIONS


@dataclass(frozen=True, kw_only=True)
class Search(Options):
    """Of every type."""

    beams: int = option(4, "Beam width of {rows}.", min=1, max=64)
    penalty: float | None = option(None, "Length penalty.", above=0, below=5)
    kind: str = option("beam", "How.", choices=("beam", "greedy"))
    stop: tuple[str, ...] = option((), "A token that ends it.", metavar="TOKEN")
    resume: bool | None = option(None, "Or start over.", names=("--resume/--fresh",))
    cache: bool = option(True, "Keep keys and values.")
    trust: bool = option(False, "Load it.", names=("--trust",))
    target: str | None = option(None, "Language.", names=("--to",))


@dataclass(frozen=True, kw_only=True)
class Everything:
    """Of a recipe."""

    data: DataOptions
    search: Search = Search(beams=2)
    training: TrainingOptions = TrainingOptions(dim=16)


def command(decorate):
    got = []
    made = click.command(cls=Command, example="")(decorate(lambda *a, **k: got.append((a, k))))
    return made, got


def run(line):
    made, got = command(options(Search, "search", rows="texts"))
    result = CliRunner().invoke(made, line.split())
    return result, got[0][1]["search"] if got else None


def test_defaults_reach_the_command():
    assert run("")[1] == Search()


def test_every_type_of_option_reaches_the_command():
    line = "--beams 8 --penalty .5 --kind greedy --stop a --stop b --fresh --no-cache --to de"
    assert run(f"{line} --trust")[1] == Search(
        beams=8,
        penalty=0.5,
        kind="greedy",
        stop=("a", "b"),
        resume=False,
        cache=False,
        trust=True,
        target="de",
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("--beams 0", "0 is not in the range 1<=x<=64"),
        ("--penalty 5", "5.0 is not in the range 0<x<5"),
        ("--kind bean", "'bean' is not one of 'beam', 'greedy'"),
        ("--beam 3", "Did you mean"),
    ],
)
def test_commands_refuse_values_that_are_not_allowed(arguments, message):
    result, got = run(arguments)
    assert (result.exit_code, got) == (2, None)
    assert message in result.stderr


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"beams": 0}, "at least 1, at most 64"),
        ({"penalty": 0}, "above 0, below 5"),
        ({"kind": "bean"}, "one of beam, greedy"),
    ],
)
def test_constructors_refuse_the_same_values(values, expected):
    with pytest.raises(UserError) as error:
        Search(**values)
    assert error.value.expected == expected


def test_help_is_grouped_and_names_what_a_batch_is_made_of():
    made, _ = command(recipe_options(Everything, rows="texts"))
    text = CliRunner().invoke(made, ["--help"]).output
    places = [text.index(word) for word in ("Data:", "--data", "Model:", "Training:", "--help")]
    assert places == sorted(places)
    assert "Beam width of texts." in text
    assert "--batch-size TEXTS" in text


def test_a_recipe_gets_all_its_options_with_its_own_defaults():
    made, got = command(recipe_options(Everything, rows="texts"))
    result = CliRunner().invoke(made, ["--data", "a.csv", "--epochs", "2"])
    assert result.exit_code == 0, result.output
    [((everything,), _)] = got
    assert everything.data == DataOptions(data="a.csv")
    assert everything.search.beams == 2
    assert (everything.training.epochs, everything.training.dim) == (2, 16)
    assert CliRunner().invoke(made, []).exit_code == 2


def test_the_source_may_be_an_argument():
    made, got = command(options(DataOptions, "data", source_is_argument=True))
    assert CliRunner().invoke(made, ["a.csv", "--seed", "3"]).exit_code == 0
    assert got[0][1]["data"] == DataOptions(data="a.csv", seed=3)


def test_options_change_wherever_they_belong():
    before = Everything(data=DataOptions(data="a.csv"))
    after = override(before, {"epochs": 3, "beams": 9}, "here")
    assert after == replace(
        before, search=Search(beams=9), training=TrainingOptions(dim=16, epochs=3)
    )
    with pytest.raises(UserError, match="Unknown argument 'epoch'") as error:
        override(before, {"epoch": 3}, "here")
    assert error.value.remedy == "Did you mean epochs?"
    assert "beams" in error.value.expected


def test_cards_are_read_again():
    before = Search(stop=("a",), beams=3)
    card = {name: list(v) if isinstance(v, tuple) else v for name, v in before.card().items()}
    assert Search.of_card({**card, "of an earlier version": 1}) == before


@pytest.mark.parametrize(
    ("kind", "name", "words"),
    [
        (TrainingOptions, "output", "--output"),
        (TrainingOptions, "report", "--report"),
        (CheckpointOptions, "checkpoints", "--checkpoints"),
    ],
)
def test_folders_are_checked_before_training(tmp_path, kind, name, words):
    (tmp_path / "file").write_text("")
    for folder in (tmp_path / "file", tmp_path / "file" / "inner" / "most"):
        with pytest.raises(UserError, match=f"The folder of {words} cannot be written.") as error:
            kind(**{name: str(folder)})
        assert error.value.expected == f"{tmp_path / 'file'} to be a folder you may write to"
    for folder in (str(tmp_path), str(tmp_path / "a" / "b"), "new", "."):
        assert getattr(kind(**{name: folder}), name) == folder
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_folder_without_the_right_to_write(tmp_path, monkeypatch):
    monkeypatch.setattr("os.access", lambda path, mode: path != tmp_path)
    with pytest.raises(UserError) as error:
        TrainingOptions(output=str(tmp_path / "model"))
    assert error.value.expected == f"{tmp_path} to be a folder you may write to"


def test_checkpoints_of_a_run(tmp_path):
    settings = {"dim": 8, "data": "a.csv", "report": "r", "quiet": True, "strategy": "mirrored"}
    usual = CheckpointOptions().of_run(tmp_path, settings)
    assert (usual.folder, usual.settings) == (tmp_path / "checkpoints", {"dim": 8})
    assert (usual.every_steps, usual.every_seconds, usual.keep) == (None, 60.0, 3)
    assert usual.resume is None
    own = CheckpointOptions(
        resume=True,
        checkpoints=str(tmp_path / "own"),
        checkpoint_minutes=0.5,
        checkpoint_steps=9,
        keep_checkpoints=1,
    ).of_run(tmp_path, settings, "stage")
    assert own.folder == tmp_path / "own" / "stage"
    assert (own.every_steps, own.every_seconds, own.keep, own.resume) == (9, 30.0, 1, True)


def test_the_index_is_a_setting_of_the_export():
    settings = IndexOptions(index="inverted-file", recall=0.8, index_rows="int8").settings()
    assert (settings.kind, settings.recall, settings.rows) == ("inverted-file", 0.8, "int8")
    assert AnswerOptions().top == 100


@pytest.mark.parametrize(
    ("given", "kinds"),
    [("none", []), ("flip", ["flip"]), ("mixup, randaugment", ["mixup", "randaugment"])],
)
def test_augmentations(given, kinds):
    assert ImageTrainingOptions(augment=given).kinds == kinds


def test_unknown_augmentations_are_named():
    with pytest.raises(UserError, match="Unknown augmentation 'rotate'") as error:
        ImageTrainingOptions(augment="flip,rotate")
    known = set(error.value.expected.split("of ")[1].split(", with")[0].split(", "))
    assert known == {*AUGMENTATIONS, "randaugment"}


def test_a_width_that_heads_cannot_share_is_refused():
    chosen = GenerationOptions(heads=3)
    chosen.check_width(12)
    with pytest.raises(UserError, match="A width of 16 cannot be shared out to 3 heads") as error:
        chosen.check_width(16)
    assert "--dim 18" in error.value.remedy

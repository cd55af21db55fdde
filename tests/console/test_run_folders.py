import errno
import fcntl
import inspect
import json
import os
import subprocess
import sys
from dataclasses import dataclass

import click
import pytest
from click.testing import CliRunner

from kit.cli import main
from kit.console import Command, claim_folders

RECIPES = [
    "auto",
    "linear",
    "two-tower",
    "sequential",
    "two-stage",
    "ranking",
    "forecasting",
    "customer-value",
    "uplift",
    "image-classification",
    "object-detection",
    "text-classification",
    "summarization",
    "translation",
]
every_recipe = pytest.mark.parametrize("recipe", RECIPES)


@dataclass(frozen=True)
class Training:
    report: str | None = None
    output: str | None = None


@dataclass(frozen=True)
class Checkpoint:
    checkpoints: str | None = None


def run(body, *, training=None, checkpoint=None):
    """A command that claims its folders and then does something."""

    @click.command("made", cls=Command, example="made")
    def made():
        body(claim_folders("made", training or Training(), checkpoint or Checkpoint()))

    return CliRunner().invoke(made, [])


def kit(line):
    return CliRunner().invoke(main, line.split())


def test_every_recipe_is_tried():
    assert main.commands["train"].list_commands(None) == sorted(RECIPES)


@every_recipe
def test_a_folder_in_use_is_refused_before_data_are_read(recipe, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    seen = []

    def second(folders):
        seen.append(kit(f"train {recipe} --data no-such-file.csv --report {folders.report}"))

    assert run(second, training=Training(report="mine")).exit_code == 0
    (refused,) = seen
    assert refused.exit_code == 2
    assert f"Another run uses this folder: process {os.getpid()} on " in refused.stderr
    assert "remedy: Wait for it to end, or name another folder: --report FOLDER" in refused.stderr
    # The remedies work: the next complaint is of the data.
    for report in ("mine", "other"):
        answer = kit(f"train {recipe} --data no-such-file.csv --report {report}")
        assert "no-such-file.csv" in answer.stderr


# What is fitted in closed form has no checkpoints, and auto those of each model.
CHECKPOINTS = [recipe for recipe in RECIPES if recipe not in ("auto", "linear")]


@pytest.mark.parametrize(
    ("recipe", "option"),
    [
        *((recipe, option) for recipe in RECIPES for option in ("--report", "--output")),
        *((recipe, "--checkpoints") for recipe in CHECKPOINTS),
    ],
)
@pytest.mark.parametrize("folder", ["file/below", "/proc/kit-cannot-write"])
def test_an_unwritable_folder_is_refused_before_data_are_read(
    recipe, option, folder, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").touch()
    answer = kit(f"train {recipe} --data no-such-file.csv {option} {folder}")
    assert answer.exit_code == 2
    assert f"The folder of {option} cannot be written" in answer.stderr
    assert f"remedy: Name another: {option} FOLDER" in answer.stderr
    assert sorted(os.listdir()) == ["file"]


@every_recipe
@pytest.mark.parametrize("folder", ["reports", "saved_models"])
def test_default_folders_are_tried_too(recipe, folder, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / folder).touch()
    answer = kit(f"train {recipe} --data no-such-file.csv")
    assert answer.exit_code == 2
    assert f"where: {folder}/{recipe}" in answer.stderr
    assert sorted(os.listdir()) == [folder]


@pytest.mark.parametrize(
    "number", [errno.ENOSPC, errno.EROFS, errno.EDQUOT, errno.EACCES], ids=errno.errorcode.get
)
def test_a_disk_that_takes_nothing_is_told_with_its_reason(number, tmp_path, monkeypatch):
    def full(*_, **__):
        raise OSError(number, os.strerror(number))

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("tempfile.TemporaryFile", full)
    answer = run(lambda folders: pytest.fail("it ran"))
    assert answer.exit_code == 2
    assert f"--output cannot be written: {os.strerror(number)}." in answer.stderr


def test_the_folder_is_free_when_the_command_ends_and_nothing_is_left(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def fail(folders):
        assert folders.report.is_dir()
        raise ValueError("broken")

    for body, code in ((lambda folders: None, 0), (fail, 1), (lambda folders: None, 0)):
        assert run(body).exit_code == code
    assert not (tmp_path / "reports" / "made").exists()
    assert not (tmp_path / "saved_models").exists()
    # A folder with something in it, or one that was there, stays.
    (tmp_path / "mine").mkdir()
    run(lambda folders: None, training=Training(report="mine"))
    run(lambda folders: (folders.report / "page").touch())
    assert os.listdir("mine") == []
    assert os.listdir("reports/made") == ["page"]


def test_checkpoints_elsewhere_are_of_one_run_too(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    seen = []

    def second(folders):
        other = Training(report="other")
        seen.append(run(lambda _: None, training=other, checkpoint=Checkpoint("kept")))

    assert run(second, checkpoint=Checkpoint("kept")).exit_code == 0
    assert seen[0].exit_code == 2
    assert "name another folder: --checkpoints FOLDER" in seen[0].stderr


def test_a_lock_whose_process_was_killed_is_free(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "reports" / "made").mkdir(parents=True)
    lock = tmp_path / "reports" / "made" / ".run.lock"
    lock.write_text(json.dumps({"process": 1, "host": "gone", "since": "yesterday"}))
    code = "import fcntl, os, sys; fcntl.flock(open(sys.argv[1], 'a'), fcntl.LOCK_EX); os._exit(9)"
    subprocess.run([sys.executable, "-S", "-c", code, str(lock)], check=False)
    assert run(lambda folders: None).exit_code == 0


@pytest.mark.parametrize("content", ["", "{", "[]", "{}"])
def test_a_holder_that_does_not_say_who_it_is(content, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "reports" / "made").mkdir(parents=True)
    with (tmp_path / "reports" / "made" / ".run.lock").open("w") as lock:
        lock.write(content)
        lock.flush()
        fcntl.flock(lock, fcntl.LOCK_EX)
        answer = run(lambda folders: pytest.fail("it ran"))
    assert answer.exit_code == 2
    assert "Another run uses this folder." in answer.stderr


def test_only_the_chief_locks(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(inspect.getmodule(claim_folders), "is_chief", lambda: False)
    assert run(lambda folders: None).exit_code == 0
    assert os.listdir() == []


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT], ids=errno.errorcode.get)
def test_a_full_disk_at_any_time_is_a_sentence(number, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def fill(folders):
        raise OSError(number, os.strerror(number), "reports/made/report.html")

    answer = run(fill)
    assert answer.exit_code == 2
    assert answer.stderr == (
        "Error: The disk is full.\n  where: reports/made/report.html\n"
        "  remedy: Make room and give the same command again.\n"
    )

"""What is shown while something takes its time."""

import io
import os
import pty
import re
import sys
import threading
import time

import pytest

from kit import progress
from kit.progress import Stage, line, shown, stage

CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]")


def aged(entered: Stage, seconds: float) -> Stage:
    entered.begin -= seconds
    return entered


def training(seconds: float = 42) -> Stage:
    entered = aged(Stage("train"), seconds)
    entered.details = lambda: [
        (0, "epoch 12.3"),
        (1, "valid NDCG@10 0.1234"),
        (4, "best 0.1250"),
        (2, "patience 2/8"),
        (5, "45,000 examples/s"),
        (3, "at least 0:35 left"),
    ]
    return entered


@pytest.mark.parametrize(
    ("width", "text"),
    [
        (40, "train: epoch 12.3, patience 2/8, 0:42"),
        (60, "train: epoch 12.3, valid NDCG@10 0.1234, patience 2/8, 0:42"),
        (
            80,
            "train: epoch 12.3, valid NDCG@10 0.1234, patience 2/8, 0:42, at least 0:35 left",
        ),
        (
            120,
            "train: epoch 12.3, valid NDCG@10 0.1234, best 0.1250, patience 2/8, "
            "45,000 examples/s, 0:42, at least 0:35 left",
        ),
    ],
)
def test_a_line_has_whole_words_and_what_matters_first(width, text):
    assert line([training()], width) == text
    assert len(text) <= width


def test_what_is_counted_has_a_time_left():
    counted = aged(Stage("evaluate", 20_000, "users"), 10)
    assert line([counted], 80) == "evaluate: 0 of 20,000 users, 0:10"
    counted.advance(5_000)
    assert line([counted], 80) == "evaluate: 5,000 of 20,000 users, 0:10, about 0:30 left"
    counted.advance(15_000)
    assert line([counted], 80) == "evaluate: 20,000 of 20,000 users, 0:10"


def test_an_inner_stage_is_shown_where_it_takes_its_time():
    outer = aged(Stage("baselines"), 70)
    outer.note = "ItemKNN"
    inner = Stage("evaluate", 900, "users")
    assert line([outer, inner], 80) == "baselines: ItemKNN, 1:10"
    aged(inner, 3).advance(300)
    assert line([outer, inner], 80) == "baselines: ItemKNN, evaluate 300 of 900 users, 1:10"


def test_stages_are_silent_unless_shown(capsys):
    with stage("read", 2, "files") as reading:
        reading.advance()
        reading.report()
    assert capsys.readouterr().err == ""


@pytest.fixture
def quick(monkeypatch):
    monkeypatch.setattr(progress, "REFRESH_SECONDS", 0.01)
    monkeypatch.setattr(progress, "DELAY_SECONDS", 0.0)


def test_a_file_gets_whole_lines_now_and_then(monkeypatch, quick):
    file = io.StringIO()
    monkeypatch.setattr(sys, "stderr", file)
    with shown(), stage("train") as entered:
        entered.details = training().details
        for _ in range(50):
            entered.report()
        assert len(file.getvalue().splitlines()) == 1, "one at once, the next one after a while"
        monkeypatch.setattr(progress, "LINE_SECONDS", 0.02)
        deadline = time.monotonic() + 30
        while file.getvalue().count("\n") < 4 and time.monotonic() < deadline:
            time.sleep(0.01)
    lines = file.getvalue().splitlines()
    assert len(lines) >= 4
    assert {text.split(",")[0] for text in lines} == {"train: epoch 12.3"}
    assert file.getvalue().endswith("\n")
    assert not CONTROL.search(file.getvalue())
    assert "progress" not in [thread.name for thread in threading.enumerate()]


@pytest.mark.parametrize("columns", [60, 80])
def test_a_terminal_gets_one_line_that_goes_away(monkeypatch, quick, columns):
    main, side = pty.openpty()
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", str(columns))
    written = ""
    with os.fdopen(side, "w") as terminal, os.fdopen(main, "rb", buffering=0) as screen:
        monkeypatch.setattr(sys, "stderr", terminal)
        with shown(), stage("train") as entered:
            entered.details = training().details
            while "epoch 12.3" not in written:
                written += screen.read(100_000).decode()
        terminal.flush()
        while "\x1b[?25h" not in written:
            written += screen.read(100_000).decode()
    lines = re.split(r"[\r\n]+", re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", written))
    assert max(map(len, lines)) < columns
    # The cursor is hidden meanwhile and shown again, and the line is erased.
    assert written.rindex("\x1b[?25h") > written.rindex("\x1b[?25l")
    assert "\x1b[2K" in written


@pytest.mark.parametrize("failure", [RuntimeError("broken"), KeyboardInterrupt()])
def test_a_failure_ends_what_is_shown(quick, failure):
    @stage("work")
    def fail():
        raise failure

    with pytest.raises(type(failure)), shown():
        fail()
    assert "progress" not in [thread.name for thread in threading.enumerate()]
    with shown(), stage("again"):
        pass

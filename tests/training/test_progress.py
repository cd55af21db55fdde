import io
import os
import pty
import re
import sys

import pytest

from kit.training import fit
from kit.training._history import History
from kit.training._progress import ProgressBar
from kit.training._waiting import ReadyTimes
from tests.training.few import batches, model

METRIC = "valid NDCG@10"


def shown(bar: ProgressBar, history: History) -> None:
    bar.on_train_begin()
    bar.on_train_batch_end(0)
    history.rows.append({"interactions_per_second": 12345.6, METRIC: 0.25})
    bar.on_epoch_end(0)
    bar.on_train_batch_end(1)
    bar.close()


def test_metric_rate_and_time_left_are_shown_on_a_terminal(monkeypatch):
    main, side = pty.openpty()
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "150")
    with os.fdopen(side, "w") as terminal, os.fdopen(main, "rb", buffering=0) as screen:
        monkeypatch.setattr(sys, "stderr", terminal)
        history = History(batches(), steps=2, ready=ReadyTimes())
        bar = ProgressBar(10, 2, history, METRIC)
        shown(bar, history)
        terminal.flush()
        written = ""
        while "\x1b[?25h" not in written:
            written += screen.read(100_000).decode()
    text = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", written)
    assert "of at most 10" in text
    assert "valid NDCG@10 0.2500  12,346 interactions/s" in text
    assert "left" in text
    # The cursor is hidden while the bar runs and shown again.
    assert written.rindex("\x1b[?25h") > written.rindex("\x1b[?25l")


def test_a_file_gets_no_control_characters(monkeypatch):
    file = io.StringIO()
    monkeypatch.setattr(sys, "stderr", file)
    history = History(batches(), steps=2, ready=ReadyTimes())
    bar = ProgressBar(10, 2, history, METRIC)
    shown(bar, history)
    assert "\x1b" not in file.getvalue()


def test_without_a_metric_the_rate_is_shown(capsys):
    history = History(batches(), steps=2, ready=ReadyTimes())
    bar = ProgressBar(10, 2, history, METRIC)
    history.rows.append({"interactions_per_second": 5.0})
    bar.on_epoch_end(0)
    bar.close()


@pytest.mark.parametrize("failure", [RuntimeError("broken"), KeyboardInterrupt()])
def test_the_terminal_is_given_back_after_a_failure(monkeypatch, failure):
    closed = []
    monkeypatch.setattr(ProgressBar, "close", lambda bar: closed.append(bar) or bar._bar.stop())

    def measure():
        raise failure

    with pytest.raises(type(failure)):
        fit(model(), batches(), measure=measure, epochs=1)
    (bar,) = closed
    assert not bar._bar.live.is_started

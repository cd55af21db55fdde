import json
import logging

import pytest

from kit.serving import Limits, Metrics, Models, log, log_request, log_to_stderr
from kit.serving._log import LOGGER
from tests.serving.parts import drop_in


@pytest.fixture
def lines(capsys):
    """Switch the log on; what it wrote, line by line."""
    state = LOGGER.handlers, LOGGER.propagate, LOGGER.level

    def on(kind: str = "json", level: str = "info"):
        log_to_stderr(kind, level)
        return lambda: capsys.readouterr().err.splitlines()

    yield on
    LOGGER.handlers, LOGGER.propagate = state[:2]
    LOGGER.setLevel(state[2])


def test_versions_are_logged_as_they_come_and_go(lines, saved, tmp_path):
    read = lines()
    drop_in(saved / "kinds" / "1", folder(tmp_path, "m") / "1")
    models = Models(tmp_path, Limits(), Metrics())
    models.refresh()
    (tmp_path / "m" / "2").mkdir()
    models.refresh()
    models.refresh()  # what failed before is no news
    drop_in(saved / "kinds" / "1", tmp_path / "m" / "3")
    models.refresh()
    events = [json.loads(line) for line in read()]
    models.stop()
    assert [(e["event"], e["level"], e["model"], e["version"]) for e in events] == [
        ("version loaded", "info", "m", 1),
        ("version refused", "error", "m", 2),
        ("version loaded", "info", "m", 3),
        ("version dropped", "info", "m", 1),
    ]
    assert "Could not find SavedModel" in events[1]["reason"]
    assert 'kit_serving_failed_loads_total{model="m"} 1.0' in models._metrics.page().decode()


@pytest.mark.parametrize(
    ("code", "seconds", "event"),
    [
        ("OK", 0.1, []),
        ("INVALID_ARGUMENT", 0.1, []),
        ("OK", 2.0, ["slow request"]),
        ("INTERNAL", 0.1, ["request failed"]),
        ("DEADLINE_EXCEEDED", 30.0, ["request failed"]),
        ("RESOURCE_EXHAUSTED", 0.1, ["request failed"]),
    ],
)
def test_failed_and_slow_requests_are_logged(lines, code, seconds, event):
    read = lines()
    log_request("m", "predict", "REST", code, seconds)
    found = [json.loads(line) for line in read()]
    assert [line["event"] for line in found] == event
    assert [(line["code"], line["seconds"]) for line in found] == [(code, seconds)] * len(event)


@pytest.mark.parametrize("kind", ["text", "json"])
@pytest.mark.parametrize("text", ["two\nlines", "\x1b[31mred", "\u202ereversed", "\x00", "a\rb"])
def test_control_characters_stay_in_their_line(lines, kind, text):
    read = lines(kind)
    log(logging.WARNING, "version refused", model="m", reason=text)
    (line,) = read()
    assert line.isprintable()


def test_the_text_is_for_people_and_the_level_is_kept(lines):
    read = lines("text", "warning")
    log(logging.INFO, "version loaded", model="m", version=1)
    log(logging.WARNING, "request failed", model="a model", code="INTERNAL", seconds=0.5)
    (line,) = read()
    assert line.endswith('Z WARNING request failed model="a model" code=INTERNAL seconds=0.5')


def folder(parent, name):
    (parent / name).mkdir()
    return parent / name

"""`kit serve` as a process, and the commands that ask it."""

import json
import re
import shutil
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner

from kit.cli import main
from tests.conftest import shared
from tests.serving.conftest import save_models
from tests.serving.parts import drop_in, wait_until
from tests.serving.process import Serving, launch, start


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return shared(tmp_path_factory, "saved_models", save_models)


@pytest.fixture(scope="module")
def serving(folder: Path) -> Iterator[Serving]:
    running = start(folder)
    yield running
    assert end(running, signal.SIGTERM) == (0, "")


def end(running: Serving, number: signal.Signals) -> tuple[int, str]:
    """Send a signal while `kinds` computes; the answer comes, and the exit code and the errors."""
    answers = []

    def ask() -> None:
        body = {"signature_name": "slow", "instances": [300_000]}
        place = f"{running.rest}/v1/models/kinds:predict"
        answers.append(httpx.post(place, json=body, timeout=120).json())

    asking = threading.Thread(target=ask)
    asking.start()
    started = 'batch_rows_count{model="kinds",signature="slow"} 1.0'
    wait_until(lambda: started in httpx.get(f"{running.rest}/metrics").text)
    running.process.send_signal(number)
    _, errors = running.process.communicate(timeout=120)
    asking.join()
    assert answers == [{"predictions": [300_000.0]}]
    return running.process.returncode, errors


def kit(*words: str, stdin: str | None = None):
    return CliRunner().invoke(main, words, input=stdin)


def test_it_says_what_it_serves_and_where(serving):
    assert re.search(r"kinds\W+1\b", serving.output)
    assert re.search(r"shop\W+1\b", serving.output)


def test_it_does_without_keras(serving):
    # A library that Keras loads, and nothing else does.
    loaded = Path(f"/proc/{serving.process.pid}/maps").read_text()
    assert "_pywrap_tensorflow" in loaded
    assert "optree" not in loaded


@pytest.mark.parametrize("way", ["REST", "gRPC", "folder"])
def test_predict(serving, way):
    place = {
        "REST": [serving.rest, "--model", "shop"],
        "gRPC": ["--grpc", serving.grpc, "--model", "shop", "--version", "1"],
        "folder": [str(serving.folder / "shop")],
    }[way]
    options = ["--signature", "similar_items", "--input", "item_id=plain", "--input", "item_id=no"]
    result = kit("predict", *place, *options)
    assert result.exit_code == 0, result.output
    answer = json.loads(result.stdout)["outputs"]
    assert len(answer["item_id"]) == 2
    assert answer["item_id"][0][0] != ""
    assert set(answer["item_id"][1]) == {""}


def test_predict_from_a_file(serving, tmp_path):
    body = '{"instances": [[1, 2]]}'
    (tmp_path / "body.json").write_text(body)
    for source, stdin in ((str(tmp_path / "body.json"), None), ("-", body)):
        words = ["predict", serving.rest, "--model", "kinds", "--json", source]
        result = kit(*words, stdin=stdin)
        assert json.loads(result.stdout) == {"predictions": [[2, 4]]}


MISTAKES = [
    (["predict", "URL", "--input", "a=1"], "--model NAME"),
    (["predict", "URL", "--model", "shop"], "--input NAME=VALUE"),
    (["predict", "--input", "a=1"], "TARGET"),
    (["predict", "URL", "--model", "shop", "--input", "a"], "takes NAME=VALUE"),
    (["predict", "URL", "--model", "shop", "--input", "a=1"], "no input 'a'"),
    (["predict", "URL", "--model", "sho", "--input", "a=1"], "Servable not found"),
    (["predict", "URL", "--model", "shop", "--json", "-"], "not JSON"),
    (["predict", "http://127.0.0.1:1", "--model", "m", "--input", "a=1"], "No answer"),
    (["predict", "nowhere", "--input", "a=1"], "No exported model here"),
    (["recommend", "--user", "ann"], "Say which export: kit recommend FOLDER"),
    (["recommend", "--server", "URL", "--user", "ann"], "go together"),
    (["recommend", "--server", "URL", "--model", "shop", "--examples", "2"], "give --user or"),
    (["recommend", "--server", "URL", "--model", "kinds", "--user", "ann"], "Missing named input"),
    (["predict", "--grpc", "", "--input", "a=1"], "TARGET"),
    (["serve", "nowhere"], "no such folder"),
    (["serve", ".", "--max-body-mib", "nan"], "'nan' is not a number"),
    (["serve", ".", "--max-body-mib", "2048"], "not in the range"),
    (["serve", ".", "--request-timeout-s", "inf"], "not in the range"),
    (["serve", ".", "--batch-timeout-ms", "nan"], "'nan' is not a number"),
    (["serve", "VERSION"], "Give the folder above it"),
]


@pytest.mark.parametrize(("words", "message"), MISTAKES, ids=range(len(MISTAKES)))
def test_mistakes_end_with_a_sentence(serving, words, message, tmp_path, monkeypatch):
    # Without models of the developer's.
    monkeypatch.chdir(tmp_path)
    known = {"URL": serving.rest, "VERSION": str(serving.folder / "kinds" / "1")}
    result = kit(*(known.get(word, word) for word in words), stdin="no json")
    assert result.exit_code == 2
    assert message in result.output
    assert "Traceback" not in result.output


def test_recommend_from_a_server(serving):
    words = ["recommend", "--server", serving.rest, "--model", "shop", "--count", "2"]
    known = kit(*words, "--user", "ann", "--user", "has nearly all")
    assert known.exit_code == 0, known.output
    users = [line.split("\t")[0] for line in known.stdout.splitlines()[1:]]
    assert users == ["ann", "ann", "has nearly all"]  # the second list ends early
    new = kit(*words, "--item", "plain", "--item", "it's")
    assert new.exit_code == 0
    assert "\n\t1\t" in new.stdout  # without a user
    local = kit("predict", str(serving.folder / "shop"), "--input", "user_id=ann")
    assert json.loads(local.stdout)["outputs"]["item_id"][0][0] in known.stdout


def test_a_port_in_use(serving, folder):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        result = kit("serve", str(folder), "--rest-port", port)
    assert result.exit_code == 2
    assert f"--rest-port {port}" in result.output


@pytest.mark.slow
def test_a_model_that_appears_later_and_an_interruption(folder, tmp_path):
    running = start(tmp_path)
    try:
        assert "No model in" in running.output
        (tmp_path / "kinds").mkdir()
        drop_in(folder / "kinds" / "1", tmp_path / "kinds" / "1")
        wait_until(lambda: "AVAILABLE" in httpx.get(f"{running.rest}/v1/models/kinds").text)
        assert end(running, signal.SIGINT) == (130, "Interrupted.\n")
    finally:
        running.process.kill()


@pytest.mark.slow
def test_a_version_that_does_not_load_is_told_with_the_reason(folder, tmp_path):
    (tmp_path / "kinds").mkdir()
    drop_in(folder / "kinds" / "1", tmp_path / "kinds" / "1")
    damaged = drop_in(folder / "kinds" / "1", tmp_path / "kinds" / "2")
    (damaged / "saved_model.pb").write_bytes(b"\xff" * 500)
    running = start(tmp_path)
    try:
        # As TensorFlow Serving: only the newest is wanted, and an older one is no stand-in.
        assert "none loads" in running.output
        assert re.search(r"kinds, version 2: .*The file is no SavedModel", running.output)
        answer = httpx.post(f"{running.rest}/v1/models/kinds:predict", json={"instances": [[1, 2]]})
        assert answer.status_code == 404
        # It is tried again when its files change.
        shutil.copy(tmp_path / "kinds" / "1" / "saved_model.pb", damaged)
        wait_until(lambda: "AVAILABLE" in httpx.get(f"{running.rest}/v1/models/kinds").text)
    finally:
        running.process.send_signal(signal.SIGTERM)
        _, errors = running.process.communicate(timeout=120)
    assert running.process.returncode == 0
    assert "ERROR version refused model=kinds version=2" in errors


@pytest.mark.slow
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 0)])
def test_a_signal_while_it_loads(folder, number, code):
    process = launch(folder)
    try:
        # It reads its options before TensorFlow, and models long after.
        libraries = Path(f"/proc/{process.pid}/maps")
        wait_until(lambda: "libtensorflow" in libraries.read_text())
        process.send_signal(number)
        _, errors = process.communicate(timeout=180)
    finally:
        process.kill()
    assert process.returncode == code
    assert errors == ("Interrupted.\n" if code else "")


@pytest.mark.slow
def test_a_stop_under_load_ends_well(folder):
    running = start(folder)
    codes: list[int] = []

    def ask() -> None:
        with httpx.Client() as client, suppress(httpx.TransportError):
            while True:
                body = {"instances": [[1, 2]]}
                answer = client.post(f"{running.rest}/v1/models/kinds:predict", json=body)
                codes.append(answer.status_code)

    asking = [threading.Thread(target=ask) for _ in range(8)]
    for thread in asking:
        thread.start()
    wait_until(lambda: len(codes) > 50)
    running.process.send_signal(signal.SIGTERM)
    _, errors = running.process.communicate(timeout=120)
    for thread in asking:
        thread.join()
    assert (running.process.returncode, errors) == (0, "")
    assert set(codes) == {200}

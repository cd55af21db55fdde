import json

import pytest
from click.testing import CliRunner

import kit.serving
from kit.cli import main
from kit.serving import Taken

SERVER = ["http://127.0.0.1:8501", "--model", "shop"]


@pytest.fixture
def asked(monkeypatch):
    """Who was asked for what; nobody is."""
    found = []

    class Client:
        def __init__(self, *place, **version):
            found.append((place, version))

        def inputs(self, signature):
            return {"item_id": Taken(text=True, rows=True), "k": Taken(text=False, rows=True)}

        def predict(self, body):
            found.append(body)
            return {"outputs": {"name": ["čaj 茶"]}}

    monkeypatch.setattr(kit.serving, "RestClient", Client)
    return found


def predict(*words, stdin=None):
    return CliRunner().invoke(main, ["predict", *words], input=stdin)


def test_inputs_that_are_typed_become_rows(asked):
    pairs = ["item_id=a=b", "k=1", "item_id=", "k=2.5"]
    result = predict(
        *SERVER, "--version", "0", *(word for pair in pairs for word in ("--input", pair))
    )
    assert result.exit_code == 0, result.output
    assert asked == [
        (("http://127.0.0.1:8501", "shop"), {"version": 0}),
        {
            "signature_name": "serving_default",
            "inputs": {"item_id": ["a=b", ""], "k": [1, 2.5]},
        },
    ]
    # Words are shown as they are, not as escapes.
    assert '"čaj 茶"' in result.stdout
    assert json.loads(result.stdout) == {"outputs": {"name": ["čaj 茶"]}}


@pytest.mark.parametrize(
    ("document", "signature"),
    [({"inputs": [1]}, "similar_items"), ({"inputs": [1], "signature_name": "mine"}, "mine")],
)
def test_a_body_may_say_which_signature(asked, document, signature):
    options = ["--signature", "similar_items", "--json", "-"]
    result = predict(*SERVER, *options, stdin=json.dumps(document))
    assert result.exit_code == 0, result.output
    assert asked[-1] == {"inputs": [1], "signature_name": signature}


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"[1, 2]", "Request body must be a JSON object."),
        (b"", "The body is not JSON."),
        (b'{"inputs": "\xff"}', "The body is not JSON."),
        (b"[" * 100_000, "The body is not JSON."),
    ],
    ids=["list", "nothing", "no text", "deep"],
)
def test_a_body_that_is_none_is_told_with_its_file(asked, body, said, tmp_path):
    (tmp_path / "body.json").write_bytes(body)
    result = predict(*SERVER, "--json", str(tmp_path / "body.json"))
    assert result.exit_code == 2
    assert result.stderr.startswith(f"Error: {said}\n  where: --json {tmp_path / 'body.json'}")
    assert len(asked) == 1


def test_inputs_are_typed_or_in_a_file_and_not_both(asked):
    for words in (["--input", "item_id=a", "--json", "-"], []):
        result = predict(*SERVER, *words, stdin="{}")
        assert result.exit_code == 2
        assert "Give one of --input NAME=VALUE, --json FILE." in result.stderr
    assert asked == []


def test_a_version_of_a_folder_is_the_folder_in_it(tmp_path):
    result = predict(str(tmp_path), "--version", "7", "--input", "item_id=a")
    assert result.exit_code == 2
    assert f"where: {tmp_path / '7'}" in result.stderr

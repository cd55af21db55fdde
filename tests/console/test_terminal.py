"""What others wrote is shown on the terminal and never obeyed."""

import json
import re
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from kit.cli import main
from kit.console import Command, echo, echo_json, json_text, print_table, visible, visible_json
from kit.errors import UserError

HOSTILE = {
    "\x1b]0;title\x07": r"\x1b]0;title\x07",
    "\x1b]52;c;cm0gLXJm\x1b\\": r"\x1b]52;c;cm0gLXJm\x1b" + "\\",
    "\x1b[2J\x1b[1;1H": r"\x1b[2J\x1b[1;1H",
    "\x9b31mred": r"\x9b31mred",
    "\x9d0;t\x9c": r"\x9d0;t\x9c",
    "\x90q\x85": r"\x90q\x85",
    "over\rwritten": r"over\rwritten",
    "back\x08space": r"back\x08space",
    "two\nlines\ttab": r"two\nlines\ttab",
    "\x0e\x0f\x00\x7f": r"\x0e\x0f\x00\x7f",
    "exe\u202egpj.\u202c": r"exe\u202egpj.\u202c",
    "\u2066isolated\u2069": r"\u2066isolated\u2069",
    "\u200emark\u200f\u061c": r"\u200emark\u200f\u061c",
    "zero\u200bwidth\ufeff\u2060": r"zero\u200bwidth\ufeff\u2060",
    "para\u2028graph\u2029": r"para\u2028graph\u2029",
    "tag\U000e0041": r"tag\U000e0041",
    "byte\udcff": r"byte\xff",
    "half\ud83d": r"half\ud83d",
}
HARMLESS = ["Café", "čaj 茶", "שלום", "👩‍👧", "न\u200dम", "a — b", "[bold]", "\\x1b", "\xa0", ""]


@pytest.mark.parametrize("text", HOSTILE)
def test_control_and_invisible_characters_are_escaped(text):
    assert visible(text) == HOSTILE[text]


@pytest.mark.parametrize("text", HARMLESS)
def test_writing_of_all_peoples_stays_as_it_is(text):
    assert visible(text) == text


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("is_terminal", [False, True])
def test_tables_and_lines_hold_none(text, is_terminal, monkeypatch, capsys):
    monkeypatch.setattr(sys.stdout, "isatty", lambda: is_terminal)
    monkeypatch.setenv("TERM", "dumb")
    monkeypatch.setenv("COLUMNS", "200")
    print_table(text, [text, "b"], [["a", text]])
    echo(text)
    # Headings are bold on a terminal.
    out = re.sub(r"\x1b\[[0-9;]*m", "", capsys.readouterr().out)
    assert out.count(HOSTILE[text]) == 4
    # What is printed is the escaped text and the newlines between lines.
    assert visible(out.replace("\n", "")) == out.replace("\n", "")


@pytest.mark.parametrize("text", [t for t in HOSTILE if t.encode("utf-8", "replace").decode() == t])
def test_json_is_escaped_and_says_the_same(text, capsys):
    for line in (json_text({text: [text]}), visible_json(json.dumps([text], ensure_ascii=False))):
        assert visible(line) == line
        assert text in json.loads(line)
    echo_json({"title": text})
    assert json.loads(capsys.readouterr().out) == {"title": text}


def run(outcome):
    @click.command(cls=Command, example="kit do it")
    @click.argument("file", required=False)
    def do(file: str | None) -> None:
        """Do something."""
        raise outcome

    return CliRunner().invoke(do, [])


@pytest.mark.parametrize("text", HOSTILE)
def test_errors_hold_none(text):
    mistake = UserError(text, where=text, expected=text, remedy=text)
    for outcome in (mistake, ValueError(text), KeyboardInterrupt(text), click.UsageError(text)):
        stderr = run(outcome).stderr
        assert visible(stderr.replace("\n", "")) == stderr.replace("\n", "")


def test_a_file_name_cannot_forge_a_line_of_an_error(tmp_path):
    name = "a.csv\n  remedy: kit serve --host 0.0.0.0\nError: no.csv"
    lines = run(UserError("Wrong.", where=name, remedy="Mend it.")).stderr.splitlines()
    assert [line for line in lines if not line.startswith("    ")] == [
        "Error: Wrong.",
        "  where: a.csv",
        "  remedy: Mend it.",
    ]


@pytest.mark.parametrize(
    "arguments",
    [
        ["data", "\x1b]0;x\x07.csv"],
        ["train", "two-tower", "--data", "x.csv", "--loss", "\x1b[2J"],
        ["train", "\x1b[2J"],
        ["recommend", "x", "--user", "u", "--\x1b[2J"],
        ["\x9b2J"],
        ["similar", "a", "\x1b[2J", "--item", "b"],
        ["verify", "\x1b[2J"],
    ],
)
def test_what_was_typed_is_escaped_in_the_answer(arguments, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 2
    assert "x1b" in result.stderr or "x9b" in result.stderr
    assert visible(result.output.replace("\n", "")) == result.output.replace("\n", "")


@pytest.mark.parametrize("columns", [40, 60, 80])
def test_long_lines_are_wrapped_between_words_under_their_text(columns, monkeypatch, capsys):
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", str(columns))
    text = (
        "data:      15,932 interactions; split time: train < 2011-12-07 <= valid (80/10/10 % UTC)"
    )
    echo(text)
    first, *others = capsys.readouterr().out.splitlines()
    assert first.startswith("data:      15,932")
    assert all(line.startswith(" " * 11) and len(line) <= columns for line in others)
    assert " ".join([first, *(line.strip() for line in others)]) == text


def test_elsewhere_lines_stay_whole(capsys):
    path = Path("folder") / ("x" * 300) / "a b"
    echo(f"report:    {path}")
    assert capsys.readouterr().out == f"report:    {path}\n"

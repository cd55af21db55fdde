from pathlib import Path

import pytest

from kit.data._json_lines import JsonLinesTable
from kit.errors import UserError
from tests.data.files import write


def table(tmp_path: Path, *lines: str) -> JsonLinesTable:
    return JsonLinesTable(Path(write(tmp_path / "a.jsonl", "".join(f"{line}\n" for line in lines))))


def test_values_come_as_text(tmp_path: Path) -> None:
    opened = table(tmp_path, '{"u": 1, "t": 1.5}', "", '{"u": 2.0, "w": "x"}')
    assert opened.columns == ("u", "t", "w")
    assert opened.read(["u", "w"]).rows() == [("1", None), ("2", "x")]


@pytest.mark.parametrize(
    ("lines", "kind"),
    [
        (['{"u": 1}', '{"u": null}', '{"u": -2}', '{"u": 3.0}'], "integer"),
        (['{"u": "1"}', '{"u": "a"}'], "string"),
        (['{"u": "1", "more": {"u": 2}}'], "string"),
        (['{"u": "\\"u\\": 1"}'], "string"),
        (['{"u": null}'], None),
    ],
)
def test_the_type_of_ids(tmp_path: Path, lines: list[str], kind: str | None) -> None:
    assert table(tmp_path, *lines).check_id_type("u") == kind


def test_a_number_and_a_string_are_mixed_ids(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r'mixed(.|\n)*"1"(.|\n)*a\.jsonl, line 2, column u'):
        table(tmp_path, '{"u": 1}', '{"u": "1"}').check_id_type("u")


@pytest.mark.parametrize("value", ["[1]", '{"x": 1}', "true", "1.5"])
def test_what_cannot_be_an_id(tmp_path: Path, value: str) -> None:
    with pytest.raises(UserError, match=r"a\.jsonl, line 1"):
        table(tmp_path, f'{{"u": {value}}}', '{"u": true}').check_id_type("u")


@pytest.mark.parametrize("line", ["{broken", "[1, 2]"])
def test_a_line_that_is_no_object(tmp_path: Path, line: str) -> None:
    with pytest.raises(UserError, match=r"a\.jsonl, line 2"):
        table(tmp_path, '{"u": 1}', line)


def test_a_broken_line_far_down(tmp_path: Path) -> None:
    opened = table(tmp_path, *['{"u": 1}'] * 2000, '{"u": ')
    with pytest.raises(UserError, match="line 2001"):
        opened.read(["u"])


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["[" * 100_000], "line 1"),
        (['{"u": 1}'] * 1500 + ['{"u": ' + "[" * 100_000 + "]" * 100_000 + "}"], "line 1501"),
        (['{"u": 1}', '{"u": NaN}'], r"NaN is no JSON(.|\n)*line 2"),
        (['[{"u": 1},', '{"u": 2}]'], r"jq -c '\.\[\]'"),
        (['[{"u": 1}, {"u": 2}]'], r"jq -c '\.\[\]'"),
        (["{", '"u": 1', "}"], r"jq -c \. "),
    ],
    ids=["deep", "deep later", "NaN", "list of lines", "list", "indented"],
)
def test_what_is_not_one_object_a_line(tmp_path: Path, lines: list[str], message: str) -> None:
    with pytest.raises(UserError, match=message):
        table(tmp_path, *lines).read(["u"])


def test_a_line_has_a_longest_length(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kit.data._json_lines._LONGEST_LINE", 1 << 20)
    long = f'{{"u": "{"x" * 2_000_000}"}}'
    with pytest.raises(UserError, match=r"longer than 1 MiB(.|\n)*line 3"):
        table(tmp_path, '{"u": 1}', '{"u": 2}', long)

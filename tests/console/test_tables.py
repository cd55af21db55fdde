import re
import sys

import pytest

from kit.console import print_comparison, print_rows, print_table, verified
from kit.exports import SignatureCheck

ANSI = re.compile(r"\x1b\[[0-9;]*m")


class Result:
    """An evaluation with one value for all metrics."""

    def __init__(self, value: float) -> None:
        self.value = value

    def summary(self) -> dict[str, float]:
        return dict.fromkeys(["NDCG@10", "Recall@10", "Hit@10", "Coverage@10"], self.value)

    def intervals(self) -> dict[str, tuple[float, float]]:
        return {"NDCG@10": (self.value - 0.1, self.value + 0.1)}


@pytest.fixture
def screen(monkeypatch, capsys):
    """What is printed on a terminal of some columns, without styles."""

    def printed(print_it, columns: int = 120) -> str:
        monkeypatch.setenv("COLUMNS", str(columns))
        monkeypatch.setenv("TERM", "xterm")
        monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
        print_it()
        return ANSI.sub("", capsys.readouterr().out)

    return printed


def cells(text: str) -> list[list[str]]:
    return [[c.strip() for c in line.split("│")[1:-1]] for line in text.splitlines() if "│" in line]


ODD = ["CD [deluxe]", "[/b] [red]", ":smile: [link=x]y[/link]", "čaj 茶", "", "[/]", "\\[bold]x"]


def test_words_of_the_user_are_printed_as_they_are(screen):
    text = screen(lambda: print_table("like [bold] CD", ["item"], [[word] for word in ODD]))
    assert cells(text) == [[word] for word in ODD]
    assert text.startswith("like [bold] CD")


def test_numbers_stand_right_words_left(screen, capsys):
    rows = [["a", "1,000", "5.0 %"], ["bcd", "7", "-0.1"]]
    text = screen(lambda: print_table("", ["word", "number", "share"], rows))
    lines = [line for line in text.splitlines() if "│" in line]
    assert "│ a    │  1,000 │ 5.0 % │" in lines[0]
    assert "│ bcd  │      7 │  -0.1 │" in lines[1]


def test_outside_of_a_terminal_a_table_is_aligned_lines(capsys):
    rows = [["a b", "1,000", "x" * 200], ["茶", "7", ""]]
    print_table("A title", ["word", "number", "text"], rows)
    assert capsys.readouterr().out.splitlines() == [
        "A title",
        "word  number  text",
        "a b    1,000  " + "x" * 200,
        "茶         7",
    ]


def test_rows_for_other_programs_are_tab_separated(capsys):
    print_rows(["item", "score"], [["a\tb\n", "1.5"], ["\x1b[2J", "2"]])
    out = capsys.readouterr().out
    assert out.splitlines() == ["item\tscore", "a\\tb\\n\t1.5", "\\x1b[2J\t2"]


LONG = "mean over users of a full ranking of 3,608 items; train and valid items left out"


@pytest.mark.parametrize("columns", [40, 60, 80])
def test_no_word_is_broken_on_a_narrow_terminal(screen, columns):
    title = "example 1, who had RETROSPOT TEA SET CERAMIC 11 PC; VINTAGE HEADS AND TAILS CARD GAME"
    reasons = "STRAWBERRY CERAMIC TRINKET BOX; PINK DOUGHNUT TRINKET POT"
    rows = [["SWEETHEART CERAMIC TRINKET BOX", "21231", "12.345", reasons]] * 2
    text = screen(lambda: print_table(title, ["item", "id", "score", "because of"], rows), columns)
    assert max(map(len, text.splitlines())) <= columns
    words = set(text.replace("│", " ").split())
    assert words >= {"SWEETHEART", "21231", "STRAWBERRY", "DOUGHNUT", "CERAMIC", "VINTAGE"}


@pytest.mark.parametrize("columns", [50, 60, 70])
def test_columns_that_do_not_fit_go_into_a_second_table(screen, columns):
    results = {"recently popular (7 days)": Result(0.25), "EASE (l2 500)": Result(0.125)}
    text = screen(lambda: print_comparison(LONG, results, {}), columns)
    assert max(map(len, text.splitlines())) <= columns
    words = text.replace("┃", " ").split()
    assert {"NDCG@10", "Recall@10", "Hit@10", "Coverage@10"} <= set(words)
    assert words.count("(l2") == 2, "each of the tables names its rows"


def test_a_table_without_rows_or_headings(screen, capsys):
    print_table("nothing", ["item"], [])
    assert "item" in capsys.readouterr().out
    assert "item" in screen(lambda: print_table("nothing", ["item"], []))
    assert cells(screen(lambda: print_table("", ["", ""], [["a", "b"]]))) == [["a", "b"]]


def test_a_comparison_has_protocol_interval_and_what_was_left_out(screen):
    results = {"model": Result(0.25), "popular": Result(0.125)}
    text = screen(lambda: print_comparison("test, 7 users", results, {"EASE": "too many items"}))
    assert text.startswith("test, 7 users")
    assert cells(text)[0] == ["model", "0.2500", "0.1500-0.3500", "0.2500", "0.2500", "0.2500"]
    assert cells(text)[1][0] == "popular"
    assert text.endswith("EASE left out: too many items\n")


def test_where_nobody_is_measured_there_is_no_number(screen):
    text = screen(lambda: print_comparison("0 users", {"model": Result(float("nan"))}, {}))
    assert cells(text)[0] == ["model", *["-"] * 5]
    assert "nan" not in text


def check(signature, loader, reason=""):
    return SignatureCheck(signature, True, 0.0, 1, reason, loader)


def test_signatures_and_loaders_are_counted():
    ways = ["TensorFlow", "TF1 session", "C library"]
    one = [check("serving_default", way) for way in ways]
    assert verified(one).startswith("verify:    1 signature answers as the live model does, ")
    assert verified(one).endswith("by three loaders")
    two = [*one, *(check("embed", way) for way in ways)]
    assert "2 signatures answer" in verified(two)


def test_a_loader_that_cannot_is_named_with_the_reason():
    why = "not possible, it needs X of package"
    checks = [check("embed", "TensorFlow"), check("embed", "C library", why)]
    assert verified(checks).endswith(f"by one loader; C library: {why}")

"""What `kit explain`, `kit recommend --why` and `explain` from Python say of a recommendation."""

import csv
import io
import json
import sys

import pytest
from click.testing import CliRunner

import kit
from kit.cli import main
from kit.errors import UserError

USER = "shopper-003"


def run(*arguments):
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def document(*arguments):
    answer = run("explain", *arguments, "--json")
    assert answer.exit_code == 0, answer.output
    return json.loads(answer.stdout)


@pytest.fixture(scope="module")
def best(trained):
    """The first recommended item of a user."""
    return kit.load(trained.model).recommend(USER, k=1)["item_id"][0]


def test_the_parts_of_a_score(trained, best):
    found = document(trained.model, "--user", USER, "--item", best)
    assert (found["user_id"], found["item_id"], found["rank"]) == (USER, best, 1)
    assert found["title"]
    assert found["base"] + sum(found["parts"].values()) == pytest.approx(found["score"], abs=1e-5)
    assert found["margin"] == pytest.approx(found["score"] - found["base"])
    assert sum(found["shares"].values()) == pytest.approx(1, abs=1e-5)
    total = sum(item["contribution"] for item in found["history"])
    assert total == pytest.approx(found["parts"]["history"], abs=1e-5)
    added = [item["contribution"] for item in found["history"]]
    assert added == sorted(added, reverse=True)


def test_the_same_history_is_explained_alike(trained, best):
    of_user = document(trained.model, "--user", USER, "--item", best)
    history = ",".join(item["item_id"] for item in of_user["history"])
    found = document(trained.model, "--history", history, "--item", of_user["title"])
    assert found["user_id"] is None
    assert found["score"] == pytest.approx(of_user["score"], abs=1e-5)
    assert found["history"][0]["item_id"] == of_user["history"][0]["item_id"]


def test_the_rank_without_an_item_is_that_of_the_history_without_it(trained, best):
    found = document(trained.model, "--user", USER, "--item", best)
    history = [item["item_id"] for item in found["history"]]
    assert ["rank_without" in item for item in found["history"]] == [True] * 5 + [False] * (
        len(history) - 5
    )
    for item in found["history"][:5]:
        kept = [one for one in history if one != item["item_id"]]
        listed = kit.load(trained.model).recommend(history=kept, k=20)["item_id"].to_list()
        places = [one for one in listed if one != item["item_id"]]
        expected = places.index(best) + 1 if best in places else None
        assert item["rank_without"] == expected
    alone = document(trained.model, "--history", history[0], "--item", best)
    assert "rank_without" in alone["history"][0]


def test_a_pipe_gets_a_line_for_each_part(trained, best):
    answer = run("explain", trained.model, "--user", USER, "--item", best)
    rows = list(csv.DictReader(io.StringIO(answer.stdout), delimiter="\t"))
    assert [*rows[0]] == ["part", "item_id", "name", "adds", "share", "rank_without"]
    parts = [row["part"] for row in rows]
    assert parts[:3] == ["base", "prior", "history"]
    assert parts[3:8] == ["item"] * 5
    assert parts[-1] == "score"
    added = sum(
        float(row["adds"]) for row in rows if row["part"] not in ("item", "other items", "score")
    )
    assert added == pytest.approx(float(rows[-1]["adds"]), abs=1e-4)


def test_a_terminal_of_80_columns(trained, best, monkeypatch, capsys):
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TERM", "dumb")
    line = ["explain", str(trained.model), "--user", USER, "--item", best]
    main(line, standalone_mode=False)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].endswith(f"for user {USER}: rank 1")
    assert max(map(len, lines)) <= 80
    text = "\n".join(lines)
    for part in ("the average item", "popularity and trend", "the history", "other items", "%"):
        assert part in text
    assert lines[-1].startswith(("Because of ", "Like "))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--user", "nobody", "--item", "i3"], "knows no history of the user 'nobody'"),
        (["--user", USER, "--item", "nothing"], "does not know the item 'nothing'"),
        (["--history", "nothing", "--item", "i3"], "does not know the item 'nothing'"),
        (["--history", " , ", "--item", "i3"], "The history is empty"),
        (["--item", "i3"], "Give one of --user ID, --history"),
        (["--user", USER, "--history", "i1", "--item", "i3"], "Give one of --user ID, --history"),
    ],
)
def test_mistakes(trained, arguments, said):
    answer = run("explain", trained.model, *arguments)
    assert answer.exit_code == 2
    assert said in answer.stderr


def test_from_python(trained, best):
    loaded = kit.load(trained.model)
    found = loaded.explain(USER, item=best)
    assert found.rank == 1
    assert found.because_of == found.reasons[:2]
    again = loaded.explain(history=[one.item_id for one in found.reasons], item=best)
    assert again.score == pytest.approx(found.score, abs=1e-5)
    assert loaded.recommend(USER, k=1)["because_of"][0].to_list() == [
        one.name for one in found.because_of
    ]
    assert loaded.recommend(USER, k=1)["because_share"][0] == pytest.approx(found.because_share)
    with pytest.raises(UserError, match="Give one of user and history"):
        loaded.explain(item=best)
    with pytest.raises(UserError, match="The history is empty"):
        loaded.explain(history=[], item=best)


def test_recommendations_with_their_reasons(trained):
    answer = run("recommend", trained.model, "--user", USER, "--count", 5, "--why")
    rows = list(csv.DictReader(io.StringIO(answer.stdout), delimiter="\t"))
    assert len(rows) == 5
    for row in rows:
        assert row["why"].startswith(("because of ", "like "))
        assert row["why"].startswith("because of ") or row["why"].endswith(", which you had")

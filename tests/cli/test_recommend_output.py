"""What `kit recommend` and `kit similar` print for people, pipes and programs."""

import csv
import fcntl
import io
import json
import subprocess
import sys
import time
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner

from kit.cli import main
from kit.cli._answers import Answer, Item, print_answers, print_similar
from kit.errors import UserError
from kit.exports import BatchLists, LoadedExport, Narrowed, load_export

ROOT = Path(__file__).parents[2]
RECOMMENDATION = {"user_id", "known", "history", "items"}
ITEM = {"rank", "item_id", "score", "title"}


def kit(*arguments):
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def table(result):
    assert result.exit_code == 0, result.output
    return list(csv.DictReader(io.StringIO(result.stdout), delimiter="\t"))


# Without a model


HOSTILE = [Item("i\x1b[2J", 1.5, "Cup\x1b]0;x\x07\u202e\tmug", ["[/]", "\x9b1m"], 0.5)]


@pytest.fixture
def on_a_terminal(monkeypatch):
    def enter(columns=80):
        monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
        monkeypatch.setenv("TERM", "dumb")
        monkeypatch.setenv("COLUMNS", str(columns))

    return enter


@pytest.mark.parametrize("is_terminal", [False, True])
def test_ids_and_titles_are_shown_and_not_obeyed(capsys, on_a_terminal, is_terminal):
    if is_terminal:
        on_a_terminal()
    print_answers([Answer("u\x1b[1m", "u\x1b[1m", True, ["h\x07"], HOSTILE)], as_json=False)
    print_similar("a\x1b", "Title\x1b[0m", HOSTILE, as_json=False)
    out = capsys.readouterr().out
    assert r"\x1b[2J" in out
    assert r"\u202e\tmug" in out
    assert "[/]" in out
    assert not set(out) & set("\x1b\x07\x9b\u202e")


def test_a_column_in_which_nothing_stands_is_left_out(capsys, on_a_terminal):
    items = [Item("i1", 0.5), Item("i2", 0.25)]
    print_answers([Answer("u", "u", True, [], items)], as_json=False)
    assert capsys.readouterr().out.splitlines()[0] == "user_id\trank\titem_id\tscore"
    print_similar("i3", None, [Item("i1", 0.5, "Red cup")], as_json=False)
    assert capsys.readouterr().out.splitlines()[0] == "rank\titem_id\tscore\ttitle"
    on_a_terminal()
    print_similar("i3", None, [Item("i1", 0.5, "Red cup")], as_json=False)
    print_answers([Answer("u", "u", True, [], items)], as_json=False)
    assert "because" not in capsys.readouterr().out


def test_because_is_said_only_of_what_carries_a_fifth(capsys):
    items = [Item("i1", 2.0, "Cup", ["A", "B"], 0.5), Item("i2", 1.0, "Mug", ["A", "B"], 0.19)]
    print_answers([Answer("u", "u", True, [], items)], as_json=False, why=True)
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out), delimiter="\t"))
    assert [row["why"] for row in rows] == ["because of A and B", "like A and B, which you had"]
    print_answers([Answer("u", "u", True, [], items)], as_json=False)
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out), delimiter="\t"))
    assert [row["because_of"] for row in rows] == ["A; B", ""]


def test_an_unknown_user_is_told_from_a_known_one(capsys, on_a_terminal):
    answers = [Answer("u", "u", False, [], [Item("i1", 0.5)])]
    print_answers(answers, as_json=True)
    assert json.loads(capsys.readouterr().out)["recommendations"][0]["known"] is False
    print_answers(answers, as_json=False)
    assert "unknown to the model" in capsys.readouterr().err
    on_a_terminal()
    print_answers(answers, as_json=False)
    assert "u: unknown user, popular items" in capsys.readouterr().out


@pytest.mark.parametrize("command", ["recommend", "similar --item x"])
def test_without_a_folder_the_exports_that_are_here_are_named(tmp_path, monkeypatch, command):
    monkeypatch.chdir(tmp_path)
    name, *options = command.split()
    result = kit(name, *options)
    assert result.exit_code == 2
    assert "kit train two-tower --data online-retail" in result.stderr
    version = tmp_path / "saved_models" / "shop" / "1"
    version.mkdir(parents=True)
    (version / "saved_model.pb").touch()
    assert f"Say which export: kit {name} saved_models/shop" in kit(name, *options).stderr


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ("--all-users", "--output FILE goes together with"),
        ("--user a --output x.csv", "--output FILE goes together with"),
        ("--all-users --user a --output x.csv", "Give one of --user ID"),
        ("--all-users --output x.xlsx", "expected: a file that ends in .parquet, .csv"),
        ("--all-users --output x", "Lists cannot be written as 'x'"),
        ("--all-users --output folder.csv", "There is a folder of that name"),
        ("--all-users --output file/x.csv", "The folder of --output cannot be written"),
        ("--users nothing.txt --output x.csv", "There is no such file"),
        ("--users nothing.csv --output x.csv", "nothing.csv"),
    ],
)
def test_mistakes_are_said_before_a_model_is_loaded(tmp_path, monkeypatch, options, said):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder.csv").mkdir()
    (tmp_path / "file").touch()
    result = kit("recommend", "none", *options.split())
    assert result.exit_code == 2
    assert said in result.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "folder.csv"]


# With a model


def test_json_has_the_documented_keys(trained):
    result = kit(
        "recommend", trained.model, "--user", "shopper-003", "--user", "who", "--count", 3, "--json"
    )
    first, second = json.loads(result.stdout)["recommendations"]
    assert set(first) == RECOMMENDATION
    assert (first["user_id"], first["known"], second["known"]) == ("shopper-003", True, False)
    assert all(set(item) == {*ITEM, "because_of", "because_share"} for item in first["items"])
    assert [item["rank"] for item in second["items"]] == [1, 2, 3]
    assert first["items"][0]["title"].startswith(("Red cup", "Blue plate"))
    similar = json.loads(kit("similar", trained.model, "--item", "i4", "--json").stdout)
    assert (similar["item_id"], similar["title"]) == ("i4", "Blue plate 4")
    assert all(set(item) == ITEM for item in similar["items"])
    new = json.loads(kit("recommend", trained.model, "--item", "i4", "--json").stdout)
    assert new["recommendations"][0]["user_id"] is None
    assert new["recommendations"][0]["history"] == ["Blue plate 4"]


def test_an_item_is_found_by_its_title(trained):
    by_id = kit("similar", trained.model, "--item", "i47").stdout
    for title in ("Red cup 47", "red CUP  47", "cup 47"):
        assert kit("similar", trained.model, "--item", title).stdout == by_id
    by_id = table(kit("recommend", trained.model, "--item", "i47", "--exclude", "i9"))
    by_title = table(
        kit("recommend", trained.model, "--item", "Red cup 47", "--exclude", "red cup 9")
    )
    assert by_id == by_title
    assert {"i9", "i47"}.isdisjoint(row["item_id"] for row in by_id)


@pytest.mark.parametrize(
    ("item", "said"),
    [
        ("Red cup", "30 items have 'Red cup' in their titles"),
        ("cup 4", "5 items have 'cup 4' in their titles"),
        ("Rde cup 47", "Did you mean i47 (Red cup 47)"),
        ("", "does not know the item ''"),
        ("nothing like it", "does not know the item 'nothing like it'"),
    ],
)
@pytest.mark.parametrize("command", ["similar", "recommend"])
def test_what_no_single_item_is_called_is_an_error(trained, item, said, command):
    result = kit(command, trained.model, "--item", item)
    assert result.exit_code == 2
    assert said in result.stderr


FORMATS = {
    ".parquet": pl.read_parquet,
    ".csv": pl.read_csv,
    ".tsv": lambda file: pl.read_csv(file, separator="\t"),
    ".jsonl": pl.read_ndjson,
}


@pytest.mark.parametrize("suffix", FORMATS)
def test_the_lists_of_all_users_are_those_of_each_user(trained, tmp_path, monkeypatch, suffix):
    monkeypatch.setattr("kit.exports._batch.USERS_AT_ONCE", 16)
    monkeypatch.setattr("kit.cli._recommend_all.ROWS_OF_A_PART", 4 * 32)
    output = tmp_path / "new" / f"recs{suffix}"
    result = kit(
        "recommend", trained.model, "--all-users", "--count", 4, "--output", output, "--json"
    )
    assert result.exit_code == 0, result.output
    numbers = json.loads(result.stdout)
    found = FORMATS[suffix](output)
    assert found.columns == ["user_id", "rank", "item_id", "score", "title"]
    assert numbers == {
        "users": found["user_id"].n_unique(),
        "unknown_users": 0,
        "rows": len(found),
        "output": str(output),
    }
    assert numbers["users"] > 100
    assert (
        found.group_by("user_id").agg(pl.col("rank").sort())["rank"].to_list()
        == [[1, 2, 3, 4]] * numbers["users"]
    )
    one = found.filter(pl.col("user_id") == "shopper-003")
    rows = table(kit("recommend", trained.model, "--user", "shopper-003", "--count", 4))
    assert one["item_id"].to_list() == [row["item_id"] for row in rows]
    assert one["title"].to_list() == [row["title"] for row in rows]
    assert one["score"].to_list() == pytest.approx([float(row["score"]) for row in rows], 1e-4)
    assert [path.name for path in output.parent.iterdir()] == [output.name]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("users.txt", "shopper-003\n\n who \nshopper-007\nshopper-003\n"),
        ("users.csv", "customer,age\nshopper-003,3\nwho,4\nshopper-007,5\nshopper-003,1\n"),
        (
            "users.jsonl",
            '{"user_id": "shopper-003"}\n{"user_id": "who"}\n{"user_id":"shopper-007"}',
        ),
    ],
)
def test_users_of_a_file_are_told_from_unknown_ones(trained, tmp_path, name, content):
    (tmp_path / name).write_text(content)
    result = kit(
        "recommend",
        trained.model,
        "--users",
        tmp_path / name,
        "--output",
        "-",
        "--where",
        "category=k1",
        "--count",
        2,
    )
    assert result.exit_code == 0, result.output
    found = pl.read_csv(io.StringIO(result.stdout))
    assert found["user_id"].to_list() == ["shopper-003"] * 2 + ["who"] * 2 + ["shopper-007"] * 2
    assert found["known_user"].to_list() == [True, True, False, False, True, True]
    assert all(int(item[1:]) % 2 for item in found["item_id"])
    assert "users:     3, 1 of them unknown to the model" in result.stderr


@pytest.mark.parametrize("failure", [KeyboardInterrupt(), OSError(28, "No space left on device")])
def test_a_list_that_was_not_completed_leaves_what_was_there_and_resumes(
    trained, tmp_path, monkeypatch, failure
):
    output = tmp_path / "recs.csv"
    output.write_text("those of yesterday")
    written, write = [], pl.DataFrame.write_csv

    def fail(*arguments, **settings):
        written.append(1)
        if len(written) > 2:
            raise failure
        write(*arguments, **settings)

    words = ["recommend", trained.model, "--all-users", "--count", "5", "--output", output]
    with monkeypatch.context() as patch:
        patch.setattr("kit.exports._batch.USERS_AT_ONCE", 16)
        patch.setattr("kit.cli._recommend_all.ROWS_OF_A_PART", 5 * 16)
        patch.setattr(pl.DataFrame, "write_csv", fail)
        result = kit(*words)
        assert result.exit_code == (130 if isinstance(failure, KeyboardInterrupt) else 2)
        assert output.read_text() == "those of yesterday"
        patch.setattr(pl.DataFrame, "write_csv", write)
        result = kit(*words)
    assert result.exit_code == 0, result.output
    assert "resumed:   32 users were done" in result.stderr
    assert list(tmp_path.iterdir()) == [output]
    resumed = pl.read_csv(output)
    assert kit(*words).exit_code == 0
    assert resumed.equals(pl.read_csv(output))


def test_another_job_starts_over(trained, tmp_path, monkeypatch):
    output = tmp_path / "recs.jsonl"
    words = ["recommend", trained.model, "--all-users", "--output", output, "--top"]
    with monkeypatch.context() as patch:
        patch.setattr("kit.exports._batch.USERS_AT_ONCE", 16)
        patch.setattr("kit.cli._recommend_all.ROWS_OF_A_PART", 64)
        patch.setattr("kit.cli._parts.Parts._finish", interrupt)
        assert kit(*words, 3).exit_code == 130
        assert len(list((tmp_path / ".recs.jsonl.parts").glob("0*"))) > 1
        assert "resumed" in kit(*words, 3).stderr
        result = kit(*words, 2)
        assert "resumed" not in result.stderr
    assert kit(*words, 2).exit_code == 0
    assert pl.read_ndjson(output)["rank"].max() == 2


def interrupt(parts):
    raise KeyboardInterrupt


def test_two_runs_do_not_write_one_file(trained, tmp_path):
    folder = tmp_path / ".recs.csv.parts"
    folder.mkdir()
    with (folder / "job.json").open("w") as job:
        fcntl.flock(job, fcntl.LOCK_EX)
        output = tmp_path / "recs.csv"
        result = kit("recommend", trained.model, "--all-users", "--output", output)
    assert result.exit_code == 2
    assert "Another run writes this file" in result.stderr


def test_a_row_for_each_user_has_lists(trained, tmp_path):
    for name, read in (("recs.parquet", pl.read_parquet), ("recs.jsonl", pl.read_ndjson)):
        output = tmp_path / name
        result = kit(
            "recommend",
            trained.model,
            "--all-users",
            "--list-column",
            "--top",
            30,
            "--output",
            output,
        )
        assert result.exit_code == 0, result.output
        found = read(output)
        assert found.columns == ["user_id", "item_id", "score", "title"]
        assert found["user_id"].n_unique() == len(found) > 100
        # Longer than the export's own lists.
        assert set(found["item_id"].list.len()) == {30}
        assert found["score"].list.diff().list.max().max() <= 0
    result = kit("recommend", trained.model, "--all-users", "--list-column", "--output", "recs.csv")
    assert "A .csv file has no columns of lists" in result.stderr
    assert "goes together" in kit("recommend", "x", "--user", "a", "--list-column").stderr


def test_reasons_stand_beside_the_items(trained, tmp_path):
    users = tmp_path / "users.txt"
    users.write_text("shopper-003\nwho\n")
    output = tmp_path / "recs.parquet"
    result = kit("recommend", trained.model, "--users", users, "--why", "--output", output)
    assert result.exit_code == 0, result.output
    found = pl.read_parquet(output)
    mine = found.filter(pl.col("user_id") == "shopper-003")
    expected, _ = LoadedExport(trained.version).recommend("shopper-003", 10)
    assert mine["because_of"].to_list() == ["; ".join(one.because_of) for one in expected]
    shares = [one.because_share for one in expected]
    assert mine["because_share"].to_list() == pytest.approx(shares, abs=1e-4)
    assert found.filter(pl.col("user_id") == "who")["because_of"].is_null().all()


@pytest.mark.parametrize("rules", [[], ["--where", "category=k1"], ["--exclude", "i3"]])
def test_batches_are_what_the_signature_answers(trained, tmp_path, rules):
    export = LoadedExport(trained.version)
    where = tuple(rules[1:]) if rules[:1] == ["--where"] else ()
    exclude = tuple(rules[1:]) if rules[:1] == ["--exclude"] else ()
    narrowed = Narrowed(exclude, where)
    lists = BatchLists(export, [*export.user_ids()[:40], "who"], 20, narrowed)
    found = pl.concat(lists.frames())
    items, scores = export.lists(lists.users, 20, narrowed)
    expected = [item.decode() for item in items.ravel() if item]
    assert found["item_id"].to_list() == expected
    assert found["score"].to_list() == pytest.approx(scores[items != b""].tolist(), abs=1e-4)
    assert found["known_user"].sum() == (items[:-1] != b"").sum()
    assert lists.unknown == 1


def test_all_users_from_python(trained):
    model = load_export(trained.model)
    found = pl.concat(model.recommend(all_users=True, k=3, where=["category=k1"]))
    assert found.columns == ["user_id", "rank", "item_id", "name", "score"]
    assert found["user_id"].n_unique() == len(found) / 3 == 150
    assert found["name"].str.starts_with("Red cup").all()
    with pytest.raises(UserError, match="one of user, history and all_users"):
        model.recommend("shopper-003", all_users=True)
    with pytest.raises(UserError, match="No item has 'category=z'"):
        model.recommend(all_users=True, where=["category=z"])


@pytest.mark.slow
def test_a_killed_command_loses_and_doubles_no_row(trained, tmp_path):
    output = tmp_path / "recs.parquet"
    code = (
        "import sys, time\n"
        "from kit.cli import main, _parts, _recommend_all\n"
        "from kit.exports import _batch\n"
        "_batch.USERS_AT_ONCE, _recommend_all.ROWS_OF_A_PART = 8, 40\n"
        "write = _parts.Parts.write\n"
        "def slowly(*arguments):\n"
        "    write(*arguments)\n"
        "    time.sleep(0.2)\n"
        "_parts.Parts.write = slowly\n"
        "main()"
    )
    words = ["recommend", trained.model, "--all-users", "--top", "5", "--output", output]
    command = [sys.executable, "-c", code, *map(str, words)]
    parts = tmp_path / ".recs.parquet.parts"
    for done in (2, 5):
        with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL) as process:
            while len(list(parts.glob("0*"))) < done:
                assert process.poll() is None
                time.sleep(0.02)
            process.kill()
        assert not output.exists()
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert "resumed:" in result.stderr
    found = pl.read_parquet(output)
    assert found.select("user_id", "item_id").is_unique().all()
    assert found.group_by("user_id").len()["len"].to_list() == [5] * 150
    assert list(tmp_path.iterdir()) == [output]

"""The `kit` command, as it is typed."""

import functools
import json
import os
import re
import resource
import shlex
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from kit.cli import main
from kit.recipes import RECIPES

ROOT = Path(__file__).parents[2]
KIT = [sys.executable, "-c", "from kit.cli import main; main()"]
GROUPS = {"train": list(RECIPES), "deploy": ["serve", "train"], "audit": ["privacy"]}
COMMANDS = [*(main.commands.keys() - GROUPS)]
COMMANDS += [f"{group} {name}" for group, names in GROUPS.items() for name in names]
HEADER = "user_id,item_id,timestamp\n"


def kit(line: str, *more: str | Path) -> "click.testing.Result":
    return CliRunner().invoke(main, [*shlex.split(line), *map(str, more)])


def command_of(name: str) -> click.Command:
    found: click.Command | None = main
    for word in name.split():
        assert isinstance(found, click.Group)
        with click.Context(found) as context:
            found = found.get_command(context, word)
    assert found is not None
    return found


def files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


# Help


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_help_shows_an_example_that_the_command_takes(name):
    result = kit(f"{name} --help")
    assert result.exit_code == 0
    command = command_of(name)
    example = (command.epilog or "").removeprefix("Example:  ")
    assert example.startswith(f"kit {name}")
    assert example in " ".join(result.output.split())
    arguments = shlex.split(example)[1 + len(name.split()) :]
    command.make_context(name, arguments)


@pytest.mark.parametrize("arguments", [["--help"], ["train", "two-tower", "--help"]])
def test_help_is_quick_and_imports_no_library_of_the_trade(arguments):
    heavy = ("tensorflow", "keras", "polars", "numpy", "matplotlib", "scipy")
    code = (
        "import sys; from kit.cli import main\n"
        f"try: main({arguments})\n"
        f"finally: print([name for name in {heavy} if name in sys.modules], file=sys.stderr)"
    )
    seconds = []
    for _ in range(3):
        begin = seconds_of_children()
        run = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
        )
        seconds.append(seconds_of_children() - begin)
        assert run.stderr == "[]\n"
    assert min(seconds) < 0.5


def seconds_of_children() -> float:
    """What the processor did for processes that have ended; what others do does not count."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def test_recipes_are_listed_with_what_they_do():
    result = kit("recipes")
    assert result.exit_code == 0
    for name in RECIPES:
        assert name in result.output
    assert "Two-tower retrieval" in result.output


def test_version():
    assert kit("--version").exit_code == 0


# Slips of the keyboard


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("train two-towr --data x.csv", "no recipe 'two-towr'. Did you mean two-tower?"),
        (
            "train nothing-like-it",
            "Recipes: auto, customer-value, forecasting, image-classification, linear, ",
        ),
        ("recomend x", "recommend"),
        ("train two-tower --data x.csv --epoch 3", "--epochs"),
        (
            "train two-tower --data x.csv --loss ful",
            "'ful' is not one of 'auto', 'full', 'sampled'",
        ),
        ("train two-tower", "Missing option '--data'"),
        ("data", "Missing argument 'SOURCE'"),
        ("recommend x", "Give one of --user ID, --item ID"),
        ("recommend x --user a --item b", "Give one of --user ID, --item ID"),
        ("recommend x --examples 0", "0 is not in the range"),
        ("similar x", "Missing option '--item'"),
    ],
)
def test_what_is_mistyped_is_told_with_what_is_right(line, said):
    result = kit(line)
    assert result.exit_code == 2
    assert said in result.stderr
    assert "Traceback" not in result.stderr


# Mistakes in the data


def bad_sources(folder: Path) -> dict[str, Path]:
    contents: dict[str, bytes] = {
        "empty.csv": b"",
        "header.csv": HEADER.encode(),
        "no_item.csv": b"user_id,price\nu1,3\n",
        "semicolons.csv": b"user_id;item_id\nu1;i1\n",
        "no_user_at_all.csv": f"{HEADER},i1,1600000000\n,i2,1600000001\n".encode(),
        "times.csv": f"{HEADER}u1,i1,soon\nu2,i2,later\n".encode(),
        "one_user.csv": f"{HEADER}u1,i1,1600000000\nu1,i2,1600000001\n".encode(),
        "one_item.csv": f"{HEADER}u1,i1,1600000000\nu2,i1,1600000001\n".encode(),
        "latin.csv": "user_id,item_id\nJosé,é\nb,c\n".encode("latin-1"),
        "utf16.csv": "user_id,item_id\na,b\n".encode("utf-16"),
        "broken.parquet": b"PAR1 and no more",
        "broken.csv.gz": b"\x1f\x8b not gzip",
        "broken.jsonl": b'{"user_id": 1, "item_id"\n',
        "wrong.xlsx": b"PK",
    }
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    (folder / "no_files").mkdir()
    return {name: folder / name for name in [*contents, "no_files", "missing.csv"]}


@pytest.mark.parametrize(
    "command", ["data {}", "train two-tower --data {}", "train two-tower --output m --data {}"]
)
def test_bad_data_is_an_error_of_the_user_and_leaves_no_file(at, tmp_path, command):
    for name, path in bad_sources(tmp_path).items():
        result = kit(command.format(shlex.quote(str(path))))
        assert result.exit_code == 2, (name, result.output)
        lines = result.stderr.splitlines()
        assert lines[0].startswith("Error: "), (name, result.stderr)
        assert [line.split(":")[0] for line in lines[1:]] in (
            ["  where", "  expected", "  remedy"],
            ["  where", "  remedy"],
            ["  where", "  expected"],
        ), (name, result.stderr)
        assert path.name in result.stderr or "--data" in result.stderr
        assert files(at) == [], name


def test_mistakes_have_code_2_in_a_process_too(at, tmp_path):
    run = subprocess.run(
        [*KIT, "train", "two-tower", "--data", str(tmp_path / "none.csv")],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert run.returncode == 2
    assert run.stderr.startswith("Error: ")
    assert "Traceback" not in run.stderr
    assert files(at) == []


def test_a_profile_is_printed_even_where_no_split_is_possible(at, shop):
    data = at / "few.csv"
    data.write_text("user_id,item_id\nu1,a\nu2,b\nu1,b\n")
    result = kit("data", data)
    assert result.exit_code == 2
    assert "users" in result.stdout
    assert "The split leaves nothing in test" in result.stderr
    good = kit("data", shop[0], "--items", shop[1], "--split", "leave-one-out")
    assert good.exit_code == 0
    assert "150" in good.stdout
    assert "leave-one-out" in good.stdout
    assert files(at) == ["few.csv"]


# Failures and interruptions


def test_a_failure_has_code_1_and_a_traceback_only_with_debug(monkeypatch, shop):
    def fail(*_, **__):
        raise MemoryError("no more")

    monkeypatch.setattr("kit.data.split", fail)
    result = kit("data", shop[0])
    assert (result.exit_code, "Traceback" in result.stderr) == (1, False)
    assert "Failed: MemoryError: no more" in result.stderr
    result = kit("data", shop[0], "--debug")
    assert (result.exit_code, "Traceback" in result.stderr) == (1, True)


@pytest.mark.filterwarnings("default")
def test_an_interrupted_training_leaves_no_version_and_no_traceback(at, shop, monkeypatch):
    from kit.training import fit
    from tests.training.few import Watch

    interrupt = Watch(3, lambda: signal.raise_signal(signal.SIGINT))
    interrupted = functools.partial(fit, callbacks=[interrupt])
    monkeypatch.setattr("kit.training.fit", interrupted)
    result = kit(f"train two-tower --data {shop[0]} --dim 4 --output model --report report")
    assert result.exit_code == 130, result.output
    assert result.stderr.strip().endswith("or with --fresh to start over.")
    assert "Traceback" not in result.stderr
    assert list((at / "report" / "checkpoints").rglob("step-*"))
    assert not (at / "model").exists()
    assert not (at / "report" / "metrics.json").exists()


# Asking an export


def test_recommendations_for_known_people(trained):
    result = kit(
        "recommend", trained.model, "--user", "shopper-003", "--user", "who", "--count", "4"
    )
    assert result.exit_code == 0, result.output
    lines = [line.split("\t") for line in result.stdout.splitlines()]
    assert lines[0] == ["user_id", "rank", "item_id", "score", "title", "because_of"]
    assert [line[:2] for line in lines[1:]] == [
        [user, str(rank)] for user in ("shopper-003", "who") for rank in range(1, 5)
    ]
    assert "user 'who' is unknown to the model and gets the popular items" in result.stderr


def test_recommendations_for_somebody_new(trained):
    result = kit("recommend", trained.version, "--item", "i3", "--item", "i5", "--count", "3")
    assert result.exit_code == 0
    assert "Red cup" in result.stdout


def test_examples_name_nobody(trained):
    result = kit("recommend", trained.model, "--examples", "5")
    assert result.exit_code == 0
    assert "\nexample 5\t" in result.stdout
    assert "shopper" not in result.output


def test_similar(trained):
    result = kit("similar", trained.model, "--item", "i4", "--count", "2")
    assert result.exit_code == 0
    assert result.stdout.splitlines()[0] == "rank\titem_id\tscore\ttitle"


@pytest.mark.parametrize(
    "line", ["similar {} --item nothing", "recommend {} --item nothing --item none"]
)
def test_an_unknown_item_is_an_error_in_four_lines(trained, line):
    result = kit(line.format(trained.model))
    assert result.exit_code == 2
    assert len(result.stderr.splitlines()) == 4
    assert "does not know the item 'nothing'" in result.stderr


@pytest.mark.parametrize(
    "line", ["recommend {} --examples 1", "similar {} --item x", "verify {}", "evaluate {}"]
)
def test_where_there_is_no_export_the_error_says_so_in_four_lines(at, line):
    result = kit(line.format(at))
    assert result.exit_code == 2
    assert result.stderr.startswith("Error: No exported model here.")
    assert len(result.stderr.splitlines()) == 4


def test_a_damaged_export_is_refused_before_it_is_loaded(trained, tmp_path):
    spoilt = shutil.copytree(trained.version, tmp_path / "1")
    (spoilt / "saved_model.pb").write_bytes(b"garbage")
    result = kit("recommend", spoilt, "--examples", "1")
    assert result.exit_code == 2
    assert result.stderr.startswith("Error: ")
    assert "saved_model.pb" in result.stderr
    assert "Traceback" not in result.stderr


def test_evaluate_gives_the_number_of_the_report(trained, monkeypatch):
    monkeypatch.setenv("COLUMNS", "300")
    facts = json.loads((trained.report / "metrics.json").read_text())
    for more in ([], ["--data", trained.data]):
        result = kit("evaluate", trained.model, *more)
        assert result.exit_code == 0, result.output
        row = next(line for line in result.stdout.splitlines() if "two-tower" in line)
        cells = ["", *re.split(r"  +", row.strip())]
        metrics = [facts["test"]["metrics"][m] for m in ("NDCG@10", "Recall@10", "Hit@10")]
        ndcg, recall, hit = (f"{metric['mean']:.4f}" for metric in metrics)
        interval = f"{metrics[0]['low']:.4f}-{metrics[0]['high']:.4f}"
        assert cells[1:6] == ["two-tower", ndcg, interval, recall, hit]
        assert "test, " in result.stdout
    (found,) = json.loads(kit("evaluate", trained.model, "--json").stdout)["evaluations"]
    assert found["system"] == "two-tower"
    assert found["protocol"].startswith("test, ")
    expected = {key: metrics[0][key] for key in ("mean", "low", "high")}
    assert found["metrics"]["NDCG@10"] == pytest.approx(expected)


def test_no_command_writes_to_a_file_that_it_reads(trained, tmp_path):
    log = tmp_path / "log.csv"
    log.write_bytes(trained.data.read_bytes())
    before = log.read_bytes()
    (tmp_path / "link.csv").symlink_to(log)
    for words in (
        ["data", log, "--report", log],
        ["data", log, "--suspicious", tmp_path / "link.csv"],
        ["recommend", trained.model, "--users", log, "--output", log],
    ):
        result = CliRunner().invoke(main, [*map(str, words)])
        assert result.exit_code == 2, words
        assert "is a file that the command reads" in result.output
    assert log.read_bytes() == before

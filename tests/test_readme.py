"""README says what the results file says and what the commands are."""

import json
import re
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from benchmarks import (
    cold_items,
    detection_results,
    image_results,
    pair_results,
    ranking_results,
    sequential_results,
    text_results,
    two_stage_results,
)
from benchmarks.precision import RESULTS as PRECISION
from benchmarks.two_tower_results import RESULTS, readme_table
from kit.cli import main
from kit.recipes import two_tower

SEARCHED = Path(__file__).parent.parent / "results" / "search"
SMALL = "movielens-100k/split"
README = (Path(__file__).parent.parent / "README.md").read_text()


def test_the_table_is_made_from_the_results_file() -> None:
    for line in readme_table(json.loads(RESULTS.read_text())).splitlines():
        assert line in README


@pytest.mark.parametrize(
    "module",
    [
        cold_items,
        detection_results,
        image_results,
        pair_results,
        ranking_results,
        sequential_results,
        text_results,
        two_stage_results,
    ],
)
def test_the_other_tables_are_made_from_theirs(module) -> None:
    for line in module.readme_table(json.loads(module.RESULTS.read_text())).splitlines():
        assert line in README


def test_the_recipe_states_the_results_it_reaches() -> None:
    for found in json.loads(RESULTS.read_text()).values():
        figure = f"{found['ndcg@10_mean']:.4f}".removeprefix("0")
        assert figure in (two_tower.__doc__ or "")


def test_the_precisions_are_those_of_the_results_file() -> None:
    (kept,) = json.loads(PRECISION.read_text()).values()
    numbers = [
        f"{kept[precision][key]:.4f}".replace("0.", ".", 1)
        for precision in ("mixed_bfloat16", "mixed_float16")
        for key in ("difference_mean", "difference_deviation")
    ]
    steps = [
        f"{kept[precision]['step']['full'][1]:.2f}".removeprefix("0")
        for precision in ("mixed_bfloat16", "mixed_float16")
    ]
    said = " ".join(README.split())
    assert (
        "differs by {} on average (deviation {}) in bfloat16 and by {} ({}) in float16; "
        "a step takes {} and {} of the time".format(*numbers, *steps)
        in said
    )
    assert kept["float32"]["ndcg@10"] == json.loads(RESULTS.read_text())[SMALL]["ndcg@10"]


def test_every_command_shown_exists_with_its_options() -> None:
    shown = re.findall(r"^kit ((?:train two-tower|\w+).*?)(?:\s+#.*)?$", README, flags=re.MULTILINE)
    assert len(shown) >= 7
    # What `kit launch` runs is a command of its own.
    for line in [part.removeprefix("kit ") for whole in shown for part in whole.split(" -- ")]:
        words = line.split()
        command: click.Command = main
        while isinstance(command, click.Group):
            group = command.make_context("kit", words, resilient_parsing=True)
            _, command, words = command.resolve_command(group, group._protected_args + group.args)
            assert command is not None, line
        known = {name for option in command.params for name in option.opts}
        assert {word for word in words if word.startswith("--")} <= known, line


def test_the_help_names_the_commands_of_the_readme() -> None:
    answer = CliRunner().invoke(main, ["--help"])
    assert answer.exit_code == 0
    for name in ("data", "recipes", "train", "evaluate", "recommend", "similar", "verify"):
        assert f"  {name} " in answer.output


@pytest.mark.parametrize(
    ("data", "peer", "said"),
    [
        (
            "trained",
            "TFRS BruteForce",
            "single queries {:.0f} times its rate, batches of 256 {:.0f} ",
        ),
        ("trained", "faiss IVFFlat", "single {:.2f} times its rate, batches {:.1f} times"),
        ("trained", "hnswlib", "single {:.2f} of its rate, batches {:.2f}"),
        ("clustered", "faiss IVFFlat", "single {:.2f} of its rate, batches {:.2f}"),
        ("clustered", "TFRS BruteForce", "(BruteForce: {:.0f} and {:.0f} times)"),
    ],
)
def test_the_rates_of_search_are_those_of_the_results_files(data, peer, said):
    table = (SEARCHED / f"{data}.md").read_text()
    cells = [
        re.search(rf"\| {peer} \| @10 {case} \| ([\d.]+) ", table) for case in ("single", "batch")
    ]
    ratios = [float(cell[1]) for cell in cells if cell]
    shown = said.format(*ratios)
    assert shown.replace("0.", ".") in README or shown in README

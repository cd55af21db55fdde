"""README and docs show the results files, and commands and files that exist."""

import json
import re
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from benchmarks import results_page
from benchmarks.precision import RESULTS as PRECISION
from benchmarks.retrieval_results import RESULTS
from kit.cli import main
from kit.recipes import two_tower

ROOT = Path(__file__).parent.parent
SEARCHED = ROOT / "results" / "search"
SMALL = "movielens-100k/split"
RESULTS_PAGE = (ROOT / "docs" / "results.md").read_text()
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")])
TUTORIALS = sorted(ROOT.glob("docs/tutorials/*.ipynb"))


@pytest.mark.parametrize("page", results_page.PAGES, ids=lambda page: page.stem)
def test_tables_are_generated_from_the_results_files(page: Path) -> None:
    text = page.read_text()
    assert "<!-- table: " in text
    assert results_page.rendered(text) == text, "run `python -m benchmarks.results_page`"


def test_every_results_file_has_its_table() -> None:
    for name in results_page.MODULES:
        assert f"<!-- table: {name} -->" in RESULTS_PAGE


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_linked_files_exist(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text()):
        if not target.startswith("https:"):
            assert (page.parent / target).exists(), target


def test_readme_fits_on_few_screens() -> None:
    assert len((ROOT / "README.md").read_text().splitlines()) <= 150


def test_the_recipe_states_the_results_it_reaches() -> None:
    kept = json.loads(RESULTS.read_text())
    for data in ("online-retail", SMALL):
        figure = f"{kept[data]['recipes']['two-tower']['ndcg@10_mean']:.4f}".removeprefix("0")
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
    page = " ".join(RESULTS_PAGE.split())
    assert (
        "differs by {} on average (deviation {}) in bfloat16 and by {} ({}) in float16; "
        "a step takes {} and {} of the time".format(*numbers, *steps)
        in page
    )


@pytest.mark.parametrize("page", [*PAGES, *TUTORIALS], ids=lambda page: page.stem)
def test_every_command_shown_exists_with_its_options(page: Path) -> None:
    text = page.read_text()
    shown = re.findall(r"^kit (\w.*?)(?:\s+#.*)?$", text, flags=re.MULTILINE)
    shown += re.findall(r"`kit ([a-z]+ [^`]*)`", text)
    # What `kit launch` runs is a command of its own.
    for line in [part.removeprefix("kit ") for whole in shown for part in whole.split(" -- ")]:
        words = line.split()
        command: click.Command = main
        while isinstance(command, click.Group) and not words[0].isupper():
            group = command.make_context("kit", words, resilient_parsing=True)
            _, command, words = command.resolve_command(group, group._protected_args + group.args)
            assert command is not None, line
        known = {name for option in command.params for name in option.opts} | {"--help"}
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
    assert shown.replace("0.", ".") in RESULTS_PAGE or shown in RESULTS_PAGE

import doctest
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from benchmarks import scale, scale_arithmetic, scale_plan, scale_tables
from benchmarks.scale_arithmetic import GB, Inputs
from benchmarks.scale_figure import image

ROOT = Path(__file__).parents[2]


def block(setting, peer, rows, number, *times, count=0, work=1.0):
    found = {"setting": setting, "peer": peer, "rows": rows, "round": number}
    return {**found, "milliseconds": list(times), "bytes": count, "processor_ms": work}


@pytest.fixture
def run():
    return {
        "rows": [1000, 4000],
        "rounds": 2,
        "cores": 2,
        "load_average": [1.0, 2.0],
        "own_loopback": True,
        "stock_fit": "ValueError: it failed",
        "left_out": [["two", "stock", 4000]],
        "blocks": [
            block("one", "ours", 1000, 0, 2.0, 2.0, 8.0),
            block("one", "ours", 1000, 1, 4.0, 4.0, 4.0),
            block("one", "stock", 1000, 0, 20.0, 20.0, 20.0),
            block("one", "stock", 1000, 1, 80.0, 80.0, 80.0),
            block("one", "ours", 4000, 0, 3.0, 3.0, 3.0),
            block("two", "ours", 1000, 1, 8.0, 8.0, 8.0, count=300_000, work=3.0),
            block("two", "ours", 1000, 0, 8.0, 8.0, 8.0, count=280_000),
        ],
    }


def cells_of(table):
    return {tuple(row[:2]): row[2:] for row in table[2]}


@pytest.mark.parametrize("module", [scale_arithmetic, scale_plan, scale_tables])
def test_examples(module):
    assert doctest.testmod(module).failed == 0


def test_times_are_of_all_steps_and_what_did_not_run_is_said(run):
    _, headings, (small, large) = scale_tables.tables(run)[0]
    assert headings[1:3] == ["1 worker, ours", "1 worker, stock"]
    assert small == [
        "1,000",
        "4.0 (2.5 to 4.0)",
        "50.0 (20.0 to 80.0)",
        "8.0 (8.0 to 8.0)",
        "not run",
        "not run",
    ]
    assert large[1:3] == ["3.0 (3.0 to 3.0)", "not run"]


def test_ratios_are_taken_within_rounds(run):
    cells = cells_of(scale_tables.tables(run)[1])
    assert cells["1 worker", "1,000"][0] == "15.0 (10.0 to 20.0)"
    # Round 1 has no figure of 4,000 rows.
    assert cells["1 worker", "4,000"] == ["not run", "1.5 (1.5 to 1.5)", ""]
    assert cells["2 workers in step", "1,000"][2] == "3.0 (2.0 to 4.0)"


def test_bytes_beside_what_the_rows_come_to(run):
    cells = cells_of(scale_tables.tables(run)[2])
    assert cells == {("2 workers in step", "1,000"): ["270,336", "280,000", "2.0"]}


def test_markdown_says_how_stock_fit_ended_and_what_had_no_room(run):
    text = scale_tables.markdown(run)
    assert "Stock `fit` with 2 workers: `ValueError: it failed`." in text
    assert "want of memory: 2 workers in step, stock, 4,000 rows." in text
    assert "2 rounds of processes" in text


def test_a_image_is_drawn_of_what_ran(run, tmp_path):
    image(run, tmp_path / "scale.png")
    assert (tmp_path / "scale.png").read_bytes().startswith(b"\x89PNG")


def test_rows_that_are_no_numbers_are_a_mistake():
    result = CliRunner().invoke(scale.main, ["--rows", "many"])
    assert result.exit_code == 2
    assert "numbers by commas are expected" in result.output


def test_exchange_grows_with_workers_and_servers_traffic_does_not():
    pairs = [scale_tables.expected_bytes(workers, 0, dim=64) for workers in (2, 3, 9)]
    assert pairs == [n * 2 * 1024 * (64 * 4 + 4) for n in (1, 2, 8)]
    asked = {scale_tables.expected_bytes(workers, 2, dim=64) for workers in (1, 2, 9)}
    assert asked == {2 * 1024 * 2 * (64 * 4 + 4)}


def test_arithmetic_by_hand():
    inputs = Inputs(6_000_000, 4_000_000, interactions=3_686_400_000, chief_ms=5.0)
    # Tables 2.56 GB: with two slots 7.68, a best copy 10.24, and the copy of a save 17.92.
    adam = (inputs, 64, scale_arithmetic.ADAM)
    assert scale_arithmetic.state_bytes(*adam) == 7.68 * GB
    assert scale_arithmetic.checkpoint_bytes(*adam) == 10.24 * GB
    assert scale_arithmetic.peak_bytes(*adam) == 17.92 * GB
    assert scale_arithmetic.servers(*adam, machine_gb=10) == 3
    row_wise = scale_arithmetic.state_bytes(inputs, 64, scale_arithmetic.ROW_WISE)
    assert row_wise == 2.6 * GB
    # 1,064,960 bytes at 10 Gbit/s, after a step of 4 ms.
    rate = scale_arithmetic.batches_a_second(inputs, 4.0, dim=64, gbit=10)
    assert rate == pytest.approx(1000 / (4 + 0.851968))
    # 3,600,000 batches, of which the chief hands out 200 a second.
    assert scale_arithmetic.pass_hours(inputs) == 5.0
    assert scale_arithmetic.workers_fed(inputs, 60) == 4
    assert scale_arithmetic.index_minutes(inputs) == pytest.approx(8 * 37.2 / 60)


def test_the_page_says_what_the_arithmetic_says():
    page = (ROOT / "docs" / "scale.md").read_text()
    for table in scale_arithmetic.tables(Inputs()):
        # Under the page's own heading.
        _, rows = scale_tables.markdown_table(*table).split("\n\n", 1)
        assert rows in page


def test_the_inputs_are_what_was_measured():
    inputs = Inputs()
    text = (ROOT / "results" / "scale" / "scale.md").read_text()
    row = re.search(r"^\| 4,000,000 \| (.*) \|$", text, flags=re.MULTILINE)
    assert row is not None
    medians = [cell.split(" ")[0] for cell in row[1].split(" | ")]
    assert (medians[0], medians[-1]) == (f"{inputs.step_ms:.1f}", f"{inputs.server_step_ms:.1f}")
    row = re.search(r"^\| 2 workers, 2 servers \| 4,000,000 \| [\d,]+ \|.*$", text, re.MULTILINE)
    assert row is not None
    assert row[0].endswith(f" {inputs.chief_ms} |")
    searched = (ROOT / "results" / "search" / "clustered.md").read_text()
    assert f"| kit int8 | 4,000 lists | {inputs.index_seconds} | {inputs.index_share} |" in searched
    page = (ROOT / "docs" / "results.md").read_text()
    assert f"| CSV {inputs.log_seconds:g} s, {inputs.log_gib} GiB; Parquet" in page

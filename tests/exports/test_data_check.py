"""Bad days of a log are refused by name, usual ones are not."""

import json
import shutil

import numpy as np
import polars as pl
import pytest
from click.testing import CliRunner

from kit.cli import main
from kit.data import Columns, open_source
from kit.exports import check_data, write_manifest

CARD = "assets.extra/card.json"
DAY = 86_400


@pytest.fixture(scope="module")
def log(trained):
    return pl.read_csv(trained.data)


def next_day(log, rows=17, seed=1, days=1):
    """Rows of a usual day after the log: those of another day, a while later."""
    rng = np.random.default_rng(seed)
    last = log["timestamp"].max() // DAY * DAY
    some = log[rng.permutation(len(log))[:rows].tolist()]
    return some.with_columns(timestamp=last + days * DAY + pl.int_range(rows) * 60)


def checked(log, trained, **options):
    source = open_source(log, columns=Columns(weight="amount"), items=trained.items, **options)
    return check_data(source, trained.model)


def test_a_usual_day_is_fine(log, trained):
    found = checked(pl.concat([log, next_day(log)]), trained)
    assert found.is_fine, found.problems
    assert found.rows == 17
    assert found.movers.columns == ["item_id", "name", "share_before", "share"]
    names = [one.name for one in found.checks]
    assert {"time", "volume", "item_id", "user_id", "weight", "popularity"} <= {*names}


def test_the_rows_of_a_day_alone_are_fine_too(log, trained):
    assert checked(next_day(log), trained).is_fine


def amount_times_100(day):
    return day.with_columns(amount=pl.col("amount") * 100)


def no_items(day):
    item = pl.when(pl.int_range(pl.len()) % 2 == 0).then(pl.lit(None)).otherwise(pl.col("item_id"))
    return day.with_columns(item_id=item)


BAD_DAYS = {
    "missing values: .* rows without item": no_items,
    "volume: 2020-12-.* has 6 rows": lambda day: day.head(6),
    r"item_id: .* of another form, such as 'item-": lambda day: day.with_columns(
        item_id="item-" + pl.col("item_id").str.slice(1)
    ),
    r"item_id: .* of another form, such as '2\.": lambda day: day.with_columns(
        item_id=2.25 + pl.int_range(pl.len()) / 100
    ).with_columns(pl.col("item_id").cast(pl.String)),
    "item_id: .* that the export does not know, such as 'i9": lambda day: day.with_columns(
        item_id="i9" + pl.col("item_id").str.slice(1)
    ),
    r"user_id: .* of another form, such as '1": lambda day: day.with_columns(
        user_id=pl.lit("1") + pl.col("user_id").str.slice(8)
    ),
    "time: 17 rows lie in the future": lambda day: day.with_columns(
        timestamp=pl.col("timestamp") + 200 * 365 * DAY
    ),
    "weight: the median went from": amount_times_100,
    "popularity: shares of items differ": lambda day: day.with_columns(
        item_id=pl.lit("i1"), timestamp=pl.col("timestamp") + pl.int_range(pl.len())
    ),
}


@pytest.mark.parametrize("problem", BAD_DAYS)
def test_a_bad_day_is_refused_by_name(problem, log, trained):
    day = BAD_DAYS[problem](next_day(log))
    found = checked(pl.concat([log, day.select(log.columns)]), trained)
    assert any(pl.Series([one]).str.contains(problem)[0] for one in found.problems), found.problems


def test_a_log_without_a_new_row_is_refused(log, trained):
    (problem,) = checked(log, trained).problems
    assert problem.startswith("rows: no row is later than 2020-12-")


def test_a_day_that_was_left_out_is_refused(log, trained):
    found = checked(pl.concat([log, next_day(log, days=2)]), trained)
    assert any("has 0 rows" in one for one in found.problems)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda items: items.drop("price"), "price: the column is missing"),
        (
            lambda items: items.with_columns(price=pl.lit("a lot")),
            "price: it is no longer a number",
        ),
    ],
)
def test_features_that_the_model_reads_have_to_be_there(change, problem, log, trained, tmp_path):
    change(pl.read_csv(trained.items)).write_csv(tmp_path / "items.csv")
    source = open_source(pl.concat([log, next_day(log)]), items=tmp_path / "items.csv")
    assert problem in check_data(source, trained.model).problems


def test_times_and_weights_that_are_gone_are_refused(log, trained):
    source = open_source(next_day(log).drop("timestamp", "amount"), items=trained.items)
    problems = check_data(source, trained.model).problems
    assert "time: the log has no times any more" in problems
    source = open_source(next_day(log).drop("amount"), items=trained.items)
    assert "weight: the column is missing" in check_data(source, trained.model).problems


def test_an_export_without_a_profile_compares_ids(log, trained, tmp_path):
    older = tmp_path / "older"
    shutil.copytree(trained.version, older)
    card = json.loads((older / CARD).read_text())
    del card["dataset"]["profile"]
    (older / CARD).write_text(json.dumps(card))
    write_manifest(older)
    found = check_data(open_source(log, items=trained.items), older)
    assert found.is_fine
    assert found.checks[0].name == "profile"


def test_the_command_says_so_and_ends_with_1(log, trained, tmp_path):
    good, bad = tmp_path / "good.csv", tmp_path / "bad.csv"
    pl.concat([log, next_day(log)]).write_csv(good)
    pl.concat([log, amount_times_100(next_day(log))]).write_csv(bad)
    words = ["--items", str(trained.items), "--weight-column", "amount"]
    words += ["--against", str(trained.model)]
    done = CliRunner().invoke(main, ["data", str(good), *words])
    assert done.exit_code == 0, done.output
    assert "fine:      17 new rows" in done.output
    done = CliRunner().invoke(main, ["data", str(bad), *words])
    assert done.exit_code == 1
    assert "refused:   weight: the median went from 2 to" in done.output
    pl.concat([log, next_day(log)]).drop("item_id").write_csv(bad)
    assert CliRunner().invoke(main, ["data", str(bad), *words]).exit_code == 2


@pytest.mark.parametrize("option", ["--suspicious", "--report"])
def test_a_comparison_writes_no_other_file(trained, option, tmp_path):
    words = [str(trained.data), "--against", str(trained.model), option, str(tmp_path / "file")]
    done = CliRunner().invoke(main, ["data", *words])
    assert done.exit_code == 2
    assert f"{option} does not go with --against" in done.output
    assert not (tmp_path / "file").exists()

"""Recommenders compared by a log of random impressions."""

import json

import numpy as np
import polars as pl
import pytest
from click.testing import CliRunner

from kit.cli import main
from kit.errors import UserError
from kit.exports import BatchLists, LoadedExport
from kit.tasks import compare_logged

ITEMS, ROWS, TOP = 60, 30_000, 10


def kit(*words):
    return CliRunner(env={"COLUMNS": "300"}).invoke(main, [*map(str, words)])


def clicks(users, items):
    """The true chance of a click: half of the users like even items, the others odd ones."""
    is_liked = (users % 2) == (items % 2)
    return np.where(is_liked, 0.3, 0.05) + 0.002 * items


@pytest.fixture(scope="module")
def log(two):
    """Impressions of a policy that shows low numbers more often."""
    rng = np.random.default_rng(1)
    known = sorted(
        user for user in LoadedExport(two / "1").user_ids() if user.startswith("shopper-")
    )
    users = rng.integers(0, len(known), ROWS)
    chances = np.linspace(3, 1, ITEMS) / np.linspace(3, 1, ITEMS).sum()
    items = rng.choice(ITEMS, ROWS, p=chances)
    numbers = np.array([int(user.removeprefix("shopper-")) for user in known])
    return pl.DataFrame(
        {
            "user_id": [known[user] for user in users],
            "item_id": [f"i{item}" for item in items],
            "click": (rng.random(ROWS) < clicks(numbers[users], items)).astype(int),
            "propensity": chances[items],
        }
    )


def true_value(version, log):
    """What the lists earn among the users of the log."""
    lists = pl.concat(list(BatchLists(LoadedExport(version), None, TOP).frames()))
    number = pl.col("user_id").str.strip_prefix("shopper-").cast(pl.Int64)
    lists = lists.filter(pl.col("user_id").is_in(log["user_id"].implode())).with_columns(
        number.alias("number"), pl.col("item_id").str.strip_prefix("i").cast(pl.Int64).alias("item")
    )
    earned = clicks(lists["number"].to_numpy(), lists["item"].to_numpy())
    of_users = lists.with_columns(pl.Series("earned", earned)).group_by("user_id")
    rows = log.join(of_users.agg(pl.col("earned").mean()), on="user_id")
    return rows["earned"].mean()


def test_intervals_hold_the_true_values(two, log):
    found = compare_logged(two / "1", two / "2", log, top=TOP)
    truth = [true_value(version, log) for version in (two / "1", two / "2")]
    assert abs(truth[1] - truth[0]) > 0.02
    for value, true in zip(found.values, truth, strict=True):
        assert value.weights.mean() == pytest.approx(1, abs=0.1)
        for name, one in value.estimates().items():
            # Two intervals and a half: the test is not about chance.
            half = (one.high - one.low) / 2
            assert abs(one.mean - true) < 1.25 * half, name
    gap = found.differences()["doubly robust"]
    assert gap.low < truth[1] - truth[0] < gap.high
    assert found.verdict == ("better" if truth[1] > truth[0] else "worse")
    assert found.warnings == []
    turned = compare_logged(two / "2", two / "1", log, top=TOP)
    assert turned.differences()["SNIPS"].mean == pytest.approx(-found.differences()["SNIPS"].mean)


def test_the_command_prints_values_and_a_verdict(two, log, tmp_path):
    file = tmp_path / "shown.csv"
    log.rename({"click": "bought", "propensity": "chance"}).write_csv(file)
    columns = ["--reward-column", "bought", "--propensity-column", "chance"]
    result = kit("compare", two / "1", two / "2", "--logged", file, *columns)
    assert result.exit_code == 0, result.output
    assert "logged:    30,000 impressions" in result.stdout
    assert "mean reward of what lists of 10 show" in result.stdout
    assert "by the doubly robust estimator" in result.stdout
    found = json.loads(
        kit("compare", two / "1", two / "2", "--logged", file, *columns, "--json").stdout
    )
    assert [*found["values"]] == ["IPS", "SNIPS", "doubly robust"]
    assert found["matched"][0] > 1000
    assert found["unknown"] == [0, 0]


def test_what_had_no_chance_is_said(two, log):
    # Every item that one of them likes most is missing.
    few = log.filter(pl.col("item_id").is_in([f"i{n}" for n in range(20)]))
    found = compare_logged(two / "1", two / "2", few, top=TOP)
    assert "had no chance in the log" in found.warnings[0]
    tiny = compare_logged(two / "1", two / "2", log.head(20), top=1)
    assert tiny.verdict == "not measured"


def test_unknown_users_get_popular_items(two, log):
    strangers = log.with_columns(pl.lit("nobody we know").alias("user_id"))
    found = compare_logged(two / "1", two / "1", strangers, top=TOP)
    assert found.unknown == (1, 1)
    assert found.verdict == "not measured"
    assert "neither knows a user" in found.warnings[0]
    assert "intervals over 1 users mean nothing" in found.warnings[1]


def test_wrong_propensities_give_no_verdict(two, log):
    found = compare_logged(two / "1", two / "2", log.with_columns(propensity=pl.lit(0.5)), top=TOP)
    assert "propensities are wrong" in found.warnings[0]
    assert found.verdict == "not measured"


def test_large_rewards_and_nothing_matched_are_printed_briefly(two, log, tmp_path):
    file = tmp_path / "shown.csv"
    log.with_columns(click=pl.lit(1e12)).head(40).write_csv(file)
    result = kit("compare", two / "1", two / "2", "--logged", file, "--top", 1)
    assert result.exit_code == 0, result.output
    assert max(map(len, result.stdout.splitlines())) < 130
    text = kit("compare", two / "1", two / "2", "--logged", file, "--top", 1, "--json").stdout
    assert "NaN" not in text


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"propensity": 0.0}, "rows have a propensity that is no probability"),
        ({"propensity": 1.5}, "Divide per cents by 100"),
        ({"propensity": None}, "rows have no propensity"),
        ({"propensity": 1.0}, "Every propensity is 1"),
        ({"propensity": "high"}, "rows have no propensity"),
        ({"click": None}, "rows have no reward"),
        ({"click": float("inf")}, "rows have no reward"),
        ({"user_id": " "}, "rows have no user"),
        ({"item_id": None}, "rows have no item"),
        ({"item_id": "z9"}, "No item of the log is one of the export's"),
        ({"reward": 1}, "Several columns could be the reward"),
    ],
)
def test_bad_logs_are_refused(two, log, change, words):
    bad = log.head(50).with_columns(**{name: pl.lit(value) for name, value in change.items()})
    with pytest.raises(UserError, match=words):
        compare_logged(two / "1", two / "2", bad)


def test_columns_that_are_missing_or_twice_are_named(two, log):
    with pytest.raises(UserError, match="No column is recognised as the propensity"):
        compare_logged(two / "1", two / "2", log.drop("propensity"))
    with pytest.raises(UserError, match="no rows"):
        compare_logged(two / "1", two / "2", log.head(0))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--top", 5], "--top needs --logged"),
        (["--reward-column", "click"], "--reward-column needs --logged"),
        (["--logged", "none.csv", "--data", "x.csv"], "--data does not go with --logged"),
    ],
)
def test_options_that_do_not_fit_are_refused(two, words, said):
    result = kit("compare", two / "1", two / "2", *words)
    assert result.exit_code == 2
    assert said in result.stderr

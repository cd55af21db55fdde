"""Rows of low weight are no interactions."""

import polars as pl
import pytest
from click.testing import CliRunner

import kit
from kit.cli import main
from kit.errors import UserError

USERS, ITEMS = 12, 8


def ratings(low=1, high=5):
    """Everybody gives every other item a low rating."""
    rows = [
        (f"u{u}", f"i{i}", high if (u + i) % 2 else low) for u in range(USERS) for i in range(8)
    ]
    return pl.DataFrame(rows, schema=["user_id", "item_id", "rating"], orient="row")


def test_rows_below_the_least_weight_are_left_out_and_counted():
    data = kit.open(ratings(), min_weight=4, split="random")
    every = [*data.train.weight, *data.valid.weight, *data.test.weight]
    assert len(every) == USERS * ITEMS / 2
    assert {*every} == {5}
    assert [(step.name, step.rows) for step in data.cleaning] == [("rows with rating below 4", 48)]


def test_thumbs_down_may_be_negative():
    data = kit.open(ratings(low=-1, high=1), min_weight=0, split="random")
    assert len(data.train) + len(data.valid) + len(data.test) == USERS * ITEMS / 2
    with pytest.raises(UserError, match="--min-weight"):
        kit.open(ratings(low=-1, high=1), split="random")


@pytest.mark.parametrize(
    ("frame", "least", "message"),
    [
        (ratings().drop("rating"), 4, "no weight for the least weight"),
        (ratings(), 9, "No row has a weight of 9 or more(.|\n)*at most 5"),
    ],
)
def test_weights_that_cannot_be_compared_are_errors(frame, least, message):
    with pytest.raises(UserError, match=message):
        kit.open(frame, min_weight=least)


@pytest.fixture
def log(tmp_path):
    path = tmp_path / "ratings.csv"
    ratings().write_csv(path)
    return path


def test_what_becomes_of_low_ratings_is_said(log):
    answer = CliRunner().invoke(main, ["data", str(log)])
    assert "rows of 1 and of 5 count alike as interactions" in answer.output
    assert "--min-weight" in answer.output


def test_prepared_data_are_without_them(log, tmp_path):
    folder = tmp_path / "prepared"
    line = ["prepare", str(log), str(folder), "--min-weight", "4"]
    answer = CliRunner().invoke(main, line)
    assert answer.exit_code == 0, answer.output
    assert "48 rows with rating below 4 (50.0 %)" in answer.output
    assert len(kit.open(folder).train) < 48
    with pytest.raises(UserError, match="--min-weight cannot be changed for prepared data"):
        kit.open(folder, min_weight=2)

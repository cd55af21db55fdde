import numpy as np
import polars as pl
import pytest

from kit.data.table import (
    Feature,
    Negatives,
    RankingColumns,
    Schema,
    draw_negatives,
    open_ranking,
    split_ranking,
)
from kit.errors import UserError
from tests.data.files import delimited, write


def table(path, rows=200, seed=0):
    rng = np.random.default_rng(seed)
    lines = [
        f"u{rng.integers(9)} i{n % 7} {1000 + n} {rng.integers(3)} {rng.integers(2)}"
        for n in range(rows)
    ]
    return write(path, delimited("user item time colour click", *lines))


def test_a_split_at_random_takes_shares_of_the_rows(tmp_path):
    source = open_ranking(table(tmp_path / "a.csv"))
    data = split_ranking(source, "random", seed=3)
    assert [len(part) for part in (data.train, data.valid, data.test)] == [160, 20, 20]
    assert data.split == "random: 80/10/10 % of the rows, seed 3"
    again, other = split_ranking(source, "random", seed=3), split_ranking(source, "random", seed=4)
    assert data.test.features.equals(again.test.features)
    assert not data.test.features.equals(other.test.features)


def test_time_is_split_by_where_there_is_one(tmp_path):
    data = split_ranking(open_ranking(table(tmp_path / "a.csv")))
    assert data.split_method == "time"
    assert data.split.startswith("time: train < 1160 <= valid < 1180 <= test")
    assert data.group == "user"
    assert data.test.group is not None
    # Groups are the same persons in every part.
    users = data.train.features["user"].to_numpy()
    assert data.train.group is not None
    assert len(set(zip(users, data.train.group, strict=True))) == 9


def test_a_given_split_without_valid_gets_one(tmp_path):
    table(tmp_path / "train.csv")
    table(tmp_path / "test.csv", rows=50, seed=1)
    source = open_ranking(str(tmp_path), columns=RankingColumns(time=""))
    data = split_ranking(source)
    assert [len(part) for part in (data.train, data.valid, data.test)] == [180, 20, 50]
    assert data.split == (
        "given: train and test as the source has them; valid is 10% of train at random, seed 0"
        "; 1 of 50 rows of test is identical to one of train or valid"
    )


def test_the_history_is_what_the_user_took_before(tmp_path):
    source = open_ranking(table(tmp_path / "a.csv"))
    data = split_ranking(source, history=3)
    assert (data.history, data.target) == ("history", "item")
    assert data.schema.features[-1].table == "item"
    whole = source.features.hstack(source.labels).with_columns(time=source.values["time"])
    last = whole.row(-1, named=True)
    before = whole.filter(user=last["user"], click=1).filter(pl.col("time") < last["time"])
    assert data.test.features["history"][-1].to_list() == before["item"].to_list()[-3:]


def test_a_split_at_random_hides_what_test_took(tmp_path):
    lines = [f"u i{n} {n} {n % 2}" for n in range(100)]
    file = write(tmp_path / "a.csv", delimited("user item time click", *lines))
    # Every item stands in one row, which is no feature unless a schema says so.
    source = open_ranking(file, schema=Schema((Feature("item", "id"),), {}))
    data = split_ranking(source, "random", history=100)
    known = set(data.train.features["item"])
    for part in (data.train, data.valid, data.test):
        assert set(part.features["history"].explode().drop_nulls()) <= known


def test_a_log_gets_negatives_in_the_same_context(tmp_path):
    rng = np.random.default_rng(0)
    lines = [
        f"u{n % 10} i{item} {n} day{n % 3} brand{item % 4}"
        for n, item in enumerate(rng.integers(0, 30, 200))
    ]
    log = write(tmp_path / "log.csv", delimited("user item time day brand", *lines))
    source = open_ranking(log, is_log=True)
    data = split_ranking(source, negatives=Negatives(2), history=5)
    assert "2 negatives to a positive, uniform" in data.split
    taken = set(source.features.select("user", "item").iter_rows())
    for part in (data.train, data.valid, data.test):
        labels = part.labels[:, 0]
        positives, negatives = (part.features.filter(labels == x) for x in (1, 0))
        assert len(negatives) == 2 * len(positives)
        assert set(positives.select("user", "item").iter_rows()) <= taken
        assert not set(negatives.select("user", "item").iter_rows()) & taken
        # What follows from the item is that of the negative's item; the rest is the positive's.
        assert all(int(i[1:]) % 4 == int(b[5:]) for i, b in negatives[["item", "brand"]].rows())
        rest = ["user", "day", "history"]
        assert negatives[::2].select(rest).equals(positives.select(rest))


def test_mistakes(tmp_path):
    source = open_ranking(table(tmp_path / "a.csv"), columns=RankingColumns(time=""))
    with pytest.raises(UserError, match="Histories need a time column") as raised:
        split_ranking(source, history=5)
    assert "--time-column" in raised.value.remedy
    with pytest.raises(UserError, match="There is no split 'half'"):
        split_ranking(source, "half")
    with pytest.raises(UserError, match="no time to split by"):
        split_ranking(source, "time")
    few = open_ranking(table(tmp_path / "few.csv", rows=8), columns=RankingColumns(time=""))
    with pytest.raises(UserError, match="leaves nothing in valid"):
        split_ranking(few)
    lines = [f"a{n % 3} {n} {int(n < 50)}" for n in range(100)]
    apart = write(tmp_path / "apart.csv", delimited("a time click", *lines))
    with pytest.raises(UserError, match="only one class of 'click': 0 of 10"):
        split_ranking(open_ranking(apart))


def log(seed=0, rows=3000, users=50, items=40):
    rng = np.random.default_rng(seed)
    # Squared, so that some items are taken much more often than others.
    return rng.integers(0, users, rows), (rng.random(rows) ** 2 * items).astype(np.int64)


@pytest.mark.parametrize("by", ["uniform", "popularity"])
def test_nobody_gets_as_a_negative_what_he_has(by):
    user, item = log(rows=500)
    beside, drawn = draw_negatives(user, item, Negatives(2, by), seed=1)
    assert (np.bincount(beside, minlength=500) == 2).all()
    taken = set(zip(user.tolist(), item.tolist(), strict=True))
    assert not taken & set(zip(user[beside].tolist(), drawn.tolist(), strict=True))


def test_the_seed_decides():
    user, item = log()
    first, again, other = (
        draw_negatives(user, item, Negatives(1), seed=seed)[1].tolist() for seed in (3, 3, 4)
    )
    assert first == again != other


def test_popular_items_are_drawn_more_often_if_asked():
    # Everybody has one item of his own; item 0 belongs to many others.
    item = np.concatenate([np.zeros(900, np.int64), np.arange(100)])
    user = np.arange(1000)
    shares = {}
    for by in ("uniform", "popularity"):
        beside, drawn = draw_negatives(user, item, Negatives(20, by), seed=0)
        shares[by] = (drawn[item[beside] != 0] == 0).mean()
    assert shares["uniform"] == pytest.approx(1 / 99, abs=0.01)
    assert shares["popularity"] == pytest.approx(901 / 999, abs=0.03)


def test_who_has_everything_gets_no_negative():
    user, item = np.array([0, 0, 1]), np.array([0, 1, 0])
    beside, drawn = draw_negatives(user, item, Negatives(3), seed=0)
    assert set(beside) == {2}
    assert set(drawn) == {1}
    with pytest.raises(UserError, match="every user has every item"):
        draw_negatives(user[:2], item[:2], Negatives(3), seed=0)

import numpy as np
import polars as pl
import pytest
from scipy.stats import fisher_exact

from kit.data import basket_pairs
from kit.errors import UserError


def log(has, times=True):
    """Interactions of a matrix of baskets and items; each basket is of its own user."""
    basket, item = np.nonzero(has)
    frame = pl.DataFrame({"user_id": [f"u{n}" for n in basket], "item_id": [f"i{n}" for n in item]})
    return frame.with_columns(time=pl.Series(basket * 100_000)) if times else frame


def planted(seed=0, baskets=1500, items=40):
    """Items that are independent, but the second is in most baskets of the first."""
    rng = np.random.default_rng(seed)
    has = rng.random((baskets, items)) < rng.uniform(0.05, 0.2, items)
    has[:, 1] = np.where(has[:, 0], rng.random(baskets) < 0.6, has[:, 1])
    return has


def test_a_planted_pair_is_found_with_the_exact_p():
    has = planted()
    found = basket_pairs(log(has))
    first = found.table.row(0, named=True)
    assert {first["item"], first["other"]} == {"i0", "i1"}
    both = int((has[:, 0] & has[:, 1]).sum())
    assert first["baskets"] == first["users"] == both
    baskets = int(has.any(1).sum())
    one, other = has[:, 0].sum(), has[:, 1].sum()
    assert first["lift"] == pytest.approx(both * baskets / (one * other))
    table = [[both, one - both], [other - both, baskets - one - other + both]]
    assert first["p"] == pytest.approx(fisher_exact(table, "greater").pvalue, rel=1e-9)
    assert found.tested == 40 * 39 // 2


def test_p_is_exact_for_every_pair_that_is_shown():
    rng = np.random.default_rng(1)
    taste = rng.integers(0, 3, 600)[:, None] == np.arange(12) % 3
    has = rng.random((600, 12)) < np.where(taste, 0.5, 0.1)
    found = basket_pairs(log(has))
    baskets = int(has.any(1).sum())
    assert len(found.table) > 10
    for row in found.table.to_dicts():
        a, b = (has[:, int(row[name][1:])] for name in ("item", "other"))
        both = int((a & b).sum())
        table = [[both, a.sum() - both], [b.sum() - both, baskets - (a | b).sum()]]
        assert row["p"] == pytest.approx(fisher_exact(table, "greater").pvalue, rel=1e-8)


def test_few_of_the_pairs_of_chance_are_called_above_it():
    """Of 20 logs of independent items, a false discovery in about one of twenty."""
    wrong = 0
    for seed in range(20):
        rng = np.random.default_rng(seed)
        has = rng.random((800, 30)) < rng.uniform(0.1, 0.3, 30)
        wrong += len(basket_pairs(log(has)).table) > 0
    assert wrong <= 3


def test_without_times_a_basket_is_all_of_a_user():
    found = basket_pairs(log(planted(), times=False))
    assert found.basket == "all items of one user"
    assert {*found.table.row(0)[:2]} == {"i0", "i1"}


def test_rows_of_a_day_are_a_basket_where_each_has_its_own_time():
    frame = log(planted())
    apart = frame.with_columns(time=pl.col("time") // 86_400 * 86_400 + pl.int_range(pl.len()) % 97)
    apart = apart.with_columns(pl.col("time") + pl.col("item_id").str.slice(1).cast(pl.Int64) * 100)
    assert basket_pairs(apart).basket == "what one user has on one day"


def test_what_one_user_buys_again_and_again_is_no_pair():
    """Forty baskets with both items, all of four users."""
    baskets = [(f"u{n % 4}", n, item) for n in range(40) for item in "ab"]
    others = [(f"other {n}", n, item) for n in range(400) for item in ("c", "d")[: 1 + n % 2]]
    frame = pl.DataFrame(
        [*baskets, *others], schema=["user_id", "time", "item_id"], orient="row"
    ).with_columns(pl.col("time") * 100_000)
    pairs = basket_pairs(frame).table.select("item", "other").rows()
    assert ("a", "b") not in pairs
    assert {*pairs[0]} == {"c", "d"}


def test_large_baskets_are_named():
    rng = np.random.default_rng(0)
    size = np.where(np.arange(600) < 60, 0.9, 0.05)[:, None]
    found = basket_pairs(log(rng.random((600, 20)) < size))
    assert found.size_lift > 2.5
    even = basket_pairs(log(rng.random((600, 20)) < 0.3))
    assert even.size_lift == pytest.approx(1, abs=0.05)


def test_items_beyond_the_cap_are_not_compared():
    found = basket_pairs(log(planted()), most_items=10)
    assert (found.items, found.of_items, found.tested) == (10, 40, 45)


def test_single_items_are_refused():
    frame = pl.DataFrame({"user_id": ["a", "b"], "item_id": ["c", "c"]})
    with pytest.raises(UserError, match="No basket has two items"):
        basket_pairs(frame)

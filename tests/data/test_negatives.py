import numpy as np
import pytest

from kit.data import Negatives
from kit.data._negatives import draw_negatives
from kit.errors import UserError


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

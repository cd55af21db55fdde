import numpy as np
import pytest

from kit.data import Histories
from kit.errors import UserError
from kit.exports import Users, segment_users
from kit.metrics import adjusted_rand


def users_of(groups, spread, seed=0):
    """Users around centres of their groups; each has the item of the group and one of all."""
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(groups.max() + 1, 8))
    vectors = centres[groups] + spread * rng.normal(size=(len(groups), 8))
    # How active a user is does not say what the user likes.
    vectors *= rng.exponential(size=(len(groups), 1)) + 0.1
    items = np.stack([groups, np.full(len(groups), groups.max() + 1)], 1).astype(np.int32)
    names = [*(f"of group {n}" for n in range(groups.max() + 1)), "of all"]
    owned = Histories(np.arange(0, items.size + 1, 2), items.ravel())
    return Users([f"u{n}" for n in range(len(groups))], vectors.astype(np.float32), owned, names)


def test_groups_that_are_there_are_found_and_described():
    groups = np.repeat([0, 1, 2], [50, 80, 30])
    found = segment_users(users_of(groups, 0.1), 3)
    assert found.repeats
    assert (found.seeds, found.halves) == (1, pytest.approx(1))
    # The largest is the first.
    assert found.users["segment"].to_list() == [{0: 2, 1: 1, 2: 3}[group] for group in groups]
    assert found.users["user_id"][0] == "u0"
    table = found.table.to_dicts()
    assert [row["users"] for row in table] == [80, 50, 30]
    assert [row["interactions_share"] for row in table] == [0.5, 50 / 160, 30 / 160]
    assert [row["items"] for row in table] == [
        [{"name": f"of group {group}", "lift": pytest.approx(160 / size)}]
        for group, size in ((1, 80), (0, 50), (2, 30))
    ]
    assert found.table["days_since_last"].null_count() == 3


def test_groups_of_nothing_do_not_repeat():
    found = segment_users(users_of(np.zeros(300, int), 10), 8)
    assert not found.repeats
    assert found.halves < 0.5


def test_a_seed_gives_the_same_again():
    users = users_of(np.arange(200) % 4, 1)
    one, other = (segment_users(users, 4, seed=3) for _ in range(2))
    assert one.users.equals(other.users)
    assert (one.seeds, one.halves) == (other.seeds, other.halves)


def test_a_description_needs_support():
    """Four users of a segment have an item that nobody else has."""
    groups = np.repeat([0, 1], 50)
    users = users_of(groups, 0.1)
    items = users.owned.items.copy()
    items[1:8:2] = 3
    named = Users(users.ids, users.vectors, Histories(users.owned.offsets, items), [*"abcd"])
    names = {item["name"] for row in segment_users(named, 2).table["items"] for item in row}
    assert names == {"a", "b"} or names == {"a", "b", "c"}


def test_what_cannot_be_grouped_is_refused():
    users = users_of(np.zeros(79, int), 1)
    with pytest.raises(UserError, match="79 users are too few for 8 segments"):
        segment_users(users, 8)
    with pytest.raises(UserError, match="no log with times"):
        segment_users(users, 2, by="rfm")


def test_users_who_are_the_same_are_no_groups():
    users = users_of(np.zeros(60, int), 0)
    same = Users(users.ids, np.ones_like(users.vectors), users.owned, users.items)
    with pytest.raises(UserError, match="only 1 of 2 segments"):
        segment_users(same, 2)


def test_adjusted_rand_is_that_of_its_definition():
    rng = np.random.default_rng(0)
    one, other = rng.integers(0, 3, 400), rng.integers(0, 5, 400)
    assert abs(adjusted_rand(one, other)) < 0.02
    assert adjusted_rand(one, 2 - one) == 1
    # Two pairs of four are apart in one and together in the other.
    assert adjusted_rand(np.array([0, 0, 1, 1]), np.array([0, 0, 1, 2])) == pytest.approx(4 / 7)
    assert adjusted_rand(np.zeros(5, int), np.zeros(5, int)) == 1
    with pytest.raises(ValueError, match="lengths differ"):
        adjusted_rand(one, other[1:])

from itertools import islice

import numpy as np
import pytest

from kit.data import Histories
from kit.training.batches import UserBatches, default_batch_size

ITEMS = 40


def lists(lengths: list[int], seed: int = 0) -> Histories:
    random = np.random.default_rng(seed)
    rows = [random.choice(ITEMS, length, replace=False) for length in lengths]
    offsets = np.cumsum([0, *lengths])
    return Histories(offsets, np.concatenate(rows).astype(np.int32))


LENGTHS = [1, 30, 2, 0, 7, 12, 3, 30, 5, 1]
HISTORIES = lists(LENGTHS)


def batches(**changes) -> UserBatches:
    settings = {"batch_size": 4, "length": 8, "targets": 3, "hidden_share": 0.5, "seed": 7}
    return UserBatches(HISTORIES, **{**settings, **changes})


def drawn(stream: UserBatches, count: int) -> list[tuple[np.ndarray, ...]]:
    """Users (codes from 0), histories, targets and weights of some batches."""
    return [
        (inputs["user"].numpy() - 1, inputs["history"].numpy(), targets.numpy(), weights.numpy())
        for inputs, targets, weights in islice(stream.stream(), count)
    ]


def items_of(user: int) -> list[int]:
    return HISTORIES.items[HISTORIES.offsets[user] : HISTORIES.offsets[user + 1]].tolist()


def rows(count: int = 30, **changes):
    """User, history and targets (codes from 0, without padding) of every row."""
    for users, histories, targets, _ in drawn(batches(**changes), count):
        for user, history, target in zip(users, histories, targets, strict=True):
            yield int(user), history[history > 0] - 1, target[target > 0] - 1


def test_every_user_with_items_comes_once_a_pass():
    stream = batches()
    assert (stream.steps_per_epoch, stream.examples_per_epoch) == (
        3,
        1 + 8 + 2 + 7 + 8 + 3 + 8 + 5 + 1,
    )
    orders = set()
    for begin in range(0, 12, 3):
        users = np.concatenate([batch[0] for batch in drawn(stream, 12)[begin : begin + 3]])
        assert sorted(users[:9]) == [0, 1, 2, 4, 5, 6, 7, 8, 9]
        # The last batch is filled from the front of the epoch.
        assert users[9:].tolist() == users[:3].tolist()
        orders.add(tuple(users))
    assert len(orders) == 4


def test_a_row_parts_a_users_items_into_history_and_targets():
    for user, history, target in rows():
        both = [*history.tolist(), *target.tolist()]
        assert len(set(both)) == len(both)
        assert set(both) <= set(items_of(user))
        assert 1 <= len(target) <= 3
        assert len(both) <= 8
        if len(items_of(user)) <= 3:
            assert set(both) == set(items_of(user))


def test_padding_stands_behind_the_targets():
    for _, _, targets, _ in drawn(batches(), 10):
        assert (np.diff((targets > 0).astype(int), axis=1) <= 0).all()


def test_a_user_with_one_item_has_it_as_target():
    for user, history, target in rows():
        if len(items_of(user)) == 1:
            assert (len(history), target.tolist()) == (0, items_of(user))


def test_long_histories_are_cut_to_a_stretch_that_moves():
    begins = set()
    for user, history, target in rows(count=120, targets=8):
        if user == 1:
            places = sorted(items_of(user).index(item) for item in [*history, *target])
            assert places == list(range(places[0], places[0] + 8))
            begins.add(places[0])
    assert {0, 22} <= begins <= set(range(23))
    assert len(begins) > 15


@pytest.mark.parametrize("share", [0.2, 0.8])
def test_the_hidden_share(share):
    hidden = [
        len(target) / (len(history) + len(target))
        for _, history, target in rows(count=600, hidden_share=share, targets=8)
        if len(history) + len(target) == 8
    ]
    # One is hidden where chance would hide none.
    assert np.mean(hidden) == pytest.approx(share + (1 - share) ** 8 / 8, abs=0.02)


def test_the_seed_alone_decides():
    first, again, other = (drawn(batches(seed=seed), 7) for seed in (7, 7, 8))
    for one, two in zip(first, again, strict=True):
        for a, b in zip(one, two, strict=True):
            np.testing.assert_array_equal(a, b)
    for part in range(3):
        assert any((a[part] != b[part]).any() for a, b in zip(first, other, strict=True))


@pytest.mark.parametrize("seed", [0, 2**32 - 1])
def test_any_seed_of_numpy_will_do(seed):
    assert len(drawn(batches(seed=seed), 2)) == 2


def test_weights_stand_beside_their_targets():
    # An item's weight tells the item, and the user.
    weights = HISTORIES.row_of_each_item * 100 + HISTORIES.items.astype(np.float32)
    for users, _, targets, values in drawn(batches(weights=weights.astype(np.float32)), 20):
        expected = users[:, None] * 100 + targets - 1
        np.testing.assert_array_equal(values[targets > 0], expected[targets > 0])


def test_without_weights_all_count_one():
    for *_, targets, weights in drawn(batches(), 3):
        assert weights.shape == targets.shape
        assert (weights == 1).all()


def test_target_share_is_how_often_an_item_is_a_target():
    stream = batches(hidden_share=1.0, length=30)
    counts = np.zeros(ITEMS)
    for *_, targets, _ in drawn(stream, 1500):
        np.add.at(counts, targets[targets > 0] - 1, 1)
    share = stream.target_share(ITEMS)
    np.testing.assert_allclose(counts / counts.sum(), share / share.sum(), atol=0.006)
    assert stream.target_share(ITEMS + 5).shape == (ITEMS + 5,)


@pytest.mark.parametrize("users", [0, 1, 10, 1_000, 10**7])
def test_default_batch_size_is_a_power_of_two_that_grows_with_the_users(users):
    size = default_batch_size(users)
    assert np.log2(size).is_integer()
    assert 64 <= size <= default_batch_size(users * 2)

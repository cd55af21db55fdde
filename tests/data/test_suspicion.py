"""Made-up users stand out, and real ones are left alone."""

import numpy as np
import polars as pl
import pytest
import scipy.sparse as sparse

from kit.data import most_suspicious, near_duplicates, suspicion, suspicion_of_log
from kit.evaluation import FAKE_KINDS, fake_profiles
from kit.metrics import auc

USERS, ITEMS = 800, 400


@pytest.fixture(scope="module")
def owned():
    """Four tastes, popular and rare items, histories of many lengths."""
    rng = np.random.default_rng(0)
    popularity = 1 / np.arange(1, ITEMS + 1) ** 0.8
    rows = []
    for user in range(USERS):
        weight = popularity * np.where(np.arange(ITEMS) % 4 == user % 4, 8, 1)
        length = int(np.clip(rng.lognormal(3, 0.6), 4, 150))
        rows.append(rng.choice(ITEMS, length, replace=False, p=weight / weight.sum()))
    users = np.repeat(np.arange(USERS), [len(row) for row in rows])
    return sparse.csr_matrix((np.ones(len(users)), (users, np.concatenate(rows))), (USERS, ITEMS))


def with_fakes(owned, kind, seed=0, share=0.05):
    rng = np.random.default_rng(seed)
    counts = np.asarray(owned.sum(axis=0)).ravel()
    item = int(rng.choice(np.argsort(counts)[:40]))
    profiles = fake_profiles(owned, kind, round(share * USERS), item, rng)
    users = np.repeat(np.arange(len(profiles)), [len(one) for one in profiles])
    values = np.ones(len(users))
    made_up = sparse.csr_matrix((values, (users, np.concatenate(profiles))), (len(profiles), ITEMS))
    label = np.arange(USERS + len(profiles)) >= USERS
    return sparse.vstack([owned, made_up]).tocsr(), label.astype(int), item


@pytest.mark.parametrize("kind", ["popular", "mixed", "copied"])
@pytest.mark.parametrize("seed", [0, 1])
def test_made_up_users_and_what_they_promote_stand_out(owned, kind, seed):
    both, label, item = with_fakes(owned, kind, seed)
    of_users, of_items = suspicion(both)
    assert auc(label, of_users) > 0.9
    assert of_items[item] >= np.quantile(of_items, 0.97)


def test_scores_do_not_depend_on_how_often_or_in_which_order(owned):
    both, _, _ = with_fakes(owned, "mixed")
    once = suspicion(both)[0]
    np.testing.assert_allclose(suspicion(3 * both)[0], once)
    order = np.random.default_rng(0).permutation(both.shape[0])
    np.testing.assert_allclose(suspicion(both[order])[0], once[order], atol=1e-9)


def test_what_is_judged_is_not_changed(owned):
    often = sparse.csr_matrix(3 * owned, dtype=np.float64)
    suspicion(often)
    assert near_duplicates(often) == near_duplicates(owned)
    np.testing.assert_array_equal(often.data, 3)


def test_near_duplicates_are_counted(owned):
    before = near_duplicates(owned)
    both, label, _ = with_fakes(owned, "copied")
    assert near_duplicates(both) >= before + label.sum()


def test_a_log_is_judged_and_its_worst_are_named():
    rng = np.random.default_rng(0)
    rows = [(f"u{n}", f"i{i}") for n in range(60) for i in rng.choice(30, 6, replace=False)]
    rows += [(f"bot{n}", f"i{i}") for n in range(4) for i in (1, 5, 9, 13, 17, 29)]
    found = suspicion_of_log(pl.DataFrame(rows, schema=["user_id", "item_id"], orient="row"))
    assert len(found.users) == 64
    assert found.users["suspicion"].is_sorted(descending=True)
    assert {f"bot{n}" for n in range(4)} <= {*most_suspicious(found.users, 0.15)}
    assert found.near_duplicates >= 4
    assert len(found.items) == 5


@pytest.mark.parametrize("kind", FAKE_KINDS)
def test_profiles_promote_the_item_and_are_as_long_as_others(owned, kind):
    found = fake_profiles(owned, kind, 50, 7, np.random.default_rng(0))
    assert len(found) == 50
    assert all(7 in one and len({*one.tolist()}) == len(one) for one in found)
    assert all(one.min() >= 0 and one.max() < ITEMS for one in found)
    if kind != "copied":
        length = int(np.median(np.diff(owned.indptr)))
        assert max(map(len, found)) <= length + 1


def test_an_unknown_kind_is_named(owned):
    with pytest.raises(ValueError, match="'bots'"):
        fake_profiles(owned, "bots", 1, 0, np.random.default_rng(0))


def test_tiny_logs_are_judged_without_failing():
    for owned in (np.ones((1, 1)), np.ones((2, 3)), np.eye(4)):
        users, items = suspicion(sparse.csr_matrix(owned))
        assert np.isfinite(users).all()
        assert len(items) == owned.shape[1]

"""Values of policies by logged actions."""

import numpy as np
import pytest

from kit.metrics import (
    InvalidInputError,
    OffPolicyValue,
    doubly_robust,
    ips,
    snips,
)

ROWS = 4000


@pytest.fixture(scope="module")
def log():
    """Actions drawn by the group, rewards whose means are known."""
    rng = np.random.default_rng(0)
    group = rng.integers(0, 2, ROWS)
    chances = np.array([[0.6, 0.3, 0.1], [0.2, 0.2, 0.6]])
    means = np.array([[0.2, 0.5, 0.1], [0.7, 0.1, 0.4]])
    actions = np.array([rng.choice(3, p=chances[one]) for one in group])
    rewards = (rng.random(ROWS) < means[group, actions]).astype(float)
    return {
        "actions": actions,
        "propensities": chances[group, actions],
        "rewards": rewards,
        "group": group,
        "means": means[group],
    }


def test_estimators_find_the_value_of_another_policy(log):
    policy = np.eye(3)[np.where(log["group"] == 1, 0, 1)]
    truth = (policy * log["means"]).sum(axis=1).mean()
    given = log["actions"], log["propensities"], log["rewards"]
    predicted = np.full((ROWS, 3), 0.4)
    value = OffPolicyValue.of(*given, policy, predicted)
    for name, x in value.estimates().items():
        assert x.low < truth < x.high, name
        assert x.mean == value.summary()[name]
    assert ips(*given, policy) == value.summary()["IPS"]
    assert snips(*given, policy) == value.summary()["SNIPS"]
    assert doubly_robust(*given, policy, predicted) == value.summary()["doubly robust"]
    naive = log["rewards"].mean()
    assert abs(naive - truth) > 0.1


def test_the_policy_that_was_logged_has_the_mean_reward(log):
    given = log["actions"], log["propensities"], log["rewards"]
    # Probabilities of the logged actions alone are enough where there are too many actions.
    value = OffPolicyValue.of(*given, log["propensities"])
    assert value.summary() == pytest.approx(
        {"IPS": log["rewards"].mean()} | {"SNIPS": log["rewards"].mean()}
    )
    assert value.effective_rows == pytest.approx(ROWS)


def test_the_doubly_robust_value_is_right_where_one_of_both_is(log):
    policy = np.eye(3)[np.where(log["group"] == 1, 0, 1)]
    truth = (policy * log["means"]).sum(axis=1).mean()
    wrong = np.full(ROWS, 1 / 3)
    by_model = doubly_robust(log["actions"], wrong, log["rewards"], policy, log["means"])
    by_chance = doubly_robust(
        log["actions"], log["propensities"], log["rewards"], policy, 1 - log["means"]
    )
    assert by_model == pytest.approx(truth, abs=0.03)
    assert by_chance == pytest.approx(truth, abs=0.05)
    assert abs(ips(log["actions"], wrong, log["rewards"], policy) - truth) > 0.1


def test_good_predictions_narrow_the_interval(log):
    policy = np.eye(3)[np.where(log["group"] == 1, 0, 1)]
    found = OffPolicyValue.of(
        log["actions"], log["propensities"], log["rewards"], policy, log["means"]
    ).estimates()
    width = {name: x.high - x.low for name, x in found.items()}
    assert width["doubly robust"] < width["SNIPS"] < width["IPS"]


def test_differences_are_paired(log):
    given = log["actions"], log["propensities"], log["rewards"]
    one, other = (OffPolicyValue.of(*given, np.tile(np.eye(3)[n], (ROWS, 1))) for n in (0, 2))
    assert one.minus(one)["IPS"].high == 0
    gap = one.minus(other)["SNIPS"]
    assert gap.mean == one.summary()["SNIPS"] - other.summary()["SNIPS"]
    assert gap.low < gap.mean < gap.high
    with pytest.raises(InvalidInputError, match="same rows"):
        one.minus(OffPolicyValue.of([0], [0.5], [1], [[1, 0]]))


def test_a_policy_of_unlogged_actions_has_no_snips():
    with np.errstate(invalid="raise"):
        assert np.isnan(snips([0, 0], [0.5, 0.5], [1, 1], [[0, 1], [0, 1]]))
        assert ips([0, 0], [0.5, 0.5], [1, 1], [[0, 1], [0, 1]]) == 0


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"propensities": [0.5, 0.0]}, "propensity of 0"),
        ({"propensities": [0.5, 1.5]}, "between 0.5 and 1.5"),
        ({"propensities": [0.5]}, "lengths differ"),
        ({"actions": [0, 2]}, "no action 2"),
        ({"rewards": [0.0, np.nan]}, "NaN or infinite"),
        ({"policy": [[0.5, 0.4], [1, 0]]}, "do not add up to 1"),
        ({"predicted": [[1, 0]]}, "of all actions"),
        ({"policy": [0.5, 0.5], "predicted": [0.5, 0.5]}, "of all actions"),
    ],
)
def test_bad_input_is_refused(changed, message):
    good = {
        "actions": [0, 1],
        "propensities": [0.5, 0.5],
        "rewards": [0.0, 1.0],
        "policy": [[0.5, 0.5], [1, 0]],
    }
    with pytest.raises(InvalidInputError, match=message):
        OffPolicyValue.of(**(good | changed))

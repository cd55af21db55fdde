"""Learners, policies and what is said of them."""

import numpy as np
import pytest

import kit
from kit import evaluation
from kit.evaluation import CampaignMatrix, UpliftPredictions
from kit.metrics import Estimate
from kit.models import campaign_encoder
from tests.data.campaign.campaigns import campaign


def opened(**changed):
    known = changed.pop("known", False)
    more = {"propensity_column": "propensity"} if known else {"ignore": ["propensity"]}
    return kit.open(campaign(**changed), kind="campaign", **more)


@pytest.fixture(scope="module")
def data():
    return opened(rows=4000)


@pytest.fixture(scope="module")
def matrix(data):
    return CampaignMatrix.of(data, campaign_encoder(data))


@pytest.mark.parametrize("learner", [evaluation.t_learner, evaluation.s_learner])
def test_a_learner_finds_whom_the_mail_changes(learner, data, matrix):
    found = learner(matrix)
    encoded = matrix.encoder.encode(data.test.features, whole=True)
    logits = evaluation.logits_of(found.complete, encoded)
    uplift = evaluation.uplift_of(evaluation.probabilities_of(logits))[:, 1]
    woman = (data.test.features["sex"] == "f").to_numpy()
    assert uplift[woman].mean() == pytest.approx(0.35, abs=0.1)
    assert abs(uplift[~woman].mean()) < 0.1
    train = evaluation.logits_of(found.train, encoded)
    assert not np.array_equal(train, logits)


def systems(data, matrix, share=0.3):
    encoded = matrix.encoder.encode(data.test.features, whole=True)
    model = evaluation.t_learner(matrix).complete
    response = evaluation.probabilities_of(evaluation.logits_of(model, encoded))
    likely = evaluation.response_model(matrix, "test")
    return evaluation.uplift_systems(
        data, "test", {"t-learner": response}, likely, share=share, nuisance="t-learner"
    )


@pytest.fixture(scope="module")
def found(data, matrix):
    return systems(data, matrix)


def test_the_model_beats_likely_buyers_where_these_come_anyway(data, found):
    model, likely = found["t-learner"], found["response model"]
    gap = model.minus(likely)
    assert gap["Qini x 1000"].low > 0
    assert gap["value, doubly robust"].low > 0
    said = evaluation.verdicts("t-learner", data.arms, model, gap)
    assert said[0].startswith("mail: t-learner is better than targeting likely buyers")
    assert said[1].startswith("Policy: t-learner is better")


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [
        (-1, 2, "targeting likely buyers is as good"),
        (-2, -1, "targeting likely buyers is better than net"),
        (1, 2, "net is better than targeting likely buyers"),
    ],
)
def test_verdicts_say_what_intervals_do(data, found, low, high, words):
    gap = {name: Estimate((low + high) / 2, low, high) for name in found["response model"].metrics}
    for sentence in evaluation.verdicts("net", data.arms, found["t-learner"], gap):
        assert words in sentence


def test_values_of_policies_hold_the_truth(data, found):
    rows = data.test
    woman = (rows.features["sex"] == "f").to_numpy()
    truth = np.stack([np.where(woman, 0.1, 0.4), np.where(woman, 0.45, 0.4)], axis=1)
    for name, system in found.items():
        expected = (system.policy * truth).sum(axis=1).mean()
        for metric, x in system.estimates().items():
            if "value" in metric:
                assert x.low < expected < x.high, (name, metric)
    random = found["mail at random"]
    assert random.policy.mean(axis=0) == pytest.approx([0.7, 0.3])
    assert random.summary()["Qini x 1000"] == 0
    assert found["control for all"].policy[:, 0].all()
    assert found["mail for all"].policy[:, 1].all()


def test_no_policy_treats_more_than_the_share(data, matrix, found):
    for name in ("t-learner", "response model"):
        assert found[name].policy[:, 1].mean() <= 0.3 + 1 / len(data.test)
    # Whom nothing changes or who loses gets nothing.
    uplift = np.array([[0, 0.2], [0, -0.1], [0, 0.0]])
    assert evaluation.by_uplift(uplift, 1.0).tolist() == [[0, 1], [1, 0], [1, 0]]


def test_metrics_need_finite_predictions(data):
    flat = np.zeros((len(data.test), 2))
    with pytest.raises(ValueError, match="NaN"):
        UpliftPredictions(data.test, data.arms, flat * np.nan, flat + 0.5, flat)


def test_of_the_built_in_campaign_one_treatment_asks_for_likely_buyers():
    data = kit.open("synthetic-campaign")
    found = systems(data, CampaignMatrix.of(data, campaign_encoder(data)))
    gap = found["t-learner"].minus(found["response model"])
    said = evaluation.verdicts("t-learner", data.arms, found["t-learner"], gap)
    assert said[0].startswith("coupon: targeting likely buyers is as good")
    assert said[1].startswith("mail: t-learner is better than targeting likely buyers")


# Randomisation


def test_arms_that_were_drawn_cannot_be_told(matrix):
    found = evaluation.randomisation(matrix)
    assert found.is_random
    assert list(found.auc) == ["mail"]


def test_arms_that_depend_on_a_feature_are_told_by_it():
    data = opened(rows=2000, tell=1.5)
    found = evaluation.randomisation(CampaignMatrix.of(data, campaign_encoder(data)))
    assert not found.is_random
    assert found.auc["mail"].low > 0.6
    assert found.telling["mail"] == "age"
    assert "can be predicted" in found.line


def test_propensities_put_right_what_was_not_drawn_alike():
    # Men visit more, and are older here; the older got the mail.
    data = opened(rows=4000, tell=1.5, known=True)
    matrix = CampaignMatrix.of(data, campaign_encoder(data))
    system = systems(data, matrix)["mail for all"]
    assert (
        system.estimates()["value by SNIPS"].low < 0.425 < system.estimates()["value by SNIPS"].high
    )


def test_several_arms_have_metrics_of_their_own():
    data = opened(rows=2000, arms=3)
    found = systems(data, CampaignMatrix.of(data, campaign_encoder(data)))["t-learner"]
    assert found.metrics[:2] == ["Qini x 1000 of coupon", "Qini x 1000 of mail"]
    assert set(found.policy.argmax(axis=1)) == {0, 1, 2}
    said = evaluation.verdicts("net", data.arms, found, found.minus(found))
    assert [one.split(":")[0] for one in said] == ["coupon", "mail", "Policy"]

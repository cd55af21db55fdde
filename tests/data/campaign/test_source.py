"""Campaigns: columns, arms, bad input."""

import numpy as np
import polars as pl
import pytest

import kit
from kit.data.campaign import (
    CampaignColumns,
    open_campaign,
    outcome_warnings,
    split_campaign,
)
from kit.errors import UserError
from tests.data.campaign.campaigns import campaign


def refused(frame, match, **columns):
    with pytest.raises(UserError, match=match) as raised:
        split_campaign(open_campaign(frame, columns=CampaignColumns(**columns)))
    return raised.value


def test_roles_are_found_by_name_and_the_control_comes_first():
    source = open_campaign(campaign(arms=3))
    assert source.arms == ("control", "coupon", "mail")
    assert source.columns == {"treatment": "arm", "outcome": "visit", "user": "customer_id"}
    assert [one.name for one in source.table.schema.features] == ["sex", "age", "propensity"]


def test_a_campaign_is_split_with_arm_outcome_and_propensity():
    frame = campaign()
    data = split_campaign(open_campaign(frame, columns=CampaignColumns(propensity="propensity")))
    assert (len(data.train), len(data.valid), len(data.test)) == (600, 240, 360)
    assert data.has_propensities
    whole = data.train_and_valid()
    assert len(whole) == 840
    for part in (data.train, data.valid, data.test, whole):
        assert part.features.columns == ["sex", "age"]
        assert set(part.propensity) == {0.5}
    seen = sum(
        int(part.outcome[part.arm == 1].sum()) for part in (data.train, data.valid, data.test)
    )
    assert seen == frame.filter(arm="mail")["visit"].sum()
    labels = data.train.labels(2)
    own = labels[np.arange(600), data.train.arm]
    assert np.isnan(labels).sum() == 600
    np.testing.assert_array_equal(own, data.train.outcome)


def test_without_propensities_they_are_the_shares_of_the_arms():
    frame = campaign().drop("propensity")
    data = split_campaign(open_campaign(frame))
    share = (frame["arm"] == "mail").mean()
    assert data.test.propensity[data.test.arm == 1] == pytest.approx(share)
    assert data.test.propensity[data.test.arm == 0] == pytest.approx(1 - share)


def test_a_given_split_stays():
    frame = campaign().with_columns(split=pl.Series(["train", "valid", "test", "test"] * 300))
    data = kit.open(frame, kind="campaign", ignore=["propensity"])
    assert (len(data.train), len(data.valid), len(data.test)) == (300, 300, 600)
    assert data.split.startswith("given")


def test_rows_without_arm_or_outcome_are_named_and_left_out():
    frame = campaign().with_columns(
        arm=pl.when(pl.int_range(pl.len()) < 5).then(None).otherwise("arm"),
        visit=pl.when(pl.int_range(pl.len()) >= 1190).then(None).otherwise("visit"),
    )
    data = split_campaign(open_campaign(frame))
    dropped = {step.name: step.rows for step in data.cleaning}
    assert dropped == {"rows without outcome": 10, "rows without arm": 5}
    assert sum(map(len, (data.train, data.valid, data.test))) == 1185


def test_the_built_in_campaign_says_that_it_is_synthetic():
    data = kit.open("synthetic-campaign")
    assert data.licence.startswith("Synthetic: every row is drawn at random")
    assert data.arms == ("none", "coupon", "mail")
    again = kit.open("synthetic-campaign")
    assert data.train.features.equals(again.train.features)


def test_features_that_decide_the_outcome_are_named():
    rng = np.random.default_rng(0)
    bought = (rng.random(1200) < 0.4) & (campaign()["visit"] == 1).to_numpy()
    frame = campaign().with_columns(
        bought=bought.astype(int), spend=np.where(bought, rng.lognormal(3, 1, 1200), 0.0)
    )
    found = outcome_warnings(split_campaign(open_campaign(frame)))
    assert len(found) == 2
    assert "whose bought is 1 have visit 1" in found[0]
    assert "whose spend is not 0 have visit 1" in found[1]
    assert "--ignore spend" in found[1]
    assert outcome_warnings(split_campaign(open_campaign(campaign()))) == []


# Bad input


def test_one_arm_only():
    refused(campaign().filter(arm="mail"), "There is one arm only: mail")


def test_an_arm_of_few_rows():
    frame = campaign()
    mails = frame.filter(arm="mail").head(99)
    refused(pl.concat([frame.filter(arm="control"), mails]), "The arm 'mail' has 99 rows")


def test_an_outcome_before_its_treatment():
    day = 86_400 * 19_000
    frame = campaign().with_columns(
        sent=pl.lit(day),
        came=pl.when(pl.int_range(pl.len()) == 7).then(day - 60).otherwise(day + 9),
    )
    error = refused(frame, "1 outcomes lie before", treated_at="sent", outcome_at="came")
    assert error.where.endswith("row 7, column came")


def test_an_outcome_that_is_a_feature():
    frame = campaign().with_columns(came=pl.col("visit") == 1)
    assert "--ignore came" in refused(frame, "'came' is a copy of the outcome 'visit'").remedy
    open_campaign(frame, columns=CampaignColumns(ignore=("came",)))


def test_an_arm_that_is_a_feature():
    refused(campaign().with_columns(sent=pl.col("arm") == "mail"), "'sent' is a copy of the treatm")


def test_one_column_for_two_roles():
    refused(campaign(), "'visit' is named as", treatment="visit", outcome="visit")


@pytest.mark.parametrize("wrong", [0.0, 1.0, 1.4, -0.1, None])
def test_propensities_outside_of_0_to_1(wrong):
    frame = campaign().with_columns(
        propensity=pl.when(pl.int_range(pl.len()) == 3).then(wrong).otherwise("propensity")
    )
    error = refused(frame, "1 rows have no propensity between 0 and 1", propensity="propensity")
    assert "row 3, column propensity" in error.where


def test_propensities_of_being_treated_are_told_from_those_of_the_own_arm():
    frame = campaign(tell=1.0).with_columns(
        treated=pl.when(pl.col("arm") == "mail")
        .then("propensity")
        .otherwise(1 - pl.col("propensity"))
    )
    refused(frame, "The propensities do not fit the arm 'control'", propensity="treated")


def test_users_in_both_arms():
    frame = campaign()
    other = frame.head(2).with_columns(
        arm=pl.when(pl.col("arm") == "mail").then(pl.lit("control")).otherwise(pl.lit("mail"))
    )
    error = refused(pl.concat([frame, other]), "2 users are in several arms")
    assert error.where.endswith("column customer_id")
    refused(pl.concat([frame, frame.head(3)]), "3 users have several rows")
    open_campaign(pl.concat([frame, frame.head(3)]), columns=CampaignColumns(user=""))


def test_a_control_that_cannot_be_told_or_is_not_there():
    frame = campaign().with_columns(pl.col("arm").replace("control", "letter"))
    assert "--control" in refused(frame, "No arm is recognised as the control").remedy
    refused(frame, "There is no arm 'nobody'", control="nobody")
    assert open_campaign(frame, columns=CampaignColumns(control="letter")).arms[0] == "letter"


def test_no_column_of_an_outcome():
    refused(campaign().rename({"visit": "spent"}), "No column is recognised as the outcome")


@pytest.mark.parametrize(
    ("changed", "positive", "message"),
    [
        (pl.col("age"), None, "'visit' has 62 different values"),
        (pl.lit(1), None, "'visit' has 1 different values: 1"),
        (pl.col("visit"), "yes", "No row has the outcome 'yes'"),
    ],
)
def test_an_outcome_that_has_not_two_values(changed, positive, message):
    frame = campaign().with_columns(visit=changed).drop("age")
    assert "--positive" in refused(frame, message, positive=positive).remedy


def test_missing_outcomes_are_no_third_value():
    frame = campaign().with_columns(
        visit=pl.when(pl.int_range(pl.len()) < 9)
        .then(pl.lit("NA"))
        .otherwise(pl.col("visit").cast(pl.String))
    )
    data = split_campaign(open_campaign(frame))
    assert [(step.name, step.rows) for step in data.cleaning] == [("rows without outcome", 9)]


def test_the_outcome_that_counts_can_be_named():
    frame = campaign().with_columns(
        visit=pl.col("visit").replace_strict({1: "never", 0: "once"}).fill_null("twice")
    )
    data = kit.open(frame, kind="campaign", positive="once")
    never = sum(len(x) - x.outcome.sum() for x in (data.train, data.valid, data.test))
    assert never == campaign()["visit"].sum()


def test_too_many_arms():
    refused(campaign(), "The treatment has 62 different values", treatment="age", ignore=("arm",))


def test_a_part_without_an_arm():
    frame = campaign().with_columns(
        split=pl.when(pl.col("arm") == "mail")
        .then(pl.lit("train"))
        .otherwise(pl.Series(["train", "valid", "test"] * 400))
    )
    with pytest.raises(UserError, match="The valid part has no row of the arm 'mail'"):
        kit.open(frame, kind="campaign")

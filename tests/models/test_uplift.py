"""Models of uplift: TARNet and the linear one."""

import keras
import numpy as np
import pytest

import kit
from kit.losses import masked_binary_crossentropy
from kit.models import LinearUplift, RankingInput, Uplift
from tests.data.campaign.campaigns import campaign

INPUTS = [
    RankingInput("city", "code", 5),
    RankingInput("tags", "codes", 6),
    RankingInput("age", "number"),
]
ROWS = {
    "city": np.array([1, 4, 0]),
    "tags": np.array([[2, 3], [0, 0], [5, 0]]),
    "age": np.float32([20, 60, np.nan]),
}


def linear():
    keras.utils.set_random_seed(0)
    model = LinearUplift(INPUTS, ["none", "mail"], {"age": [30.0, 50.0]})
    model.table.assign(np.random.default_rng(0).normal(size=model.table.shape))
    model.bias.assign([0.5, -1])
    return model


def network():
    keras.utils.set_random_seed(0)
    model = Uplift(INPUTS, ["none", "mail"], dim=4, hidden=[8], head=4)
    model.build()
    return model


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
@pytest.mark.parametrize("make", [linear, network])
def test_a_model_is_saved_and_built_from_its_config(make, tmp_path):
    model = make()
    found = np.asarray(model(ROWS))
    assert found.shape == (3, 2)
    assert np.isfinite(found).all()
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(np.asarray(again(ROWS)), found, rtol=1e-6)
    assert type(model).from_config(model.get_config()).arms == ["none", "mail"]


def test_linear_logits_are_sums_of_weights():
    model = linear()
    table, bias = np.asarray(model.table), np.asarray(model.bias)
    # 5 rows of cities, 6 of tags, then of ages: missing, and three ranges.
    expected = [
        table[1] + (table[5 + 2] + table[5 + 3]) / 2 + table[11 + 1],
        table[4] + table[11 + 3],
        table[0] + table[5 + 5] + table[11 + 0],
    ]
    np.testing.assert_allclose(np.asarray(model(ROWS)), np.stack(expected) + bias, rtol=1e-5)


def test_a_row_trains_the_head_of_its_own_arm_alone():
    model = network()
    labels = np.float32([[1, np.nan], [0, np.nan], [1, np.nan]])
    model.compile(keras.optimizers.SGD(0.5), loss=masked_binary_crossentropy)
    before = [np.asarray(w) for w in model.heads[1].weights + model.logits[1].weights]
    own = np.asarray(model.logits[0].kernel)
    model.train_on_batch(ROWS, labels)
    for old, new in zip(before, model.heads[1].weights + model.logits[1].weights, strict=True):
        np.testing.assert_array_equal(old, np.asarray(new))
    assert not np.array_equal(own, np.asarray(model.logits[0].kernel))


def test_a_model_needs_inputs_and_two_arms():
    with pytest.raises(ValueError, match="an input and two arms"):
        Uplift(INPUTS, ["none"])
    with pytest.raises(ValueError, match="an input and two arms"):
        Uplift([], ["none", "mail"])


def test_it_is_built_for_a_campaign():
    data = kit.open(campaign(arms=3), kind="campaign", ignore=["propensity"])
    model = Uplift.for_dataset(data, dim=4)
    assert model.arms == ["control", "coupon", "mail"]
    encoded = model.table_encoder.encode(data.test.features, whole=True)
    assert np.asarray(model(encoded)).shape == (360, 3)

"""The hurdle model of the value of customers."""

import keras
import numpy as np
import pytest

from kit.models import CustomerValue, SequenceEncoder, log_likelihood

HORIZON = 30


def days(*customers, season=1.0, length=6):
    """Inputs of customers, each a list of (amount, age)."""
    amount, age = np.zeros((2, len(customers), length), np.float32)
    for row, own in enumerate(customers):
        for place, (paid, before) in enumerate(own):
            amount[row, place], age[row, place] = paid, before
    return {"amount": amount, "age": age, "season": np.full(len(customers), season, np.float32)}


CUSTOMERS = ([(20, 90), (30, 40), (25, 3)], [(500, 200)], [(5, 1), (-2, 1)])


@pytest.fixture(params=[None, "gru"])
def model(request):
    keras.utils.set_random_seed(0)
    kind = request.param
    encoder = None if kind is None else SequenceEncoder(kind, layers=1, dropout=0)
    model = CustomerValue(HORIZON, 6, encoder, encoded=3, dim=8, dropout=0)
    model.build()
    model.location.assign(3)
    return model


def test_padding_and_the_length_of_histories_change_nothing(model):
    alone = np.asarray(model(days(CUSTOMERS[0])))
    together = np.asarray(model(days(*CUSTOMERS)))
    np.testing.assert_allclose(together[:1], alone, rtol=1e-5)


def test_the_season_multiplies_rate_and_expected_value(model):
    usual, twice = model(days(*CUSTOMERS)), model(days(*CUSTOMERS, season=2.0))
    np.testing.assert_allclose(twice[:, 0], 2 * usual[:, 0], rtol=1e-5)
    mean, double = (np.asarray(model.answers(x))[:, 0] for x in (usual, twice))
    np.testing.assert_allclose(double, 2 * mean, rtol=1e-4)


def test_the_interval_holds_its_share_of_a_simulation():
    model = CustomerValue(HORIZON, 6)
    model.build()
    rng = np.random.default_rng(0)
    for rate in (0.1, 0.7, 4.0):
        distribution = np.float32([[rate, 3.0, 0.9]])
        mean, low, high, buys = np.asarray(model.answers(distribution))[0]
        bought = rng.random(200_000) < 1 - np.exp(-rate)
        value = np.where(bought, rng.lognormal(3, 0.9, 200_000), 0)
        assert buys == pytest.approx(bought.mean(), abs=0.01)
        assert mean == pytest.approx(value.mean(), rel=0.03)
        inside = ((value >= low) & (value <= high)).mean()
        assert inside == pytest.approx(max(0.8, 1 - buys), abs=0.01)


def test_no_expected_value_exceeds_the_largest_one_of_train(model):
    model.largest.assign(50)
    found = model.answers(np.float32([[9.0, 12.0, 1.4]]))
    assert np.asarray(found)[0, :3].max() <= 50


def test_the_likelihood_is_that_of_the_hurdle():
    rate, location, deviation = 0.7, 3.0, 0.5
    found = log_likelihood(np.array([0.0, 20.0]), np.float32([[rate, location, deviation]] * 2))
    density = -0.5 * ((np.log(20) - location) / deviation) ** 2 - np.log(deviation)
    np.testing.assert_allclose(found, [-rate, np.log(1 - np.exp(-rate)) + density], rtol=1e-5)


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_the_model_learns_and_is_saved(model, tmp_path):
    inputs, value = days(*CUSTOMERS), np.float32([[60], [0], [4]])
    model.compile(keras.optimizers.Adam(0.005), run_eagerly=True)
    losses = model.fit(inputs, value, epochs=4, verbose=0).history["loss"]
    assert losses[-1] < losses[0]
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(again(inputs), model(inputs))

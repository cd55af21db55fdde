import numpy as np
from scipy import sparse
from sklearn.linear_model import LogisticRegression

from kit.evaluation import classification_baselines
from kit.evaluation._tabular_baselines import _columns, _fitted, _probabilities
from tests.evaluation.clicks import clicks


def test_the_baselines_see_train_alone_and_learn_from_it(tmp_path):
    data, encoder = clicks(tmp_path / "clicks.csv", "click", "buy")
    found = classification_baselines(data, encoder)
    rate = found["base rate"].of_labels["click"]
    np.testing.assert_allclose(rate.probabilities, data.train.labels[:, 0].mean(), rtol=1e-6)
    assert rate.summary()["AUC"] == 0.5
    linear = found["logistic regression"].of_labels
    assert linear["click"].summary()["AUC"] > 0.75
    assert len(linear["buy"].labels) == int((~np.isnan(data.test.labels[:, 1])).sum())


def test_columns_of_a_list_share_its_weight_and_numbers_fall_into_bins(tmp_path):
    data, encoder = clicks(tmp_path / "clicks.csv")
    rows = data.test.features[:5]
    edges = {"price (EUR)": np.array([2.0, 8.0])}
    columns = _columns(encoder.encode(rows), encoder, edges)
    # Every feature of a row adds up to 1; none of these rows has an empty list.
    features = len(data.schema.features)
    np.testing.assert_allclose(columns.sum(axis=1).A1, [features] * 5)
    assert columns.max() == 1


def test_the_fit_is_that_of_scikit_learn():
    rng = np.random.default_rng(0)
    columns = sparse.csr_matrix((rng.random((300, 6)) < 0.4) * rng.normal(size=(300, 6)))
    targets = (rng.random(300) < 0.4).astype(float)
    found = _fitted(columns, targets, 2.0, np.zeros(7))
    peer = LogisticRegression(C=0.5, tol=1e-8, max_iter=1000).fit(columns, targets)
    np.testing.assert_allclose(
        _probabilities(columns, found), peer.predict_proba(columns)[:, 1], atol=1e-3
    )

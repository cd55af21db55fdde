import numpy as np
import pytest

from kit.data.table import open_ranking, split_ranking
from kit.errors import UserError
from kit.models import Ranking
from tests.evaluation.clicks import clicks


def test_the_model_takes_what_the_encoder_makes(tmp_path):
    data, encoder = clicks(tmp_path / "clicks.csv", "click", "buy")
    model = Ranking.for_dataset(data, encoder=encoder, dim=4, hidden=(8,))
    kinds = {one.name: one.kind for one in model.fields.inputs}
    assert kinds["tags"] == kinds["title"] == "codes"
    assert (kinds["user_id"], kinds["price (EUR)"]) == ("code", "number")
    logits = model(encoder.encode(data.test.features))
    assert logits.shape == (len(data.test), 2)
    edges = model.fields.numbers.edges.numpy()[0]
    assert edges[0] == pytest.approx(np.nanmin(data.train.features["price (EUR)"].to_numpy()))


def test_calibration_changes_the_logits_and_nothing_else(tmp_path):
    data, encoder = clicks(tmp_path / "clicks.csv")
    model = Ranking.for_dataset(data, encoder=encoder, dim=4, hidden=(8,))
    rows = encoder.encode(data.test.features[:5])
    before = model(rows).numpy()
    model.set_calibration([0.5], [1.0])
    np.testing.assert_allclose(model(rows), 0.5 * before + 1, rtol=1e-6)
    assert {w.name for w in model.trainable_variables}.isdisjoint({"scale", "shift"})


def test_din_needs_a_history(tmp_path):
    data, encoder = clicks(tmp_path / "clicks.csv")
    with pytest.raises(UserError, match="din attends to a history") as raised:
        Ranking.for_dataset(data, "din", encoder=encoder)
    assert "--history" in raised.value.remedy
    source = open_ranking(str(tmp_path / "clicks.csv"))
    assert split_ranking(source, history=5).history == "history"

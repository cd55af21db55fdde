import json

import numpy as np
import polars as pl
import pytest
import tensorflow as tf

from kit.data.table import Feature
from kit.exporting import Ranker, export_ranking, outputs_of
from kit.exports import raw_inputs
from kit.models import Ranking
from tests.evaluation.clicks import clicks
from tests.exporting.parts import passing


def test_the_export_records_what_the_model_says_and_what_it_was_made_for(tmp_path, monkeypatch):
    # No process of its own for the check, which the recipe's test is about.
    monkeypatch.setattr("kit.exports.verify", passing)
    data, encoder = clicks(tmp_path / "clicks.csv")
    model = Ranking.for_dataset(data, encoder=encoder, dim=4, hidden=(8,))
    version, _ = export_ranking(model, data, encoder, tmp_path / "m", card={"recipe": "ranking"})
    extra = version / "assets.extra"
    assert "`price__EUR_`" in (extra / "model_card.md").read_text()
    card = json.loads((extra / "card.json").read_text())
    assert card["labels"] == {"click": "1"}
    assert card["schema"]["features"][0] == {"name": "user_id", "kind": "id"}
    recorded = json.loads((extra / "recorded.json").read_text())["serving_default"]
    inputs, outputs = recorded["inputs"], recorded["outputs"]
    # Beside drawn rows one of which nothing is known, and one of values that no row has.
    assert inputs["colour"][-2:] == ["", "\N{WHITE QUESTION MARK ORNAMENT} nothing"]
    assert np.isnan(inputs["price__EUR_"][-2])
    assert {*map(len, inputs.values())} == {len(outputs["probability"])} == {18}


def test_raw_values_are_padded_and_marked_where_they_are_missing():
    features = [Feature("tags", "list"), Feature("title", "text"), Feature("n", "number")]
    rows = pl.DataFrame({"tags": [["a", "b"], None], "title": ["one", None], "n": [1.5, None]})
    found = raw_inputs(rows, features)
    assert found["tags"] == [["a", "b"], ["", ""]]
    assert found["title"] == ["one", ""]
    assert found["n"][0] == 1.5
    assert np.isnan(found["n"][1])


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The data, the encoder and an untrained model of both labels."""
    data, encoder = clicks(tmp_path_factory.mktemp("ranker") / "clicks.csv", "click", "buy")
    return data, encoder, Ranking.for_dataset(data, encoder=encoder, dim=4, hidden=(8,))


def test_the_graph_answers_as_the_model_does_from_raw_values(made):
    data, encoder, model = made
    signature = Ranker(model, encoder).signatures()["serving_default"]
    rows = data.test.features[:40]
    inputs = {k: tf.constant(v) for k, v in raw_inputs(rows, data.schema.features).items()}
    answer = signature(**inputs)
    expected = tf.sigmoid(model(encoder.encode(rows, whole=True))).numpy()
    for number, name in enumerate(outputs_of(data.labels)):
        np.testing.assert_allclose(answer[name], expected[:, number], atol=1e-6)
    assert set(inputs) == {"user_id", "item_id", "price__EUR_", "colour", "tags", "title"}


def test_odd_values_are_missing_or_rare(made):
    data, encoder, model = made
    signature = Ranker(model, encoder).signatures()["serving_default"]

    def ask(**changes):
        row = raw_inputs(data.test.features[:1], data.schema.features) | changes
        return float(signature(**{k: tf.constant(v) for k, v in row.items()})["click"][0])

    assert ask(price__EUR_=[float("inf")]) == ask(price__EUR_=[float("nan")])
    assert ask(colour=["green"]) == ask(colour=["no colour"]) != ask(colour=[""])
    assert ask(colour=[" red "]) == ask(colour=["red"])
    assert ask(colour=["\u00a0red\u200b"]) == ask(colour=["red"])
    assert ask(tags=[["", "t1", ""]]) == ask(tags=[["t1"]])
    assert ask(title=["NICE, thing!"]) == ask(title=["nice thing"])
    assert ask(title=[""]) == ask(title=["!?"])

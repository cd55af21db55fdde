import numpy as np
import pytest
import tensorflow as tf

from kit.artefact import raw_inputs
from kit.export import Ranker, outputs_of
from kit.models import Ranking
from tests.evaluation.clicks import clicks


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

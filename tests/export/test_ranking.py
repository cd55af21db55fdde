import json

import numpy as np
import polars as pl

from kit.artefact import raw_inputs
from kit.data import Feature
from kit.export import _saved_model, export_ranking
from kit.models import Ranking
from tests.evaluation.clicks import clicks
from tests.export.parts import passing


def test_the_export_records_what_the_model_says_and_what_it_was_made_for(tmp_path, monkeypatch):
    # No process of its own for the check, which the recipe's test is about.
    monkeypatch.setattr(_saved_model, "verify", passing)
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

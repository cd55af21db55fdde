import json

import numpy as np

from kit.export import export_texts
from tests.export.words import untrained


def test_the_export_answers_by_all_loaders_and_says_what_it_is(tmp_path):
    data, tokens, model = untrained()
    version, checks = export_texts(model, tokens, data, 20, tmp_path, card={"recipe": "texts"})
    assert {(check.signature, check.passed) for check in checks} == {
        ("serving_default", True),
        ("embed", True),
    }
    assert len(checks) == 6
    extra = version / "assets.extra"
    card = json.loads((extra / "card.json").read_text())
    assert (card["classes"], card["length"]) == (["a", "b", "c"], 20)
    assert not card.get("custom_ops")
    recorded = json.loads((extra / "recorded.json").read_text())["serving_default"]
    assert "" in recorded["inputs"]["text"]
    np.testing.assert_allclose(np.sum(recorded["outputs"]["probability"], axis=1), 1, atol=1e-5)

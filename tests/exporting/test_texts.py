import json

import numpy as np
import pytest

from kit.exporting import export_texts
from tests.exporting.parts import c_library_only
from tests.exporting.words import untrained


@pytest.mark.slow
@pytest.mark.parametrize("loaders", [1, 3])
def test_verified_export_and_its_card(tmp_path, monkeypatch, loaders):
    if loaders == 1:
        c_library_only(monkeypatch)
    data, tokens, model = untrained()
    version, checks = export_texts(model, tokens, data, 20, tmp_path, card={"recipe": "texts"})
    assert {(check.signature, check.passed) for check in checks} == {
        ("serving_default", True),
        ("embed", True),
    }
    assert len(checks) == 2 * loaders
    extra = version / "assets.extra"
    card = json.loads((extra / "card.json").read_text())
    assert (card["classes"], card["length"]) == (["a", "b", "c"], 20)
    assert not card.get("custom_ops")
    recorded = json.loads((extra / "recorded.json").read_text())["serving_default"]
    assert "" in recorded["inputs"]["text"]
    np.testing.assert_allclose(np.sum(recorded["outputs"]["probability"], axis=1), 1, atol=1e-5)

import json

import numpy as np
import pytest
import tensorflow as tf

from kit.artefact import with_bytes
from kit.export import export_images
from tests.export.images import untrained
from tests.export.parts import c_library_only


@pytest.mark.parametrize("loaders", [1, pytest.param(3, marks=pytest.mark.slow)])
def test_verified_export_and_its_card(tmp_path, monkeypatch, loaders):
    if loaders == 1:
        c_library_only(monkeypatch)
    data, model = untrained(classes=3)
    version, checks = export_images(model, data, tmp_path / "m", card={"recipe": "images"})
    assert {(check.signature, check.passed) for check in checks} == {
        ("serving_default", True),
        ("embed", True),
    }
    assert len(checks) == 2 * loaders
    extra = version / "assets.extra"
    card = json.loads((extra / "card.json").read_text())
    assert (card["classes"], card["shape"]) == (["a", "b", "c"], [9, 8, 1])
    recorded = json.loads((extra / "recorded.json").read_text())["serving_default"]
    content = with_bytes(recorded["inputs"]["image"])[0]
    assert tf.io.decode_png(content).shape == (9, 8, 1)
    np.testing.assert_allclose(np.sum(recorded["outputs"]["probability"], axis=1), 1, atol=1e-5)

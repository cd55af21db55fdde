import numpy as np
import polars as pl
import pytest
import tensorflow as tf

from kit.exporting import export_text_encoder
from kit.exports import ItemContent
from kit.models.pretrained import pretrained_text_encoder
from tests.exporting.parts import c_library_only
from tests.models.pretrained.test_texts import save_tiny_bert

# Cheaper: the encoder itself (tests/models), contents read by an encoder (tests/exports).
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("default")]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("encoder")
    save_tiny_bert(folder / "preset")
    found = pretrained_text_encoder(str(folder / "preset"), "frozen")
    with pytest.MonkeyPatch.context() as patch:
        c_library_only(patch)
        card = {"recipe": "encoder"}
        version, checks = export_text_encoder(found, 6, folder / "model", card=card)
    return found, version, checks


def test_export_matches_encoder(made):
    found, version, checks = made
    assert {check.signature for check in checks} == {"serving_default", "embed"}
    assert all(check.passed for check in checks)
    served = tf.saved_model.load(version).signatures["embed"]
    texts = ["it is good", "is it good is it good!", ""]
    answer = served(text=tf.constant(texts))["embedding"].numpy()
    # Of the long one the middle is not read.
    numbers = found.tokenizer.padded(["it is good", "is it good!", ""], 6)
    np.testing.assert_allclose(answer, found.encoder(numbers)["pooled"], atol=1e-5)
    alone = served(text=tf.constant(texts[:1]))["embedding"].numpy()
    np.testing.assert_allclose(alone[0], answer[0], atol=1e-5)


def test_it_reads_the_texts_of_items(made, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    table = pl.DataFrame({"item_id": ["a", "b", "c"], "about": ["good", None, "bad!"]})
    joined = ItemContent("about", str(made[1].parent)).joined(table)
    assert joined.columns == ["item_id", "about", *(f"about[{place}]" for place in range(8))]
    assert joined["about[0]"].is_null().to_list() == [False, True, False]

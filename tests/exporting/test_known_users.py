"""Exports without users: histories are answered, and nobody is known."""

import numpy as np
import pytest
import tensorflow as tf

from kit.errors import UserError
from kit.exporting import Catalogue, export_retrieval, read_parts
from kit.exports import LoadedExport, is_sample_user, load_version, verify
from kit.models import SequenceEncoder, SequentialRecommender, TwoTower
from kit.retrieval import IndexSettings
from tests.evaluation.small import random_dataset
from tests.exporting.parts import c_library_only, passing

MODELS = {
    "two-tower": lambda data: TwoTower.for_dataset(data, dim=4),
    "sequential": lambda data: SequentialRecommender.for_dataset(
        data, dim=4, length=8, encoder=SequenceEncoder(layers=1, heads=1, time_buckets=8)
    ),
}
SLOW = pytest.mark.slow


@pytest.mark.parametrize("kind", ["two-tower", pytest.param("sequential", marks=SLOW)])
def test_no_user_is_in_it_and_histories_are_answered(kind, tmp_path, monkeypatch):
    monkeypatch.setattr("kit.exports.verify", passing)
    data = random_dataset()
    model = MODELS[kind](data)
    options = {"k": 5, "card": {"recipe": kind}}
    whole, _ = export_retrieval(model, data, tmp_path / "whole", **options)
    version, _ = export_retrieval(model, data, tmp_path / "m", known_users=False, **options)
    known = {*data.user_ids[: data.num_users]}
    assert {*read_parts(whole).user_ids} > known
    assert all(map(is_sample_user, read_parts(version).user_ids))
    files = [path for path in version.rglob("*") if path.is_file()]
    for one in known:
        assert not [path for path in files if one.encode() in path.read_bytes()]
    loaded, before = load_version(version), load_version(whole)
    history = tf.constant([data.item_ids[:3].tolist()])
    expected = before.signatures["from_history"](history=history)
    for name in ("from_history", "serving_default"):
        answer = loaded.signatures[name](history=history)
        np.testing.assert_array_equal(answer["item_id"], expected["item_id"])
        np.testing.assert_allclose(answer["score"], expected["score"])
    takes_users = {
        name
        for name, function in loaded.signatures.items()
        if "user_id" in function.structured_input_signature[1]
    }
    assert takes_users == set()
    export = LoadedExport(version)
    assert export.from_history([data.item_ids[0]], 3)
    assert export.explain_history([data.item_ids[0]], data.item_ids[1]).score
    for ask in (
        lambda: export.recommend("secret-user-1", 3),
        lambda: export.top_lists(["secret-user-1"]),
        lambda: export.users(),
    ):
        with pytest.raises(UserError, match=r"no (vectors of )?users"):
            ask()


@SLOW
def test_so_does_another_catalogue_of_it(tmp_path, monkeypatch):
    c_library_only(monkeypatch)
    data = random_dataset()
    model = MODELS["two-tower"](data)
    card = {"recipe": "two-tower"}
    version, _ = export_retrieval(model, data, tmp_path, k=5, known_users=False, card=card)
    gone = [str(data.item_ids[0])]
    new, _ = Catalogue.of(version).without(gone).export(tmp_path, IndexSettings())
    assert "embed_user" not in load_version(new).signatures
    assert all(check.passed for check in verify(new))

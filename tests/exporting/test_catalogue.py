import json
from dataclasses import replace

import numpy as np
import polars as pl
import pytest
import scipy.sparse as sparse

from kit.errors import UserError
from kit.exporting import Catalogue, export_recommender
from kit.exports import RetrievalCard, is_sample_user
from kit.retrieval import IndexSettings
from tests.exporting.parts import ITEMS, OWNED, VALUES, hand_made, passing


@pytest.fixture(scope="module")
def version(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("kit.exports.verify", passing)
        version, _ = export_recommender(
            hand_made(),
            tmp_path_factory.mktemp("model"),
            model=None,
            k=5,
            exclude_seen=True,
            index=IndexSettings(),
            card=RetrievalCard(recipe="by hand", names=dict.fromkeys(ITEMS, "a name")),
        )
    return version


def test_an_export_comes_apart_into_what_it_was_made_from(version):
    parts, made = Catalogue.of(version).parts, hand_made()
    users = len(made.user_ids)
    assert list(parts.user_ids[:users]) == made.user_ids
    assert all(map(is_sample_user, parts.user_ids[users:]))
    assert list(parts.item_ids) == made.item_ids
    np.testing.assert_array_equal(parts.item_vectors, made.item_vectors)
    np.testing.assert_array_equal(parts.user_vectors[:users], made.user_vectors)
    np.testing.assert_array_equal(parts.owned.offsets[: users + 1], made.owned.offsets)
    assert parts.attributes.values == VALUES


def test_removed_items_leave_histories_and_attributes(version):
    changed = Catalogue.of(version).without(["a b", "plain"])
    gone = {ITEMS.index("a b"), ITEMS.index("plain")}
    kept = [place for place in range(len(ITEMS)) if place not in gone]
    assert list(changed.parts.item_ids) == [ITEMS[place] for place in kept]
    for user, owned in enumerate(OWNED):
        row = changed.parts.owned.take(np.array([user])).items
        assert [kept[item] for item in row] == [item for item in owned if item not in gone]
    np.testing.assert_array_equal(changed.parts.attributes.tokens[:2], [[1, 3], [2, 0]])
    assert "a b" not in changed.card.names


@pytest.mark.parametrize(
    "kind", [pytest.param(np.asarray, marks=pytest.mark.slow), sparse.csr_matrix]
)
def test_item_weights_follow_the_catalogue(tmp_path, monkeypatch, kind):
    monkeypatch.setattr("kit.exports.verify", passing)
    count = len(ITEMS)
    weights = np.arange(count**2, dtype=np.float32).reshape(count, count)
    version, _ = export_recommender(
        replace(hand_made(), item_weights=kind(weights)),
        tmp_path,
        model=None,
        k=5,
        exclude_seen=True,
        index=IndexSettings(),
        card=RetrievalCard(recipe="by hand", names=dict.fromkeys(ITEMS, "a name")),
    )
    catalogue = Catalogue.of(version)
    np.testing.assert_array_equal(_dense(catalogue.parts.item_weights), weights)
    kept = [place for place, item in enumerate(ITEMS) if item != "plain"]
    fewer = catalogue.without(["plain"]).parts.item_weights
    np.testing.assert_array_equal(_dense(fewer), weights[kept][:, kept])


def _dense(weights):
    return sparse.csr_matrix(weights).toarray()


@pytest.mark.slow
def test_a_changed_catalogue_is_exported_with_its_answers(version, tmp_path, monkeypatch):
    monkeypatch.setattr("kit.exports.verify", passing)
    changed = Catalogue.of(version).without(["plain"])
    new, _ = changed.export(tmp_path, IndexSettings("inverted-file"))
    recorded = json.loads((new / "assets.extra" / "recorded.json").read_text())
    shown = {item for row in recorded["serving_default"]["outputs"]["item_id"] for item in row}
    assert shown <= {*ITEMS, ""} - {"plain"}
    card = json.loads((new / "assets.extra" / "card.json").read_text())
    assert card["index"]["kind"] == "inverted-file"


def test_a_model_of_ids_alone_takes_no_new_items(version):
    with pytest.raises(UserError, match=r"id only(.|\n)*--items FILE"):
        Catalogue.of(version).with_items(pl.DataFrame({"item_id": ["new"], "title": ["x"]}))

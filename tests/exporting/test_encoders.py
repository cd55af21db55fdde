import keras
import numpy as np
import pytest
import tensorflow as tf

from kit.exporting import (
    Catalogue,
    HistoryEncoder,
    ItemFeatures,
    Recommender,
    export_retrieval,
    retrieval_parts,
)
from kit.exports import version_folder
from kit.models import (
    EntityTower,
    FeatureShape,
    SequenceEncoder,
    SequenceLoss,
    SequentialRecommender,
)
from kit.retrieval import IndexSettings
from tests.evaluation.small import random_dataset
from tests.exporting.parts import asked, c_library_only, passing


@pytest.fixture(scope="module")
def data():
    return random_dataset()


def model_of(data, kind="attention"):
    keras.utils.set_random_seed(0)
    return SequentialRecommender.for_dataset(
        data, dim=4, length=8, encoder=SequenceEncoder(kind, layers=1, heads=1), loss=SequenceLoss()
    )


def test_it_encodes_vectors_as_the_model_encodes_codes(data):
    model = model_of(data)
    codes = np.array([[3, 1, 2, 0], [5, 0, 0, 0], [0, 0, 0, 0]])
    vectors = np.asarray(model.item_vectors())[codes]
    found = HistoryEncoder(model).query(vectors, codes > 0)
    np.testing.assert_allclose(found, model({"history": codes}), atol=1e-6)


def test_histories_are_read_in_order_and_unknown_items_passed_over(data):
    parts = retrieval_parts(model_of(data), data)
    module = Recommender(parts, k=5, exclude_seen=True)
    one, two, three = parts.item_ids[:3]
    there, scores = asked(module.from_history, [[one, two, three]])
    again, same = asked(module.from_history, [[one, "?", two, three, ""]])
    assert again == there
    np.testing.assert_allclose(same, scores, atol=1e-5)
    _, other = asked(module.from_history, [[three, two, one]])
    assert np.abs(scores - other).max() > 1e-4
    # Nothing known: the popular list.
    assert asked(module.from_history, [["?"]])[0] == asked(module.recommend, ["nobody"])[0]


def test_a_known_user_gets_what_his_history_gets(data):
    parts = retrieval_parts(model_of(data), data)
    module = Recommender(parts, k=5, exclude_seen=True)
    user = int(parts.owned.lengths.argmax())
    history = [parts.item_ids[i] for i in parts.owned.take(np.array([user])).items]
    lists = asked(module.from_history, [history])
    assert lists[0] == asked(module.recommend, [parts.user_ids[user]])[0]


@pytest.mark.slow
def test_the_export_takes_another_catalogue_and_is_verified(data, tmp_path, monkeypatch):
    # The second export is made of the first, which would fail where it does.
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("kit.exports.verify", passing)
        version, _ = export_retrieval(model_of(data, "lstm"), data, tmp_path, k=5, card={})
    c_library_only(monkeypatch)
    catalogue = Catalogue.of(version)
    newer, checks = catalogue.without(catalogue.parts.item_ids[:2]).export(
        tmp_path, IndexSettings()
    )
    assert version_folder(tmp_path) == newer
    assert checks
    assert all(check.passed for check in checks)


@pytest.mark.slow
def test_a_timed_model_answers_with_times_and_without(data, tmp_path):
    keras.utils.set_random_seed(0)
    encoder = SequenceEncoder(layers=1, heads=1, time_buckets=32)
    model = SequentialRecommender.for_dataset(
        data, dim=4, length=8, encoder=encoder, loss=SequenceLoss()
    )
    for weight in model.encoder.variables:
        weight.assign_add(np.random.default_rng(0).normal(size=weight.shape))
    parts = retrieval_parts(model, data)
    module = Recommender(parts, k=5, exclude_seen=True)
    user = int(parts.owned.lengths.argmax())
    had = parts.owned.take(np.array([user]))
    history, time = [parts.item_ids[i] for i in had.items], had.times
    known, expected = asked(module.recommend, [parts.user_ids[user]])
    answer = module.from_timed_history(tf.constant([history]), tf.constant([time], tf.int64))
    assert [i.decode() for i in answer["item_id"].numpy()[0]] == known[0]
    _, without = asked(module.from_history, [history])
    assert np.abs(without - expected).max() > 1e-4
    version, checks = export_retrieval(model, data, tmp_path, k=5, card={})
    assert "from_timed_history" in {check.signature for check in checks}
    assert all(check.passed for check in checks)
    _, checks = Catalogue.of(version).without(parts.item_ids[:2]).export(tmp_path, IndexSettings())
    assert "from_timed_history" in {check.signature for check in checks}
    assert all(check.passed for check in checks)


def test_features_become_the_vectors_of_the_tower(tmp_path):
    tower = EntityTower(3, 4, FeatureShape(vocabulary=6, tokens=2, numbers=1))
    tower.build(None)
    tokens, numbers = np.array([[1, 5], [0, 0]], np.int32), np.array([[0.5], [0]], np.float32)
    expected = np.asarray(tower.embed_features(tokens, numbers))
    module = tf.Module()
    module.features = ItemFeatures(tower)
    tf.saved_model.save(module, str(tmp_path))
    loaded = tf.saved_model.load(str(tmp_path))
    np.testing.assert_allclose(loaded.features.vectors(tokens, numbers), expected, rtol=1e-6)
    assert np.abs(expected[0]).sum() > 0 == np.abs(expected[1]).sum()


def test_a_tower_of_ids_alone_embeds_nothing_new():
    tower = EntityTower(3, 4)
    tower.build(None)
    with pytest.raises(ValueError, match="ids only"):
        ItemFeatures(tower)

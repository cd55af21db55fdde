import keras
import numpy as np
import pytest
import tensorflow as tf

from kit.models import (
    ContentShape,
    EntityTower,
    FeatureShape,
    SequentialRecommender,
    TwoTower,
)

SHAPE = FeatureShape(vocabulary=6, tokens=2, numbers=1)
TOKENS = np.array([[1, 2], [3, 0], [1, 2]], np.int32)
NUMBERS = np.array([[0.5], [-1.0], [0.5]], np.float32)


def tower_with_features(**options):
    keras.utils.set_random_seed(0)
    tower = EntityTower(3, 4, SHAPE, **options)
    tower.build(None)
    tower.set_features(TOKENS, NUMBERS)
    return tower


def test_a_vector_is_the_id_s_plus_the_features():
    tower = tower_with_features()
    vectors = tower(np.array([1, 2, 3])).numpy()
    of_features = tower.embed_features(TOKENS, NUMBERS).numpy()
    np.testing.assert_allclose(vectors - of_features, tower.ids.embeddings[1:], atol=1e-6)
    # Things 1 and 3 have the same features and differ by their ids.
    assert of_features[0].tolist() == of_features[2].tolist()
    assert vectors[0].tolist() != vectors[2].tolist()


def test_code_0_is_nothing():
    assert not tower_with_features()(np.array([0])).numpy().any()
    assert not EntityTower(3, 4)(np.array([0])).numpy().any()


def test_any_shape_of_codes():
    tower = tower_with_features()
    table = tower(np.array([[1, 2], [3, 0]])).numpy()
    assert table.shape == (2, 2, 4)
    np.testing.assert_array_equal(table[1, 0], tower(np.array([3])).numpy()[0])


def test_something_unseen_is_embedded_from_its_features():
    tower = tower_with_features()
    unseen = tower.embed_features(np.array([[1, 2]]), np.array([[0.5]], np.float32)).numpy()[0]
    known = tower(np.array([1])).numpy()[0]
    np.testing.assert_allclose(unseen, known - tower.ids.embeddings[1].numpy(), atol=1e-6)
    assert unseen.any()


def test_a_tower_of_ids_alone_says_that_it_has_no_features():
    with pytest.raises(ValueError, match="build it with `features`"):
        EntityTower(3, 4).embed_features(TOKENS, NUMBERS)


def test_without_ids_there_are_features_alone():
    tower = tower_with_features(ids=False)
    vectors = tower(np.array([[1, 2], [3, 0]])).numpy().reshape(4, 4)
    np.testing.assert_allclose(vectors[:3], tower.embed_features(TOKENS, NUMBERS), atol=1e-6)
    assert not vectors[3].any()
    assert not EntityTower.from_config(tower.get_config()).get_config()["ids"]


def test_hidden_ids_leave_the_features():
    tower = tower_with_features(id_dropout=0.5)
    codes = np.repeat([1, 2, 3], 40)
    without = tower.embed_features(TOKENS, NUMBERS).numpy()[codes - 1]
    hidden = np.isclose(tower(codes, training=True), without, atol=1e-7).all(axis=1)
    assert 0.3 < hidden.mean() < 0.7
    assert not np.isclose(tower(codes), without, atol=1e-7).all(axis=1).any()


@pytest.mark.parametrize(
    ("kind", "name", "settings"),
    [
        (EntityTower, "id_hiding", {"size": 3, "dim": 4}),
        (TwoTower, "item_id_hiding", {"num_users": 2, "num_items": 3, "dim": 4}),
        (SequentialRecommender, "item_id_hiding", {"num_items": 3, "dim": 4}),
    ],
)
def test_files_of_before_are_read(kind, name, settings):
    config = kind.from_config({**settings, name: 0.25}).get_config()
    assert config[name.replace("hiding", "dropout")] == 0.25


def test_the_feature_table_is_no_trainable_weight():
    names = {weight.path.rpartition("/")[2] for weight in tower_with_features().trainable_weights}
    assert names.isdisjoint({"feature_tokens", "feature_numbers"})


def test_the_gradient_of_the_ids_touches_only_the_rows_of_the_batch():
    tower = EntityTower(1000, 4)
    tower.build(None)
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(tower(np.array([7, 9, 7])))
    gradient = tape.gradient(loss, tower.ids.embeddings.value)
    assert isinstance(gradient, tf.IndexedSlices)
    assert gradient.indices.numpy().tolist() == [7, 9, 7]


@pytest.mark.parametrize(
    "shape", [SHAPE, FeatureShape(6, 2, 0), FeatureShape(1, 0, 1)], ids=["both", "text", "numbers"]
)
@pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept:DeprecationWarning")
def test_config_and_weights_go_through_a_saved_model(shape, tmp_path):
    tower = EntityTower(3, 4, shape)
    tower.build(None)
    tower.set_features(TOKENS[:, : shape.tokens], NUMBERS[:, : shape.numbers])
    again = EntityTower.from_config(tower.get_config())
    assert again.get_config() == tower.get_config()
    codes = keras.Input([None], dtype="int32")
    keras.Model(codes, tower(codes)).save(tmp_path / "tower.keras")
    loaded = keras.saving.load_model(tmp_path / "tower.keras")
    asked = np.array([[0, 1, 2, 3]])
    np.testing.assert_array_equal(loaded(asked), tower(asked))


CONTENTS = [ContentShape((8, 8, 3)), ContentShape((4,), vocabulary=9)]
PICTURES = np.random.default_rng(0).integers(0, 255, (3, 8, 8, 3), np.uint8)
TEXTS = np.array([[3, 1, 0, 0], [0, 0, 0, 0], [2, 2, 2, 2]], np.int32)


def reading_tower(features=None):
    keras.utils.set_random_seed(0)
    tower = EntityTower(3, 4, features, contents=CONTENTS)
    tower.build(None)
    tower.set_contents([PICTURES, TEXTS])
    return tower


def test_what_it_reads_is_added():
    tower = reading_tower(SHAPE)
    tower.set_features(TOKENS, NUMBERS)
    vectors = tower(np.array([[1, 2], [3, 1]])).numpy().reshape(4, 4)[[0, 1, 2]]
    read = tower.embed_features(TOKENS, NUMBERS, PICTURES, TEXTS).numpy()
    np.testing.assert_allclose(vectors - read, tower.ids.embeddings[1:], atol=1e-6)
    assert not reading_tower()(np.array([0])).numpy().any()


def test_something_unseen_is_embedded_from_its_image_alone():
    tower = reading_tower()
    nothing = np.zeros((3, 0))
    unseen = tower.embed_features(nothing, nothing, PICTURES, 0 * TEXTS).numpy()
    np.testing.assert_allclose(unseen, tower.readers[0](PICTURES), atol=1e-6)
    assert tower.reads_features
    assert not EntityTower(3, 4).reads_features


@pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept:DeprecationWarning")
def test_what_it_reads_goes_through_a_saved_model(tmp_path):
    tower = reading_tower()
    codes = keras.Input([None], dtype="int32")
    keras.Model(codes, tower(codes)).save(tmp_path / "tower.keras")
    loaded = keras.saving.load_model(tmp_path / "tower.keras")
    asked = np.array([[0, 1, 2, 3]])
    np.testing.assert_array_equal(loaded(asked), tower(asked))

import keras
import numpy as np
import pytest

from kit.models import ImageClassifier, ImageEncoder

PICTURES = np.random.default_rng(0).integers(0, 256, (3, 12, 10, 3)).astype(np.uint8)


def made(**how):
    return ImageClassifier(ImageEncoder(widths=[4, 6]), 5, [0.01] * 3, [-1.0] * 3, **how)


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_it_is_saved_and_loaded_with_its_encoder(tmp_path):
    model = made(dropout=0.2, rand_augment=0.3, adversarial=4)
    expected = model(PICTURES)
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(again(PICTURES), expected, atol=1e-6)
    assert again.encoder.get_config() == model.encoder.get_config()
    assert {**again.get_config(), "encoder": 0} == {**model.get_config(), "encoder": 0}


def test_values_are_scaled_before_the_encoder():
    model = made()
    scaled = PICTURES.astype(np.float32) * 0.01 - 1
    np.testing.assert_allclose(model.maps(PICTURES), model.encoder(scaled)["stage_2"], atol=1e-6)


def test_the_embedding_is_the_mean_of_the_maps_from_which_classes_are_read():
    model = made()
    maps = np.asarray(model.maps(PICTURES))
    np.testing.assert_allclose(model.embed(PICTURES), maps.mean((1, 2)), atol=1e-6)
    np.testing.assert_allclose(model.logits_of_maps(maps), model(PICTURES), atol=1e-5)


def test_tokens_are_averaged_too():
    tokens = keras.Sequential([keras.Input((12, 10, 3)), keras.layers.Reshape((120, 3))])
    model = ImageClassifier(tokens, 2)
    assert model(PICTURES).shape == (3, 2)
    assert model.embed(PICTURES).shape == (3, 3)


@pytest.mark.parametrize(("is_pretrained", "moves"), [(True, False), (False, True)])
def test_statistics_of_a_pretrained_encoder_stay(is_pretrained, moves):
    model = made(is_pretrained=is_pretrained)
    model(PICTURES)
    norm = model.encoder.stem.norm
    before = norm.moving_mean.numpy()
    model(PICTURES, training=True)
    assert np.array_equal(before, norm.moving_mean.numpy()) != moves


def test_rand_augment_changes_images_in_training_only():
    keras.utils.set_random_seed(0)
    model = made(rand_augment=0.9, is_pretrained=True)
    expected = np.asarray(model(PICTURES))
    np.testing.assert_array_equal(model(PICTURES), expected)
    assert np.abs(np.asarray(model(PICTURES, training=True)) - expected).max() > 1e-4


def test_under_mixed_precision_logits_are_float32():
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        model = made()
    finally:
        keras.config.set_dtype_policy("float32")
    assert model.maps(PICTURES).dtype == "bfloat16"
    assert model(PICTURES).dtype == model.embed(PICTURES).dtype == "float32"


def batch_seen(adversarial):
    """What a training step without a step width shows the encoder, and its loss."""
    keras.utils.set_random_seed(0)
    model = made(adversarial=adversarial, is_pretrained=True)
    model(PICTURES)
    loss = keras.losses.CategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.SGD(0.0), loss=loss, run_eagerly=True)
    seen = []
    maps = model.maps

    def recorded(images, training=False):
        seen.append(np.asarray(images, np.float32))
        return maps(images, training=training)

    model.maps = recorded
    targets = np.eye(5, dtype=np.float32)[[0, 1, 2]]
    return seen, [model.train_on_batch(PICTURES, targets) for _ in range(2)]


def test_adversarial_training_shows_images_against_their_targets():
    (clean, _), (loss, _) = batch_seen(0)
    np.testing.assert_array_equal(clean, PICTURES)
    seen, losses = batch_seen(8)
    starts, attacked = seen[::2], seen[1::2]
    for start, changed, reached in zip(starts, attacked, losses, strict=True):
        for images in (start, changed):
            assert np.abs(images - PICTURES).max() <= 8
            assert 0 <= images.min() <= images.max() <= 255
        assert reached > loss + 1e-4
    # Every step starts elsewhere, and where the step begins again it starts there again.
    assert (starts[0] != starts[1]).any()
    np.testing.assert_array_equal(starts, batch_seen(8)[0][::2])

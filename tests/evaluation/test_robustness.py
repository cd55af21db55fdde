import keras
import numpy as np
import pytest
import tensorflow as tf

from kit.data.texts import Texts
from kit.evaluation import (
    CORRUPTIONS,
    FGSM,
    PERTURBATIONS,
    PGD,
    NoGradientError,
    corrupted,
    fgsm,
    image_robustness,
    perturbed,
    pgd,
    probabilities_of_images,
    text_robustness,
)
from tests.exporting.images import untrained

WORDS = "The quick brown fox doesn't jump over 12 lazy dogs, a pity I say"


@pytest.fixture(scope="module")
def pixels():
    rng = np.random.default_rng(1)
    return rng.integers(30, 220, (40, 12, 10, 3)).astype(np.uint8)


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_corruptions_are_images_again_and_follow_from_the_seed(pixels, name):
    changed = corrupted(pixels, name)
    assert (changed.dtype, changed.shape) == (np.uint8, pixels.shape)
    assert (changed != pixels).any()
    np.testing.assert_array_equal(changed, corrupted(pixels, name, seed=0))
    is_random = name in ("Gaussian noise", "shift 2 px")
    assert (changed != corrupted(pixels, name, seed=1)).any() == is_random


def test_corruptions_do_what_they_are_called(pixels):
    moved = corrupted(pixels, "shift 2 px")
    directions = {
        "down": (moved[:, 2:] == pixels[:, :-2]).all(axis=(1, 2, 3)),
        "up": (moved[:, :-2] == pixels[:, 2:]).all(axis=(1, 2, 3)),
        "right": (moved[:, :, 2:] == pixels[:, :, :-2]).all(axis=(1, 2, 3)),
        "left": (moved[:, :, :-2] == pixels[:, :, 2:]).all(axis=(1, 2, 3)),
    }
    assert all(is_so.any() for is_so in directions.values())
    np.testing.assert_array_equal(sum(is_so.astype(int) for is_so in directions.values()), 1)
    noise = corrupted(pixels, "Gaussian noise").astype(float) - pixels
    assert abs(noise.mean()) < 1
    assert 18 < noise.std() < 22
    spread = corrupted(pixels, "contrast .5").std(axis=(1, 2)) / pixels.std(axis=(1, 2))
    np.testing.assert_allclose(spread, 0.5, atol=0.02)
    assert corrupted(pixels, "blur").std() < 0.5 * pixels.std()
    flat = np.full((1, 16, 16, 1), 90, np.uint8)
    for name in ("blur", "JPEG 30", "contrast .5", "shift 2 px"):
        np.testing.assert_array_equal(corrupted(flat, name), flat)


def test_unknown_names_are_refused(pixels):
    with pytest.raises(ValueError, match="one of Gaussian noise, blur"):
        corrupted(pixels, "fog")
    with pytest.raises(ValueError, match="one of swapped letters 5 %"):
        perturbed(["so"], "synonyms")


def linear(pixels):
    """Two classes, by the first half of a pixel's row against the second."""
    weights = tf.constant(np.repeat([1.0, -1.0], 2), tf.float32)[None, None, :, None]
    score = tf.reduce_sum(pixels * weights, axis=[1, 2, 3])
    return tf.stack([score, -score], axis=1)


@pytest.mark.parametrize(("attack", "levels"), [(fgsm, 2), (pgd, 8)])
def test_attacks_on_a_linear_model_reach_the_worst_case(attack, levels):
    row = np.array([100, 250, 3, 100], np.uint8).reshape(1, 1, 4, 1)
    changed = attack(linear, row, np.array([0]))
    worst = [100 - levels, 250 - levels, 3 + levels, 100 + levels]
    assert changed.dtype == np.uint8
    assert changed.ravel().tolist() == worst
    # Of the other class, up to the end of the range.
    changed = attack(linear, row, np.array([1])).ravel().tolist()
    assert changed == [100 + levels, min(250 + levels, 255), max(3 - levels, 0), 100 - levels]


def test_attacks_do_not_stop_where_a_model_is_sure():
    """The cross-entropy of such scores is 0 in float32, and so would be its gradient."""
    row = np.array([255, 255, 0, 0], np.uint8).reshape(1, 1, 4, 1)
    assert tf.nn.softmax(linear(tf.constant(row, tf.float32))).numpy()[0, 1] == 0
    assert fgsm(linear, row, np.array([0])).ravel().tolist() == [253, 253, 2, 2]


def test_pgd_stays_within_its_levels_and_keeps_what_fools_the_model(pixels):
    rng = np.random.default_rng(0)
    weights = tf.constant(rng.normal(0, 0.01, (360, 5)), tf.float32)

    def logits(images):
        return tf.sin(tf.reshape(images, [-1, 360]) @ weights) * 5

    labels = logits(tf.constant(pixels, tf.float32)).numpy().argmax(axis=1)
    found = [pgd(logits, pixels, labels, steps=5, restarts=n) for n in (1, 3)]
    right = []
    for changed in found:
        assert np.abs(changed.astype(int) - pixels).max() <= 8
        predicted = logits(tf.constant(changed, tf.float32)).numpy().argmax(axis=1)
        right.append(predicted == labels)
    assert right[0].sum() < len(labels)
    # More restarts never repair an image.
    assert not (right[1] & ~right[0]).any()
    np.testing.assert_array_equal(found[0], pgd(logits, pixels, labels, steps=5, restarts=1))


def test_an_attack_without_gradients_is_refused(pixels):
    with pytest.raises(NoGradientError):
        fgsm(lambda images: tf.stop_gradient(images[:, 0, 0]), pixels, np.zeros(40, int))


def test_images_are_measured_as_they_are_corrupted_and_attacked():
    data, model = untrained(classes=3)
    found = image_robustness(data.train, model, most=20, seed=4, attacks=(FGSM, PGD))
    assert list(found.changed) == [*CORRUPTIONS, "FGSM 2/255", "PGD-20 8/255"]
    assert found.protocol == (
        "accuracy on 20 of 48 images of test, drawn with seed 4; PGD-20 8/255 (2 restarts): upper "
        "bound; AutoAttack would be lower"
    )
    rows = np.sort(np.random.default_rng(4).permutation(48)[:20])
    clean = probabilities_of_images(model, data.train.take(rows))
    np.testing.assert_allclose(found.unchanged.probabilities, clean, atol=1e-6)
    np.testing.assert_array_equal(found.unchanged.labels, data.train.labels[rows])
    accuracies = {name: one.mean for name, one in found.accuracies.items()}
    assert accuracies["PGD-20 8/255"] <= accuracies["FGSM 2/255"] <= accuracies["unchanged"]
    again = image_robustness(data.train, model, most=20, seed=4, attacks=(FGSM, PGD))
    assert again.facts() == found.facts()


def test_images_without_gradients_have_a_reason():
    data, model = untrained(classes=3)

    def predict(pixels):
        return tf.nn.softmax(model(pixels)).numpy()

    without = image_robustness(data.test, None, predict=predict)
    assert list(without.changed) == [*CORRUPTIONS]
    assert "needs gradients" in without.left_out["FGSM 2/255"]
    blocked = image_robustness(data.test, lambda pixels: tf.stop_gradient(model(pixels)))
    assert blocked.facts() == without.facts()
    with pytest.raises(ValueError, match="logits or predict"):
        image_robustness(data.test, None)


def test_misspellings_change_single_words_as_they_are_called():
    text = " ".join([WORDS] * 40) + "\n  end"
    words = text.split()
    for name in PERTURBATIONS[:8]:
        (changed,) = perturbed([text], name)
        assert [changed] == perturbed([text], name)
        assert [changed] != perturbed([text], name, seed=1)
        assert "\n  " in changed
        pairs = [(a, b) for a, b in zip(words, changed.split(), strict=True) if a != b]
        most = {"5": 0.09, "10": 0.15}[name.split()[-2]]
        assert most / 4 < len(pairs) / len(words) < most
        assert not {"a", "I", "12"} & {before for before, _ in pairs}
        for before, after in pairs:
            if name.startswith("swapped"):
                assert sorted(before) == sorted(after)
            elif name.startswith("dropped"):
                assert len(after) == len(before) - 1
            elif name.startswith("neighbouring"):
                ((a, b),) = [two for two in zip(before, after, strict=True) if two[0] != two[1]]
                assert a.isupper() == b.isupper()
            else:
                assert len(after) == len(before)
                assert not after.isascii()


def test_texts_are_measured_by_what_is_typed():
    asked = []

    def predict(texts):
        asked.append(list(texts))
        is_good = np.array(["good" in text for text in texts], float)
        return np.stack([1 - is_good, is_good], axis=1)

    texts = [f"this is {'good' if n % 2 else 'poor'}" for n in range(300)]
    part = Texts(texts, texts, np.arange(300, dtype=np.int32) % 2)
    found = text_robustness(part, predict, most=200)
    assert found.protocol == "accuracy on 200 of 300 texts of test, drawn with seed 0"
    assert {len(batch) for batch in asked} == {200}
    accuracies = {name: one.mean for name, one in found.accuracies.items()}
    assert accuracies["unchanged"] == 1
    assert accuracies["upper case"] == pytest.approx(np.mean(found.unchanged.labels == 0))
    assert accuracies["swapped letters 10 %"] < 1
    assert found.left_out == {"lower case": "changes none of the texts"}
    assert found.differences["upper case"].high < 0


def test_texts_of_a_script_without_case_and_latin_letters():
    part = Texts(["\u8336\u6e6f \u597d\u559d"] * 40, ["tea"] * 40, np.zeros(40, np.int32))
    found = text_robustness(part, lambda texts: np.tile([0.6, 0.4], (len(texts), 1)))
    assert {name for name in found.changed if "letters" not in name} == set()
    assert set(found.left_out) == {*PERTURBATIONS} - {*found.changed}


def test_attacks_are_those_of_the_adversarial_robustness_toolbox():
    evasion = pytest.importorskip("art.attacks.evasion", reason="the toolbox is not installed")
    from art.estimators.classification import TensorFlowV2Classifier

    data, model = untrained(classes=3)
    pixels, labels = data.train.pixels, data.train.labels
    floats = pixels.astype(np.float32)
    classifier = TensorFlowV2Classifier(
        model=lambda images, training=False: model(images),
        nb_classes=3,
        input_shape=pixels.shape[1:],
        loss_object=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        clip_values=(0, 255),
    )
    theirs = evasion.FastGradientMethod(classifier, norm=np.inf, eps=2).generate(floats, y=labels)
    assert np.mean(theirs == fgsm(model, pixels, labels)) > 0.999
    attack = evasion.ProjectedGradientDescent(
        classifier, norm=np.inf, eps=8, eps_step=2, max_iter=20, num_random_init=2, verbose=False
    )
    right = [
        np.mean(np.argmax(model(images), axis=1) == labels)
        for images in (attack.generate(floats, y=labels), pgd(model, pixels, labels))
    ]
    assert right[1] <= right[0] + 0.05

import keras
import numpy as np
import pytest
import tensorflow as tf

from kit.models import ARCHITECTURES, BodySettings, ranking_body

every_architecture = pytest.mark.parametrize("architecture", ARCHITECTURES)
VECTORS = np.random.default_rng(0).normal(size=(8, 3, 5)).astype(np.float32)


@every_architecture
@pytest.mark.parametrize("tasks", [1, 2])
def test_every_weight_gets_a_gradient_and_logits_are_float32(architecture, tasks):
    keras.utils.set_random_seed(0)
    body = ranking_body(architecture, 3, 5, BodySettings(tasks, hidden=(20, 18), dropout=0.1))
    with tf.GradientTape() as tape:
        logits = body(VECTORS, training=True)
        loss = tf.reduce_sum(tf.sin(logits + 1))
    assert (logits.shape, logits.dtype) == ((8, tasks), tf.float32)
    weights = body.trainable_weights
    for weight, gradient in zip(weights, tape.gradient(loss, weights), strict=True):
        assert gradient is not None, weight.path
        assert np.abs(gradient).max() > 0, weight.path


def test_with_several_tasks_experts_take_the_place_of_the_perceptron():
    one, two = (
        {layer.name: type(layer).__name__ for layer in ranking_body("dcn", 3, 5, settings).layers}
        for settings in (BodySettings(1, (8,), 0.0), BodySettings(2, (8,), 0.0))
    )
    assert (one["deep"], two["deep"]) == ("Perceptron", "MixtureOfExperts")
    assert "logit_1" not in one
    assert "logit_1" in two


def test_deepfm_without_its_perceptron_is_a_factorization_machine():
    body = ranking_body("deepfm", 3, 5, BodySettings(1, (8,), 0.0))
    logit = body.get_layer("logit_0")
    weights = np.zeros(logit.kernel.shape)
    weights[:2] = 1
    logit.kernel.assign(weights)
    vectors, linear = VECTORS[..., :-1], VECTORS[..., -1].sum(axis=1)
    pairs = sum((vectors[:, i] * vectors[:, j]).sum(axis=1) for i, j in ((0, 1), (0, 2), (1, 2)))
    np.testing.assert_allclose(body(VECTORS)[:, 0], pairs + linear, rtol=1e-4, atol=1e-5)

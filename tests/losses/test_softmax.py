import keras
import numpy as np
import pytest
import tensorflow as tf

from kit.losses import ListwiseSoftmax, full_softmax, multi_hot
from tests.losses.naive import naive_full_softmax, random_batch


@pytest.mark.parametrize("temperature", [1.0, 0.2])
def test_equals_the_definition_row_by_row(temperature):
    batch = random_batch()
    found = full_softmax(**batch, temperature=temperature)
    assert float(found) == pytest.approx(naive_full_softmax(**batch, temperature=temperature))


def test_excluded_items_are_no_negatives():
    batch = random_batch()
    # Item 0 is padding; no row excludes its own targets.
    excluded = np.array([[9, 10, 0], [0, 0, 0], [8, 0, 0], [10, 9, 8]], np.int32)
    found = full_softmax(**batch, excluded=tf.constant(excluded))
    assert float(found) == pytest.approx(naive_full_softmax(**batch, excluded=excluded))
    assert float(found) < float(full_softmax(**batch))


def test_an_excluded_item_that_is_named_twice_counts_as_once():
    batch = random_batch()
    once = full_softmax(**batch, excluded=tf.constant([[9, 0]] * 4))
    twice = full_softmax(**batch, excluded=tf.constant([[9, 9]] * 4))
    assert float(once) == float(twice)


def test_row_0_of_the_catalogue_takes_no_part():
    batch = random_batch()
    loud = batch["candidates"].numpy()
    loud[0] = 100
    assert float(full_softmax(**{**batch, "candidates": loud})) == float(full_softmax(**batch))


def test_padding_counts_for_nothing():
    batch = random_batch()
    longer = {
        name: tf.pad(batch[name], [[0, 1], [0, 2]], constant_values=fill)
        for name, fill in (("targets", 0), ("weights", 7))
    }
    queries = tf.pad(batch["queries"], [[0, 1], [0, 0]], constant_values=3.0)
    padded = full_softmax(**{**batch, **longer, "queries": queries})
    assert float(padded) == pytest.approx(float(full_softmax(**batch)), rel=1e-6)


def test_nothing_but_padding_gives_0_and_no_gradient():
    batch = random_batch()
    queries = tf.Variable(batch["queries"])
    with tf.GradientTape() as tape:
        loss = full_softmax(
            **{**batch, "queries": queries, "targets": tf.zeros_like(batch["targets"])}
        )
    assert float(loss) == 0
    assert not tape.gradient(loss, queries).numpy().any()


def test_a_weight_of_two_is_as_if_the_target_stood_there_twice():
    batch = random_batch()
    alone = {name: batch[name][:1] for name in ("queries", "targets", "weights")}
    twice = {name: tf.repeat(value, 2, axis=0) for name, value in alone.items()}
    other = {name: batch[name][1:2] for name in alone}
    doubled = {**alone, "weights": 2 * alone["weights"]}

    def loss(first):
        rows = {name: tf.concat([first[name], other[name]], axis=0) for name in first}
        return float(full_softmax(**{**batch, **rows}))

    assert loss(doubled) == pytest.approx(loss(twice), rel=1e-6)


def test_half_precision_scores_are_summed_in_float32():
    batch = random_batch()
    half = {
        **batch,
        "queries": tf.cast(batch["queries"], tf.bfloat16),
        "candidates": tf.cast(batch["candidates"], tf.bfloat16),
    }
    loss = full_softmax(**half)
    assert loss.dtype == tf.float32
    assert float(loss) == pytest.approx(float(full_softmax(**batch)), rel=0.02)


def test_multi_hot():
    hot = multi_hot(tf.constant([[3, 1, 0], [0, 0, 0]]), 4)
    assert hot.numpy().tolist() == [[0, 1, 0, 1], [0, 0, 0, 0]]


LOWEST = np.finfo(np.float32).min


def loss(taken, scores):
    return ListwiseSoftmax(reduction="none")(tf.constant(taken), tf.constant(scores)).numpy()


def test_it_is_the_definition():
    random = np.random.default_rng(0)
    scores = random.normal(size=(8, 5)).astype(np.float32)
    taken = (random.random((8, 5)) < 0.5).astype(np.float32)
    taken[0] = 0
    logs = np.log(np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True))
    expected = -(taken * logs).sum(axis=1) / np.maximum(taken.sum(axis=1), 1)
    np.testing.assert_allclose(loss(taken, scores), expected, rtol=1e-5)


def test_what_is_no_candidate_neither_counts_nor_breaks_the_gradient():
    scores = tf.Variable([[2.0, 3.0, LOWEST]])
    taken = tf.constant([[1.0, 0.0, 0.0]])
    with tf.GradientTape() as tape:
        value = ListwiseSoftmax()(taken, scores)
    short = loss([[1.0, 0.0]], [[2.0, 3.0]])
    np.testing.assert_allclose(value, short[0], rtol=1e-6)
    gradient = tape.gradient(value, scores).numpy()
    assert np.isfinite(gradient).all()
    assert gradient[0, 2] == 0


def test_the_config_makes_it_again():
    made = keras.losses.deserialize(keras.losses.serialize(ListwiseSoftmax()))
    assert isinstance(made, ListwiseSoftmax)

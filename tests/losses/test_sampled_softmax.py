import keras
import keras_rs
import numpy as np
import pytest
import tensorflow as tf

from kit.losses import full_softmax, sampled_softmax
from tests.losses.naive import naive_sampled_softmax, random_batch

ITEMS = 10
PROBABILITY = np.float32([1, *np.random.default_rng(5).dirichlet(np.full(ITEMS, 3))])


def sampled(batch, drawn, **options):
    """The loss with vectors and probabilities looked up."""
    drawn = tf.constant(drawn, tf.int32)
    return sampled_softmax(
        batch["queries"],
        tf.gather(batch["candidates"], batch["targets"]),
        tf.gather(batch["candidates"], drawn),
        batch["targets"],
        drawn,
        batch["weights"],
        negative_probability=tf.gather(PROBABILITY, drawn),
        **options,
    )


def draw(count, seed=0):
    return np.random.default_rng(seed).choice(ITEMS + 1, count, p=[0, *PROBABILITY[1:]])


@pytest.mark.parametrize("temperature", [1.0, 0.3])
def test_equals_the_definition_with_repeated_and_accidental_negatives(temperature):
    batch, drawn = random_batch(), [8, 3, 8, 1, 2, 8, 3, 10]
    expected = naive_sampled_softmax(
        **batch, drawn=drawn, probability=PROBABILITY, temperature=temperature
    )
    found = sampled(batch, drawn, temperature=temperature)
    assert float(found) == pytest.approx(expected, rel=1e-5)


def test_excluded_items_are_no_negatives():
    batch, drawn = random_batch(), [9, 8, 8, 1, 10, 9, 4]
    excluded = np.array([[8, 0], [0, 0], [9, 8], [10, 0]], np.int32)
    expected = naive_sampled_softmax(
        **batch, drawn=drawn, probability=PROBABILITY, excluded=excluded
    )
    found = sampled(batch, drawn, excluded=tf.constant(excluded))
    assert float(found) == pytest.approx(expected, rel=1e-5)


def test_only_the_hardest_negatives_of_each_row_are_kept():
    batch, drawn = random_batch(), [9, 8, 1, 10, 4, 2, 6]
    expected = naive_sampled_softmax(**batch, drawn=drawn, probability=PROBABILITY, hardest=2)
    assert float(sampled(batch, drawn, num_hard_negatives=2)) == pytest.approx(expected, rel=1e-5)
    more_than_there_are = sampled(batch, drawn, num_hard_negatives=99)
    assert float(more_than_there_are) == pytest.approx(float(sampled(batch, drawn)), rel=1e-6)


def test_padding_among_the_negatives_is_not_a_draw():
    batch, drawn = random_batch(), [9, 8, 1, 10]
    padded = sampled(batch, [0, 9, 8, 0, 1, 10, 0])
    assert float(padded) == pytest.approx(float(sampled(batch, drawn)), rel=1e-6)


def test_the_order_of_the_negatives_does_not_matter():
    batch = random_batch()
    there, back = sampled(batch, [9, 1, 8, 9, 3]), sampled(batch, [3, 9, 8, 1, 9])
    assert float(there) == pytest.approx(float(back), rel=1e-6)


def test_nothing_but_padding_gives_0_and_no_gradient():
    batch = random_batch()
    queries = tf.Variable(batch["queries"])
    with tf.GradientTape() as tape:
        empty = {**batch, "queries": queries, "targets": tf.zeros_like(batch["targets"])}
        loss = sampled(empty, [0, 0, 4])
    assert float(loss) == 0
    assert not tape.gradient(loss, queries).numpy().any()


def test_without_any_negative_the_targets_of_a_row_still_compete():
    batch = {name: value[2:3] for name, value in random_batch().items() if name != "candidates"}
    batch["candidates"] = random_batch()["candidates"]
    expected = naive_sampled_softmax(**batch, drawn=[], probability=PROBABILITY)
    assert float(sampled(batch, [0])) == pytest.approx(expected, rel=1e-5)
    assert expected > 0


def test_with_every_item_drawn_once_and_evenly_it_is_the_full_softmax():
    batch = random_batch()
    everything = tf.range(1, ITEMS + 1)
    loss = sampled_softmax(
        batch["queries"],
        tf.gather(batch["candidates"], batch["targets"]),
        batch["candidates"][1:],
        batch["targets"],
        everything,
        batch["weights"],
        negative_probability=tf.fill([ITEMS], 1 / ITEMS),
    )
    assert float(loss) == pytest.approx(float(full_softmax(**batch)), rel=1e-6)


def gradient(loss, batch):
    queries, candidates = tf.Variable(batch["queries"]), tf.Variable(batch["candidates"])
    with tf.GradientTape() as tape:
        value = loss({**batch, "queries": queries, "candidates": candidates})
    found = tape.gradient(value, [queries, candidates])
    return float(value), np.concatenate([tf.convert_to_tensor(g).numpy().ravel() for g in found])


def test_loss_and_gradient_approach_the_full_ones_as_the_sample_grows():
    batch = random_batch()
    loss, full = gradient(lambda b: full_softmax(**b), batch)
    away = []
    for count in (100, 3_000, 100_000):
        sampled_loss, approximate = gradient(lambda b, n=count: sampled(b, draw(n)), batch)
        away.append(np.linalg.norm(approximate - full) / np.linalg.norm(full))
    assert away[0] > away[1] > away[2]
    assert away[2] < 0.01
    assert sampled_loss == pytest.approx(loss, rel=0.01)


def test_without_the_correction_it_would_not():
    batch, drawn = random_batch(), draw(100_000)
    _, full = gradient(lambda b: full_softmax(**b), batch)
    even = np.full(ITEMS + 1, 1 / ITEMS, np.float32)

    def uncorrected(b):
        return sampled_softmax(
            b["queries"],
            tf.gather(b["candidates"], b["targets"]),
            tf.gather(b["candidates"], drawn),
            b["targets"],
            tf.constant(drawn, tf.int32),
            b["weights"],
            negative_probability=tf.gather(even, drawn),
        )

    _, approximate = gradient(uncorrected, batch)
    assert np.linalg.norm(approximate - full) / np.linalg.norm(full) > 0.03


def test_an_item_of_a_large_catalogue_keeps_its_correction():
    # keras-rs' own floor of 1e-6 would make these two probabilities one.
    batch = random_batch()

    def loss(probability):
        return float(
            sampled_softmax(
                batch["queries"],
                tf.gather(batch["candidates"], batch["targets"]),
                batch["candidates"][9:10],
                batch["targets"],
                tf.constant([9]),
                batch["weights"],
                negative_probability=tf.constant([probability]),
            )
        )

    assert loss(1e-8) - loss(1e-7) == pytest.approx(np.log(10), rel=1e-3)


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
def test_the_correction_is_float32_in_every_precision(policy):
    before = keras.config.dtype_policy()
    batch = random_batch()
    ids = tf.constant([9, 3, 9, 4])

    def loss():
        return float(
            sampled_softmax(
                batch["queries"],
                tf.gather(batch["candidates"], batch["targets"]),
                tf.gather(batch["candidates"], ids),
                batch["targets"],
                ids,
                batch["weights"],
                negative_probability=tf.constant([1e-9, 2e-7, 1e-9, 0.3]),
            )
        )

    expected = loss()
    keras.config.set_dtype_policy(policy)
    try:
        assert loss() == expected
    finally:
        keras.config.set_dtype_policy(before)


def test_keras_rs_leaves_accidental_hits_in():
    """When this fails, keras-rs has mended its layer: see whether ours can go."""
    remove = keras_rs.layers.RemoveAccidentalHits()
    logits = tf.constant([[1.0, 2.0, 3.0]])
    # Columns 0 and 1 are one item, the positive; column 1 should come out far below the rest.
    found = remove(logits, tf.constant([[1.0, 0.0, 0.0]]), tf.constant([7, 7, 8]))
    assert found.numpy().tolist() == logits.numpy().tolist()

import keras
import numpy as np
import pytest
import tensorflow as tf

from kit.models import FeatureShape, SequenceEncoder, SequenceLoss, SequentialRecommender
from kit.optimizers import LazyAdamW
from kit.training import Precision
from tests.optimizers.graphs import operations

ITEMS, DIM = 12, 8
every_loss = pytest.mark.parametrize("kind", ["full", "sampled", "gbce"])


def model(kind="full", encoder="attention", **settings):
    keras.utils.set_random_seed(0)
    loss = SequenceLoss(kind, negatives=ITEMS)
    made = SequentialRecommender(
        ITEMS,
        DIM,
        length=8,
        encoder=SequenceEncoder(encoder, layers=1, dropout=0.0),
        loss=loss,
        **settings,
    )
    made.build()
    return made


def asked(made, history):
    return made({"history": np.array(history, np.int32)}).numpy()


def round_and_round(rows=16, width=8):
    """Item i is followed by i + 1, the last by the first."""
    begin = np.arange(rows)[:, None]
    history = (begin + np.arange(width)) % ITEMS + 1
    return {"history": history}, history % ITEMS + 1, np.ones_like(history, np.float32)


@pytest.mark.parametrize(
    "kind", ["sampled", *(pytest.param(k, marks=pytest.mark.slow) for k in ("full", "gbce"))]
)
def test_it_learns_what_comes_next(kind):
    made = model(kind)
    made.compile(LazyAdamW(0.02), jit_compile=False)
    data = tf.data.Dataset.from_tensors(round_and_round()).repeat(60)
    made.fit(data, verbose=0, shuffle=False)
    scores = asked(made, [[3, 4, 5], [10, 11, 12]]) @ np.asarray(made.item_vectors())[1:].T
    assert (scores.argmax(axis=1) + 1).tolist() == [6, 1]


@pytest.mark.parametrize("encoder", ["attention", "gru", "lstm", "conv"])
def test_padding_anywhere_changes_nothing_and_the_latest_count(encoder):
    made = model(encoder=encoder)
    expected = asked(made, [[3, 1, 2]])
    for padded in ([0, 0, 3, 1, 2], [3, 0, 1, 0, 2, 0], [3, 1, 2, 0]):
        np.testing.assert_allclose(asked(made, [padded]), expected, atol=1e-5)
    eight = [5, 6, 7, 8, 9, 3, 1, 2]
    np.testing.assert_allclose(asked(made, [[4, 11, *eight]]), asked(made, [eight]), atol=1e-5)
    assert np.abs(asked(made, [[1, 2, 3]]) - expected).max() > 1e-3


def test_the_query_of_a_position_is_that_of_the_history_up_to_it():
    made = model()
    history = tf.constant([[4, 2, 9, 1]])
    positions = made({"history": history}, training=True).numpy()[0]
    for length in range(1, 5):
        np.testing.assert_allclose(
            asked(made, history[:, :length])[0], positions[length - 1], atol=1e-5
        )


def test_scores_are_a_cosine_over_the_temperature_and_a_bias():
    made = model(temperature=0.25)
    made.set_item_prior(np.arange(ITEMS))
    query, items = asked(made, [[3, 1]]), np.asarray(made.item_vectors())
    np.testing.assert_allclose(np.linalg.norm(query[:, :-1], axis=1), 4, rtol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(items[1:, :-1], axis=1), 1, rtol=1e-5)
    assert query[0, -1] == 1
    np.testing.assert_allclose(np.diff(items[1:, -1]), 1, atol=0.2)


@every_loss
def test_where_there_is_no_target_nothing_counts(kind):
    made = model(kind)
    inputs, targets, weights = round_and_round()
    targets = targets * (np.arange(8) < 5)
    losses = []
    for noise in (0, 1):
        history = np.where(targets > 0, inputs["history"], noise)
        queries = made({"history": tf.constant(history)}, training=True)
        made.negatives_seed.state.assign([0, 0])
        losses.append(float(made.compute_loss(None, tf.constant(targets), queries, weights)))
    assert losses[0] == pytest.approx(losses[1], rel=1e-6)


def test_features_embed_items_without_an_id():
    made = model(item_features=FeatureShape(vocabulary=5, tokens=1, numbers=0))
    made.item_tower.set_features(np.full((ITEMS, 1), 2), np.empty((ITEMS, 0)))
    vectors = made.item_tower.embed_features(np.array([[2], [3]]), np.empty((2, 0), np.float32))
    np.testing.assert_allclose(np.linalg.norm(vectors[:, :-1], axis=1), 1, rtol=1e-5)


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_saved_and_loaded_it_answers_the_same(tmp_path):
    made = model(encoder="gru", temperature=0.3)
    expected = asked(made, [[3, 1, 2]])
    made.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(asked(loaded, [[3, 1, 2]]), expected, atol=1e-6)
    assert loaded.sequence_loss == made.sequence_loss


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["full", "sampled"])
def test_the_step_asks_for_nothing_a_tpu_has_not(kind):
    with Precision("mixed_bfloat16", "").scope():
        made = model(kind)
    made.compile(LazyAdamW(0.01), jit_compile=True)
    made.optimizer.build(made.trainable_variables)
    inputs, *rest = round_and_round()
    batch = ({"history": tf.constant(inputs["history"])}, *map(tf.constant, rest))
    step = tf.function(made.train_step, jit_compile=True)
    found = list(operations(step.get_concrete_function(batch).graph))
    assert not {name for name, _, _ in found} & {"Unique", "UniqueV2", "Where", "PyFunc"}
    assert not [name for name, shapes, _ in found if any(-1 in shape for shape in shapes)]
    assert np.isfinite(float(step(batch)["loss"]))


def timed(block="ligr"):
    keras.utils.set_random_seed(0)
    encoder = SequenceEncoder(block=block, layers=1, dropout=0.0, time_buckets=32)
    made = SequentialRecommender(ITEMS, DIM, length=8, encoder=encoder, loss=SequenceLoss("full"))
    made.build()
    for weight in made.encoder.variables:
        if weight.path.endswith("bias") and weight.shape[0] == 32:
            weight.assign(np.random.default_rng(0).normal(size=weight.shape))
    return made


@pytest.mark.parametrize("block", ["sasrec", "ligr", "hstu"])
def test_the_gaps_count_and_nothing_else_of_the_times(block):
    made = timed(block)
    history = np.array([[3, 1, 0, 2]], np.int32)

    def at(*times):
        return made({"history": history, "time": np.array([times], np.int64)}).numpy()

    now = 1_700_000_000
    expected = at(now - 90_000, now - 60, 0, now)
    moved = at(now + 10, now + 89_950, 0, now + 90_010)
    np.testing.assert_allclose(moved, expected, atol=1e-5)
    assert np.abs(at(now - 90_000, now - 80_000, 0, now) - expected).max() > 1e-3
    # Not known is the same as all at once.
    np.testing.assert_allclose(at(0, 0, 0, 0), made({"history": history}), atol=1e-6)
    if block != "hstu":
        np.testing.assert_allclose(at(now, now, 0, now), at(0, 0, 0, 0), atol=1e-5)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_a_timed_model_learns_from_gaps_and_is_loaded_as_it_was(tmp_path):
    made = timed()
    made.compile(LazyAdamW(0.02), jit_compile=False)
    # What comes next is 6 after a short gap and 7 after a long one.
    history = np.tile([[1, 2, 3]], (32, 1)).astype(np.int32)
    gap = np.where(np.arange(32) % 2, 10, 1_000_000)[:, None]
    time = 10**9 + gap * np.array([[0, 1, 2]])
    target = np.concatenate([history[:, 1:], np.where(gap == 10, 6, 7)], axis=1)
    inputs = {"history": history, "time": time}
    rows = tf.data.Dataset.from_tensors((inputs, target, np.ones_like(target, np.float32)))
    made.fit(rows.repeat(80), verbose=0, shuffle=False)
    asked = {name: value[:2] for name, value in inputs.items()}
    scores = made(asked).numpy() @ np.asarray(made.item_vectors())[1:].T
    assert (scores.argmax(axis=1) + 1).tolist() == [7, 6]
    made.save(tmp_path / "timed.keras")
    again = keras.models.load_model(tmp_path / "timed.keras")
    np.testing.assert_allclose(again(asked), made(asked), atol=1e-6)


def test_auto_samples_where_the_sample_is_a_small_part():
    loss = SequenceLoss(negatives=100)
    assert [loss.chosen(n) for n in (10, 200, 201)] == ["full", "full", "sampled"]
    assert SequenceLoss("gbce").chosen(10) == "gbce"


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"kind": "bpr"}, "auto, full, sampled or gbce; got 'bpr'"),
        ({"negatives": 0}, "at least 1; got 0"),
        ({"calibration": 1.5}, r"in \[0, 1\]; got 1.5"),
    ],
)
def test_what_makes_no_sense_is_refused(settings, said):
    with pytest.raises(ValueError, match=said):
        SequenceLoss(**settings)

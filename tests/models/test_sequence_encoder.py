import numpy as np
import pytest
import tensorflow as tf

from kit.models import SequenceEncoder
from tests.layers.sequences import some

KINDS = [("attention", b) for b in ("sasrec", "ligr", "hstu")] + [
    (k, "ligr") for k in ("lstm", "gru", "conv")
]


@pytest.mark.parametrize(("kind", "block"), KINDS)
def test_no_position_sees_its_future_and_all_weights_learn(kind, block):
    encoder, vectors = SequenceEncoder(kind, block=block, layers=1), some()
    with tf.GradientTape() as tape:
        whole = encoder(vectors)
        loss = tf.reduce_sum(tf.sin(whole))
    np.testing.assert_allclose(encoder(vectors[:, :3]), whole[:, :3], atol=1e-5)
    for weight, gradient in zip(
        encoder.trainable_weights, tape.gradient(loss, encoder.trainable_weights), strict=True
    ):
        assert np.abs(gradient).max() > 0, weight.path
    again = SequenceEncoder.from_config(encoder.get_config())
    assert again.get_config() == encoder.get_config()


def test_the_gap_between_events_counts_where_it_is_asked_for():
    encoder = SequenceEncoder(time_buckets=8, layers=1)
    times = tf.constant([[0.0, 1, 2, 3, 4, 5]] * 3)
    encoder.build((None, None, 8))
    encoder.blocks[0].attention.time_bias.set_weights([np.eye(8, 2) * 3])
    near, far = encoder(some(), times=times), encoder(some(), times=times * 1000)
    assert np.abs(near - far).max() > 1e-3


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"kind": "rnn"}, "attention, lstm, gru or conv; got 'rnn'"),
        ({"block": "bert"}, "sasrec, ligr or hstu; got 'bert'"),
        ({"kind": "gru", "time_buckets": 3}, "the encoder is gru"),
    ],
)
def test_what_makes_no_sense_is_refused(settings, said):
    with pytest.raises(ValueError, match=said):
        SequenceEncoder(**settings)

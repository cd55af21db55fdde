import numpy as np
import pytest
import tensorflow as tf

from kit.layers import BidirectionalEncoder
from tests.layers.sequences import check_sequence_layer, some


@pytest.mark.parametrize(
    "settings",
    [
        pytest.param({"cell": "lstm", "layers": 2}, marks=pytest.mark.slow),
        {"cell": "gru", "units": 3},
    ],
)
def test_sequence_layer_contract(settings):
    check_sequence_layer(
        lambda **k: BidirectionalEncoder(**settings, **k), causal=False, padding="behind"
    )


def test_sequences_of_every_length_are_read_as_if_alone():
    layer, vectors = BidirectionalEncoder(), some(3, 6)
    lengths = [6, 2, 0]
    together = layer(vectors, mask=tf.sequence_mask(lengths, 6))
    for row, length in enumerate(lengths[:2]):
        alone = layer(vectors[row : row + 1, :length])
        np.testing.assert_allclose(together[row, :length], alone[0], atol=1e-5)


def test_an_unknown_cell_is_refused():
    with pytest.raises(ValueError, match="lstm or gru; got 'rnn'"):
        BidirectionalEncoder("rnn")

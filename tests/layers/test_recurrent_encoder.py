import pytest

from kit.layers import RecurrentEncoder
from tests.layers.sequences import check_sequence_layer


@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_it_is_a_good_sequence_layer(cell):
    check_sequence_layer(lambda **k: RecurrentEncoder(cell, 2, units=5, **k))


def test_an_unknown_cell_is_refused():
    with pytest.raises(ValueError, match="lstm or gru; got 'rnn'"):
        RecurrentEncoder("rnn")

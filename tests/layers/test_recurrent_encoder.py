import pytest

from kit.layers import RecurrentEncoder
from tests.layers.sequences import check_sequence_layer


@pytest.mark.parametrize("cell", ["lstm", pytest.param("gru", marks=pytest.mark.slow)])
def test_sequence_layer_contract(cell):
    check_sequence_layer(lambda **k: RecurrentEncoder(cell, 2, units=5, **k))


def test_an_unknown_cell_is_refused():
    with pytest.raises(ValueError, match="lstm or gru; got 'rnn'"):
        RecurrentEncoder("rnn")

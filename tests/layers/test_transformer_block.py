import numpy as np
import pytest

from kit.layers import TransformerBlock
from tests.layers.sequences import check_sequence_layer, some


@pytest.mark.parametrize(
    "settings",
    [{"norm": "pre"}, {"norm": "post"}, {"gated": True, "activation": "swiglu"}],
    ids=["pre", "post", "ligr"],
)
def test_sequence_layer_contract(settings):
    check_sequence_layer(lambda **k: TransformerBlock(2, 16, **settings, **k))


def test_post_norm_normalises_what_comes_out():
    answer = TransformerBlock(2, 16, norm="post")(some()).numpy()
    np.testing.assert_allclose(answer.mean(-1), 0, atol=1e-5)
    np.testing.assert_allclose(answer.std(-1), 1, atol=1e-3)


def test_a_closed_gate_lets_nothing_in():
    layer, vectors = TransformerBlock(2, 16, gated=True), some()
    layer(vectors)
    for gate in layer.gates:
        kernel, bias = gate.get_weights()
        gate.set_weights([0 * kernel, bias - 100])
    np.testing.assert_allclose(layer(vectors), vectors, atol=1e-6)


def test_an_unknown_norm_is_refused():
    with pytest.raises(ValueError, match="pre or post; got 'middle'"):
        TransformerBlock(2, 16, norm="middle")

import numpy as np
import pytest

from kit.layers import HSTUBlock
from tests.layers.sequences import check_sequence_layer, some


def test_sequence_layer_contract():
    check_sequence_layer(lambda **k: HSTUBlock(2, **k))


def test_a_first_event_looks_at_itself_by_the_definition():
    layer, vectors = HSTUBlock(1), some(2, 1)
    answer = layer(vectors)
    projection, bias = layer.projection.get_weights()
    output, output_bias = layer.output_projection.get_weights()
    normed = layer.norms[0](vectors).numpy()
    hidden = normed @ projection + bias
    gate, query, key, value = np.split(hidden / (1 + np.exp(-hidden)), 4, axis=-1)
    # At position 0 nothing is turned, and one key is seen.
    score = np.sum(query * key, axis=-1, keepdims=True) / np.sqrt(8)
    attended = layer.norms[1](score / (1 + np.exp(-score)) * value).numpy()
    expected = vectors + (attended * gate) @ output + output_bias
    np.testing.assert_allclose(answer, expected, atol=1e-5)


@pytest.mark.parametrize(("heads", "dim"), [(3, 8), (8, 8)])
def test_a_width_that_cannot_be_shared_out_is_refused(heads, dim):
    with pytest.raises(ValueError, match=f"A width of {dim} cannot be shared out to {heads} heads"):
        HSTUBlock(heads)(some())

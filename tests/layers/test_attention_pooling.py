from kit.layers import AttentionPooling
from tests.layers.sequences import check_pooling


def test_it_is_a_good_pooling():
    check_pooling(lambda **k: AttentionPooling(4, **k))

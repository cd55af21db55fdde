from kit.layers import LastPooling
from tests.layers.sequences import check_pooling


def test_it_is_a_good_pooling():
    check_pooling(LastPooling)

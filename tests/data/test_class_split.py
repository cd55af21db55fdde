import numpy as np
import pytest

from kit.data import check_parts
from kit.data._class_split import check_classes, drawn, limited
from kit.errors import UserError


def test_shares_are_those_of_each_class():
    labels = np.repeat([0, 1], [100, 10]).astype(np.int32)
    held = drawn(labels, (0.2, 0.1), np.random.default_rng(0))
    assert [np.bincount(held[labels == n]).tolist() for n in (0, 1)] == [[70, 20, 10], [7, 2, 1]]


def test_a_limit_takes_nothing_of_test():
    part = np.array(["train"] * 8 + ["test"] * 4)
    found = limited(part, 3, np.random.default_rng(0))
    assert [int((found == one).sum()) for one in ("train", "test", "none")] == [3, 4, 5]


def test_what_is_left_out_has_to_be_nowhere():
    labels = np.array([0, 1, 0, 1, 0, 2], np.int32)
    part = np.array(["train", "train", "valid", "test", "test", "none"])
    check_parts(part, labels, "abc", where="here", noun="text")
    with pytest.raises(UserError, match="'c' has no training texts"):
        check_parts(np.array([*part[:5], "test"]), labels, "abc", where="here", noun="text")


def test_one_class_is_too_few():
    with pytest.raises(UserError, match="All songs are of one class: x"):
        check_classes(["x"], where="here", nouns="songs")

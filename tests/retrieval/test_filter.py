import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from kit.retrieval import ItemFilter

VALUES = ["color=blue", "color=red", "shape=round", "shape=square", "size=1=2"]
# Item 2 is blue and red, item 3 has nothing.
TOKENS = np.array([[1, 3, 0], [2, 4, 5], [1, 2, 3], [0, 0, 0], [0, 4, 0]])


def satisfies(item, where):
    """By definition: one of the values of every column that is asked for."""
    own = {VALUES[token - 1] for token in TOKENS[item] if token}
    asked = {}
    for value in where:
        if value:
            asked.setdefault(value.split("=")[0] if value in VALUES else value, set()).add(value)
    return all(own & values for values in asked.values())


def answer(where):
    items = ItemFilter(VALUES, TOKENS)
    wanted = items.wanted(tf.constant(where, tf.string, shape=[len(where)]))
    return items, wanted, items.passes(wanted, tf.range(len(TOKENS))).numpy().tolist()


@pytest.mark.parametrize(
    ("where", "passing"),
    [
        ([], [0, 1, 2, 3, 4]),
        (["", ""], [0, 1, 2, 3, 4]),
        (["color=blue"], [0, 2]),
        (["", "color=blue", ""], [0, 2]),
        (["color=blue", "color=blue"], [0, 2]),
        (["color=blue", "color=red"], [0, 1, 2]),
        (["color=red", "shape=square"], [1]),
        (["color=red", "shape=square", "shape=round"], [1, 2]),
        (["size=1=2"], [1]),
        (["color=green"], []),
        (["color=blue", "color=green"], []),
        (["nonsense"], []),
        (["size=1"], []),
    ],
)
def test_alternatives_within_a_column_and_all_columns_together(where, passing):
    assert np.flatnonzero(answer(where)[2]).tolist() == passing
    assert [item for item in range(5) if satisfies(item, where)] == passing


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from([*VALUES, "", "color=green", "weight=1"]), max_size=6))
def test_passing_is_the_definition_and_the_narrowest_column_leaves_them_all(where):
    items, wanted, passing = answer(where)
    assert passing == [satisfies(item, where) for item in range(5)]
    bit, count = items.narrowest(wanted)
    if not any(where):
        assert count == tf.int32.max
    else:
        codes = items.items_with(wanted, bit).numpy().tolist()
        assert len(set(codes)) == len(codes) <= count
        assert set(np.flatnonzero(passing)) <= set(codes)


def test_the_narrowest_column_is_taken():
    items, wanted, _ = answer(["shape=round", "shape=square", "size=1=2"])
    bit, count = items.narrowest(wanted)
    assert count == 1
    assert items.items_with(wanted, bit).numpy().tolist() == [1]


def test_no_item_passes_where_there_is_none():
    items, wanted, _ = answer([])
    assert items.passes(wanted, tf.constant([[-1, 0]])).numpy().tolist() == [[False, True]]


def test_nothing_to_ask_for():
    items = ItemFilter([], np.zeros([3, 0], np.int32))
    for where, passing in [("", True), ("color=blue", False)]:
        wanted = items.wanted(tf.constant([where]))
        assert items.passes(wanted, tf.range(3)).numpy().tolist() == [passing] * 3


def test_thirty_columns_and_not_one_more():
    values = [f"c{n:02}=x" for n in range(30)]
    items = ItemFilter(values, np.eye(30, dtype=np.int32) * np.arange(1, 31))
    for place in (0, 29):
        wanted = items.wanted(tf.constant([values[place]]))
        assert np.flatnonzero(items.passes(wanted, tf.range(30))).tolist() == [place]
    with pytest.raises(ValueError, match="31 columns to filter by; at most 30 fit"):
        ItemFilter([*values, "c30=x"], np.zeros([1, 1], np.int32))


def test_values_as_tokens():
    items = ItemFilter(VALUES, TOKENS)
    asked = tf.constant([["color=blue", "size=1=2"], ["", "color"]])
    assert items.tokens_of(asked).numpy().tolist() == [[1, 5], [0, -1]]

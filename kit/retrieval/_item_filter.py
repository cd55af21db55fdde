"""Attribute filters: `category in {...}`, given with the request, inside the graph."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

MOST_COLUMNS = 30
UNKNOWN_BIT = 1 << MOST_COLUMNS


class ItemFilter(tf.Module):
    """Which items have the asked-for values.

    A request names values as `column=value`. Values of one column are alternatives, columns must
    all be satisfied: `category=shoes`, `category=boots`, `brand=x` asks for shoes or boots of x. A
    value no item has is satisfied by no item.

    Args:
        values: what can be asked for, each `column=value`, sorted by column.
        tokens: int32 [items, n], each item's values as places in `values` counted from 1; 0 is
            padding.

    Raises:
        ValueError: more than 30 columns.

    Example:

    >>> items = ItemFilter(["color=blue", "color=red"], np.array([[1], [2], [1]]))
    >>> wanted = items.wanted(tf.constant(["color=blue", ""]))
    >>> items.passes(wanted, tf.constant([0, 1, 2])).numpy().tolist()
    [True, False, True]
    """

    def __init__(self, values: Sequence[str], tokens: NDArray[np.integer]) -> None:
        super().__init__()
        columns = [value.split("=", 1)[0] for value in values]
        names = list(dict.fromkeys(columns))
        if len(names) > MOST_COLUMNS:
            raise ValueError(f"{len(names)} columns to filter by; at most {MOST_COLUMNS} fit.")
        self._table = tf.lookup.StaticHashTable(
            tf.lookup.KeyValueTensorInitializer(
                tf.constant([*values, ""]), tf.constant([*range(1, len(values) + 1), 0], tf.int32)
            ),
            default_value=-1,
        )
        bits = [0, *(1 << names.index(column) for column in columns)]
        self._bit = tf.Variable(np.array(bits, np.int32), trainable=False)
        self.tokens = tf.Variable(tokens.astype(np.int32), trainable=False)
        item, place = np.nonzero(tokens)
        token = tokens[item, place]
        order = np.argsort(token, kind="stable")
        self._items = tf.Variable(item[order].astype(np.int32), trainable=False)
        begins = np.searchsorted(token[order], np.arange(len(values) + 2))
        self._begins = tf.Variable(begins.astype(np.int32), trainable=False)
        self._columns = [1 << column for column in range(len(names))]

    def values(self) -> Any:
        """What can be asked for, string [n], in the order of the tokens."""
        values, tokens = (tf.reshape(x, [-1]) for x in self._table.export())
        return tf.gather(values, tf.argsort(tokens))[1:]

    def tokens_of(self, values: Any) -> Any:
        """Values as tokens, string [...] -> int32 [...]; 0 for `""`, -1 for what no item has."""
        return self._table.lookup(values)

    def wanted(self, where: Any) -> tuple[Any, Any]:
        """One request, string [n], as the bit each value satisfies and the bits it takes.

        Returns:
            int32 [values + 1] and int32 []; `""` is padding.
        """
        token = self._table.lookup(tf.boolean_mask(where, where != ""))
        known = tf.boolean_mask(token, token > 0)
        is_asked = tf.scatter_nd(known[:, None], tf.ones_like(known), tf.shape(self._bit)) > 0
        satisfied = tf.where(is_asked, self._bit, 0)
        needed = tf.where(tf.reduce_any(token < 0), UNKNOWN_BIT, 0)
        for bit in self._columns:
            needed += tf.reduce_max(tf.bitwise.bitwise_and(satisfied, bit))
        return satisfied, needed

    def passes(self, wanted: tuple[Any, Any], codes: Any) -> Any:
        """Whether items satisfy a request: int32 [...] -> bool [...]; a negative code does not."""
        satisfied, needed = wanted
        bits = tf.zeros_like(codes)
        for token in tf.unstack(tf.gather(self.tokens, tf.maximum(codes, 0)), axis=-1):
            bits = tf.bitwise.bitwise_or(bits, tf.gather(satisfied, token))
        return tf.equal(bits, needed) & (codes >= 0)

    def narrowest(self, wanted: tuple[Any, Any]) -> tuple[Any, Any]:
        """The bit of the column that leaves fewest items, and how many it leaves at most.

        With nothing asked for, the highest number there is.
        """
        satisfied, needed = wanted
        count = self._begins[1:] - self._begins[:-1]
        bits, left = [UNKNOWN_BIT], [tf.where(needed >= UNKNOWN_BIT, 0, tf.int32.max)]
        for bit in self._columns:
            held = tf.reduce_sum(tf.where(tf.equal(satisfied, bit), count, 0))
            is_asked = tf.not_equal(tf.bitwise.bitwise_and(needed, bit), 0)
            bits.append(bit)
            left.append(tf.where(is_asked, held, tf.int32.max))
        best = tf.argmin(tf.stack(left))
        return tf.gather(bits, best), tf.gather(left, best)

    def items_with(self, wanted: tuple[Any, Any], bit: Any) -> Any:
        """Items with one of the values asked for in a column, int32 [n]."""
        token = tf.cast(tf.where(tf.equal(wanted[0], bit))[:, 0], tf.int32)
        places = tf.ragged.range(tf.gather(self._begins, token), tf.gather(self._begins, token + 1))
        return tf.unique(tf.gather(self._items, places.flat_values)).y

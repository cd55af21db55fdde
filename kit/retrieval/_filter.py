"""Restrict a search to items with given features."""

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from kit.retrieval._exact import without

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


SCORED_ONE_BY_ONE = 10_000
RESCORED = 4
# What a known user has is left out of his lists, so whoever pages through all of them by leaving
# out what he was shown learns it from what never comes. He gets no further than this.
MOST_EXCLUDED = 200
"""Items that a request may exclude."""


class Scannable(Protocol):
    """What can be looked through part by part, the most promising parts first."""

    parts: int
    probes: int

    def scan(self, query: Any, parts: Any) -> tuple[Any, Any]:
        """Scores and codes [1, n] of the first so many parts for a query [1, dim]."""

    def scores_of(self, query: Any, codes: Any) -> Any:
        """Scores [1, n] of candidates int32 [n]."""


def search_where(
    index: Scannable, queries: Any, excluded: Any, k: int, items: ItemFilter, where: Any
) -> tuple[Any, Any]:
    """The best items of each query among those that have the asked-for values.

    Where few items have them, these are scored, all of them. Otherwise parts of the index are
    scored, twice as many each time, until as many items with the values were seen as an unfiltered
    search sees.

    Args:
        index: where to search.
        queries: float32 [batch, dim].
        excluded: int32 [batch, n], candidates to leave out; negative is padding.
        k: at most the number of candidates.
        items: the values of the items.
        where: string [batch, m], `column=value`; `""` is padding.

    Returns:
        float32 and int32 [batch, k]; where a list ends early, the lowest float and -1.
    """

    def one(row: tuple[Any, Any, Any]) -> tuple[Any, Any]:
        query, excluded_codes = row[0][None], row[1][None]
        wanted = items.wanted(row[2])
        bit, count = items.narrowest(wanted)

        def few() -> tuple[Any, Any]:
            codes = items.items_with(wanted, bit)
            return index.scores_of(query, codes), codes[None]

        fetched = k + tf.size(excluded_codes)
        scores, codes = tf.cond(
            count <= SCORED_ONE_BY_ONE, few, lambda: _widened(index, query, items, wanted, fetched)
        )
        passing = items.passes(wanted, codes)
        scores, codes = (tf.boolean_mask(x, passing)[None] for x in (scores, codes))
        # What a scan reads may be compressed; the best are scored again.
        _, codes = _ranked(scores, codes, RESCORED * fetched)
        scores, codes = _ranked(index.scores_of(query, codes[0]), codes, fetched)
        scores, codes = without(scores, codes, excluded_codes, k)
        return tf.reshape(scores, [k]), tf.reshape(codes, [k])

    signature = (tf.TensorSpec([k], tf.float32), tf.TensorSpec([k], tf.int32))
    found: tuple[Any, Any] = tf.map_fn(
        one, (queries, excluded, where), fn_output_signature=signature
    )
    return found


def _ranked(scores: Any, codes: Any, count: Any) -> tuple[Any, Any]:
    best = tf.math.top_k(scores, tf.minimum(tf.size(scores), count))
    return best.values, tf.gather(codes, best.indices, batch_dims=1)


def _widened(
    index: Scannable, query: Any, items: ItemFilter, wanted: tuple[Any, Any], fetched: Any
) -> tuple[Any, Any]:
    scores, codes = index.scan(query, index.probes)
    enough = tf.maximum(tf.size(codes), fetched)

    def too_few(parts: Any, scores: Any, codes: Any) -> Any:
        passed = tf.math.count_nonzero(items.passes(wanted, codes), dtype=tf.int32)
        return (parts < index.parts) & (passed < enough)

    def wider(parts: Any, scores: Any, codes: Any) -> Any:
        parts = tf.minimum(2 * parts, index.parts)
        return parts, *index.scan(query, parts)

    _, scores, codes = tf.while_loop(
        too_few,
        wider,
        (tf.constant(index.probes), scores, codes),
        shape_invariants=(
            tf.TensorShape([]),
            tf.TensorShape([None, None]),
            tf.TensorShape([None, None]),
        ),
    )
    return scores, codes

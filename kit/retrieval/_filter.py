"""Restrict a search to items with given feature values."""

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from kit.retrieval._exact import without

MOST_COLUMNS = 30
UNKNOWN_BIT = 1 << MOST_COLUMNS


class ItemFilter(tf.Module):
    """Tells which items have the requested feature values.

    A filter is a list of `column=value`. Values of one column are alternatives (OR), columns are
    combined by AND: `category=shoes`, `category=boots`, `brand=x` selects shoes or boots of brand
    x. A value that no item has matches no item.

    Args:
        values: all possible values, each `column=value`, sorted by column.
        tokens: int32 [items, n], each item's values as 1-based indices into `values`; 0 is padding.

    Raises:
        ValueError: there are more than 30 columns.

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
        item, column = np.nonzero(tokens)
        token = tokens[item, column]
        order = np.argsort(token, kind="stable")
        self._items = tf.Variable(item[order].astype(np.int32), trainable=False)
        begins = np.searchsorted(token[order], np.arange(len(values) + 2))
        self._begins = tf.Variable(begins.astype(np.int32), trainable=False)
        self._columns = [1 << column for column in range(len(names))]

    def values(self) -> Any:
        """All possible values, string [n], in the order of their tokens."""
        values, tokens = (tf.reshape(x, [-1]) for x in self._table.export())
        return tf.gather(values, tf.argsort(tokens))[1:]

    def tokens_of(self, values: Any) -> Any:
        """Tokens of values: string [...] -> int32 [...]; 0 for `""`, -1 for values no item has."""
        return self._table.lookup(values)

    def wanted(self, where: Any) -> tuple[Any, Any]:
        """Encode a filter as bit masks, one bit per column.

        Args:
            where: string [n], each `column=value`; `""` is padding.

        Returns:
            The bit that each value satisfies, int32 [values + 1], and the bits that an item needs,
            int32 [].
        """
        token = self._table.lookup(tf.boolean_mask(where, where != ""))
        requested = tf.boolean_mask(token, token > 0)
        is_asked = (
            tf.scatter_nd(requested[:, None], tf.ones_like(requested), tf.shape(self._bit)) > 0
        )
        satisfied = tf.where(is_asked, self._bit, 0)
        needed = tf.where(tf.reduce_any(token < 0), UNKNOWN_BIT, 0)
        for bit in self._columns:
            needed += tf.reduce_max(tf.bitwise.bitwise_and(satisfied, bit))
        return satisfied, needed

    def passes(self, wanted: tuple[Any, Any], codes: Any) -> Any:
        """Whether items match a filter: int32 [...] -> bool [...]; negative codes do not."""
        satisfied, needed = wanted
        bits = tf.zeros_like(codes)
        for token in tf.unstack(tf.gather(self.tokens, tf.maximum(codes, 0)), axis=-1):
            bits = tf.bitwise.bitwise_or(bits, tf.gather(satisfied, token))
        return tf.equal(bits, needed) & (codes >= 0)

    def narrowest(self, wanted: tuple[Any, Any]) -> tuple[Any, Any]:
        """The bit of the most selective column, and an upper bound of its number of items.

        Without a filter the bound is the largest int32.
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
        """Items with one of the requested values of a column, int32 [n]."""
        token = tf.cast(tf.where(tf.equal(wanted[0], bit))[:, 0], tf.int32)
        indices = tf.ragged.range(
            tf.gather(self._begins, token), tf.gather(self._begins, token + 1)
        )
        return tf.unique(tf.gather(self._items, indices.flat_values)).y


SCORED_ONE_BY_ONE = 10_000
RESCORED = 4
# Seen items are excluded from a known user's recommendations. A client that paged through the whole
# catalogue, by excluding what it was shown, could infer them from what never appears. This limit
# prevents that.
MOST_EXCLUDED = 200
"""Maximum number of items that a request may exclude."""


class Scannable(Protocol):
    """An index that can be scanned part by part, the most promising parts first."""

    parts: int
    probes: int

    def scan(self, query: Any, parts: Any) -> tuple[Any, Any]:
        """Scores and codes [1, n] of the first `parts` parts, for a query [1, dim]."""

    def scores_of(self, query: Any, codes: Any) -> Any:
        """Scores [1, n] of candidates int32 [n]."""


def search_where(
    index: Scannable, queries: Any, excluded: Any, k: int, items: ItemFilter, where: Any
) -> tuple[Any, Any]:
    """The best items of each query among those that match a filter.

    If few items match, all of them are scored. Otherwise parts of the index are scanned, twice as
    many in each iteration, until as many matching items were seen as an unfiltered search scores.

    Args:
        index: the index to search.
        queries: float32 [batch, dim].
        excluded: int32 [batch, n], candidates to exclude; negative codes are padding.
        k: number of results, at most the number of candidates.
        items: the feature values of the items.
        where: string [batch, m], `column=value`; `""` is padding.

    Returns:
        Scores, float32 [batch, k], and codes, int32 [batch, k]; a list that is too short is padded
        with the lowest float and -1.
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
        # A scan may read compressed vectors, so the best are scored again.
        _, codes = _ranked(scores, codes, RESCORED * fetched)
        scores, codes = _ranked(index.scores_of(query, codes[0]), codes, fetched)
        scores, codes = without(scores, codes, excluded_codes, k)
        return tf.reshape(scores, [k]), tf.reshape(codes, [k])

    signature = (tf.TensorSpec([k], tf.float32), tf.TensorSpec([k], tf.int32))
    results: tuple[Any, Any] = tf.map_fn(
        one, (queries, excluded, where), fn_output_signature=signature
    )
    return results


def _ranked(scores: Any, codes: Any, count: Any) -> tuple[Any, Any]:
    best = tf.math.top_k(scores, tf.minimum(tf.size(scores), count))
    return best.values, tf.gather(codes, best.indices, batch_dims=1)


def _widened(
    index: Scannable, query: Any, items: ItemFilter, wanted: tuple[Any, Any], fetched: Any
) -> tuple[Any, Any]:
    scores, codes = index.scan(query, index.probes)
    if index.probes >= index.parts:
        # There is nothing more to scan: exports without the loop load and answer sooner.
        return scores, codes
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

"""Search among the items that satisfy a request's filter."""

from typing import Any, Protocol

import tensorflow as tf

from kit.retrieval._item_filter import ItemFilter
from kit.retrieval._top_k import without

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

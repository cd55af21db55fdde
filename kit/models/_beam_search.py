"""Find the most probable sequence, a step at a time."""

from collections.abc import Callable
from typing import Any

import tensorflow as tf

IMPOSSIBLE = -1e9
State = Any
Step = Callable[[Any, State], tuple[Any, State]]


def beam_search(
    step: Step,
    state: State,
    *,
    start: int,
    end: int,
    most: Any,
    beams: int = 4,
    length_penalty: float = 1.0,
) -> tuple[Any, Any]:
    """The best sequence of each row, found in a loop inside the graph.

    In every step the `beams` most probable beginnings go on. A sequence that ends among them is
    kept; a row is done when `beams` have ended. One beam is greedy search. Rows do not depend on
    each other.

    Args:
        step: takes the last tokens, int32 [batch, beams], and the state; gives log-probabilities,
            float32 [batch, beams, vocabulary], and the next state.
        state: tensors in any structure, each [batch, beams, ...]; a length may grow.
        start: token before all sequences.
        end: token that ends one.
        most: int32 [batch], tokens of a sequence at most, its end counted; there it ends.
        beams: beginnings that are kept of each row.
        length_penalty: exponent; the score of a sequence is its log-probability divided by
            `((5 + tokens) / 6) ** length_penalty`. 0 favours short ones.

    Returns:
        int32 [batch, tokens], without the start, with the end, 0 behind it; and the scores, float32
        [batch].

    Source: Wu et al. (2016), Google's neural machine translation system.

    Example:

    >>> chances = tf.math.log([[0.1, 0.6, 0.3]])  # of the tokens 0, 1 and 2
    >>> def step(tokens, state):
    ...     return tf.tile(chances[None], [1, tokens.shape[1], 1]), state
    >>> beam_search(step, (), start=0, end=2, most=tf.constant([3]), beams=1)[0].numpy().tolist()
    [[1, 1, 2]]
    """
    batch = tf.size(most)
    first = tf.where(tf.range(beams) == 0, 0.0, IMPOSSIBLE)
    alive = {
        "tokens": tf.zeros([batch, beams, 0], tf.int32),
        "last": tf.fill([batch, beams], start),
        "score": tf.tile(first[None], [batch, 1]),
    }
    ended = {
        "tokens": tf.zeros([batch, beams, 0], tf.int32),
        "score": tf.fill([batch, beams], IMPOSSIBLE),
        "count": tf.zeros([batch], tf.int32),
    }

    def is_done(ended: Any) -> Any:
        return ended["count"] >= beams

    def go_on(number: Any, alive: Any, ended: Any, state: Any) -> Any:
        return tf.reduce_any(~is_done(ended) & (number < most))

    def take(number: Any, alive: Any, ended: Any, state: Any) -> Any:
        chances, state = step(alive["last"], state)
        size = tf.shape(chances)[2]
        # At the last place there is nothing but the end.
        is_end = tf.range(size) == end
        must_end = (number + 1 >= most)[:, None, None]
        chances = tf.where(must_end & ~is_end, IMPOSSIBLE, chances)
        scores = tf.reshape(alive["score"][..., None] + chances, [batch, beams * size])
        # Each of the best beginnings has one end, so that enough of these go on.
        score, place = tf.math.top_k(scores, tf.minimum(2 * beams, beams * size))
        beam, token = place // size, place % size
        tokens = tf.concat(
            [tf.gather(alive["tokens"], beam, batch_dims=1), token[..., None]], axis=2
        )
        ends = token == end
        is_possible = score > IMPOSSIBLE / 2
        counts = ends & is_possible & (tf.range(tf.shape(score)[1]) < beams)
        counts &= ~is_done(ended)[:, None]
        penalty = ((5 + tf.cast(number + 1, tf.float32)) / 6) ** length_penalty
        ended = _best(
            tf.concat([ended["score"], tf.where(counts, score / penalty, IMPOSSIBLE)], axis=1),
            tf.concat([tf.pad(ended["tokens"], [[0, 0], [0, 0], [0, 1]]), tokens], axis=1),
            beams,
        ) | {"count": ended["count"] + tf.reduce_sum(tf.cast(counts, tf.int32), axis=1)}
        going, order = tf.math.top_k(tf.where(ends, 2 * IMPOSSIBLE, score), beams)
        beam = tf.gather(beam, order, batch_dims=1)
        alive = {
            "tokens": tf.gather(tokens, order, batch_dims=1),
            "last": tf.gather(token, order, batch_dims=1),
            "score": going,
        }
        state = tf.nest.map_structure(lambda x: tf.gather(x, beam, batch_dims=1), state)
        return number + 1, alive, ended, state

    growing = tf.TensorShape([None, beams, None])
    fixed = tf.TensorShape([None, beams])
    _, _, ended, _ = tf.while_loop(
        go_on,
        take,
        [tf.constant(0), alive, ended, state],
        shape_invariants=[
            tf.TensorShape([]),
            {"tokens": growing, "last": fixed, "score": fixed},
            {"tokens": growing, "score": fixed, "count": tf.TensorShape([None])},
            tf.nest.map_structure(_free_lengths, state),
        ],
    )
    return ended["tokens"][:, 0], ended["score"][:, 0]


def _best(score: Any, tokens: Any, count: int) -> dict[str, Any]:
    score, order = tf.math.top_k(score, count)
    return {"score": score, "tokens": tf.gather(tokens, order, batch_dims=1)}


def _free_lengths(x: Any) -> tf.TensorShape:
    """Batch and all lengths but the width may change; beams, heads and widths are known."""
    return tf.TensorShape([None, *x.shape[1:-2], None, x.shape[-1]])

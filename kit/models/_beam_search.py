"""Beam search."""

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
    """Beam search for the most probable sequence of each row, inside the graph.

    Each step extends the `beams` most probable prefixes. Finished sequences among them are
    collected; a row is done when `beams` sequences have finished. One beam is greedy search. Rows
    are independent of each other.

    Args:
        step: takes the last tokens, int32 [batch, beams], and the state; returns log-probabilities,
            float32 [batch, beams, vocabulary], and the next state.
        state: any structure of tensors [batch, beams, ...], such as cached keys and values; a
            length may grow.
        start: id of the token before all sequences.
        end: id of the end token.
        most: int32 [batch], maximum number of tokens of a sequence, its end token included.
        beams: beam width.
        length_penalty: exponent; the score of a sequence is its log-probability divided by
            `((5 + tokens) / 6) ** length_penalty`. 0 favours short sequences.

    Returns:
        Token ids, int32 [batch, tokens], without the start token, with the end token, padded with
        0; and scores, float32 [batch].

    Source: Wu et al. (2016), Google's neural machine translation system.

    Example:

    >>> log_probs = tf.math.log([[0.1, 0.6, 0.3]])  # of the tokens 0, 1 and 2
    >>> def step(tokens, state):
    ...     return tf.tile(log_probs[None], [1, tokens.shape[1], 1]), state
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

    def is_unfinished(number: Any, alive: Any, ended: Any, state: Any) -> Any:
        return tf.reduce_any(~is_done(ended) & (number < most))

    def take(number: Any, alive: Any, ended: Any, state: Any) -> Any:
        log_probs, state = step(alive["last"], state)
        size = tf.shape(log_probs)[2]
        # At the last position only the end token is allowed.
        is_end = tf.range(size) == end
        must_end = (number + 1 >= most)[:, None, None]
        log_probs = tf.where(must_end & ~is_end, IMPOSSIBLE, log_probs)
        scores = tf.reshape(alive["score"][..., None] + log_probs, [batch, beams * size])
        # Each beam has one continuation that ends, so 2 * beams leave enough that do not.
        score, index = tf.math.top_k(scores, tf.minimum(2 * beams, beams * size))
        beam, token = index // size, index % size
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
        is_unfinished,
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
    """Shape with free batch size and length; beams, heads and width are static."""
    return tf.TensorShape([None, *x.shape[1:-2], None, x.shape[-1]])

import itertools

import numpy as np
import pytest
import tensorflow as tf

from kit.models import beam_search

START, END, SIZE, MOST = 0, 1, 4, 4


def chances_of(seed, rows=3):
    """Log-probabilities of the next token by row, place and last token."""
    logits = np.random.default_rng(seed).normal(size=(rows, MOST, SIZE, SIZE)) * 2
    return tf.nn.log_softmax(tf.constant(logits, tf.float32))


def searched(chances, beams, penalty=1.0, most=None):
    rows = chances.shape[0]

    def step(tokens, state):
        here = tf.gather(chances, state[0, 0, 0, 0], axis=1)
        return tf.gather(here, tokens, batch_dims=1), state + 1

    most = tf.constant([MOST] * rows if most is None else most)
    # In a graph, as in an export.
    return tf.function(
        lambda: beam_search(
            step,
            tf.zeros([rows, beams, 1, 1], tf.int32),
            start=START,
            end=END,
            most=most,
            beams=beams,
            length_penalty=penalty,
        )
    )()


def score_of(chances, tokens, penalty):
    total, last = 0.0, START
    for place, token in enumerate(tokens):
        total += float(chances[place, last, token])
        last = token
    return total / ((5 + len(tokens)) / 6) ** penalty


def every_sequence(most):
    others = [t for t in range(SIZE) if t != END]
    for length in range(most):
        for begun in itertools.product(others, repeat=length):
            yield (*begun, END)


@pytest.mark.parametrize("penalty", [0.0, 0.6, 2.0])
def test_with_beams_enough_it_finds_the_best_of_all(penalty):
    chances = chances_of(seed=0)
    tokens, scores = searched(chances, beams=120, penalty=penalty, most=[4, 3, 1])
    for row, most in enumerate([4, 3, 1]):
        best = max(every_sequence(most), key=lambda s: score_of(chances[row], s, penalty))
        found = tokens[row].numpy().tolist()
        assert found[: len(best)] == list(best)
        assert set(found[len(best) :]) <= {0}
        assert float(scores[row]) == pytest.approx(score_of(chances[row], best, penalty), abs=1e-5)


@pytest.mark.parametrize("seed", range(5))
def test_one_beam_is_greedy(seed):
    chances = chances_of(seed)
    tokens, _ = searched(chances, beams=1)
    for row in range(3):
        greedy = []
        while not greedy or greedy[-1] != END:
            last = greedy[-1] if greedy else START
            following = chances[row, len(greedy), last].numpy()
            greedy.append(END if len(greedy) == MOST - 1 else int(following.argmax()))
        assert tokens[row].numpy().tolist()[: len(greedy)] == greedy


def test_more_beams_score_no_worse_here_and_rows_stand_alone():
    chances = chances_of(seed=3)
    one, three = searched(chances, beams=1), searched(chances, beams=3)
    assert (three[1].numpy() >= one[1].numpy() - 1e-6).all()
    alone = searched(chances[1:2], beams=3)
    assert float(alone[1][0]) == pytest.approx(float(three[1][1]), abs=1e-6)


def test_no_row_gives_no_row():
    tokens, scores = searched(chances_of(seed=0)[:0], beams=2, most=np.zeros(0, np.int32))
    assert tokens.shape[0] == scores.shape[0] == 0

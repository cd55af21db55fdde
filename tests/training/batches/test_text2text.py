from collections import Counter
from itertools import islice

import numpy as np
import pytest
import tensorflow as tf

from kit.training.batches import InputWaitTimer, Shard, Text2TextBatches, Tokens, distributed
from tests.training.batches.test_stream import Machines

DRAW = np.random.default_rng(0)
LENGTHS = DRAW.integers(1, 30, 60)
# The first token tells which pair it is, the place in a text which token.
SOURCES = [[2, 100 + n, *range(4, 4 + length), 3] for n, length in enumerate(LENGTHS)]
TARGETS = [[2, 100 + n, *range(4, 4 + length // 2), 3] for n, length in enumerate(LENGTHS)]


def tokens(rows):
    return Tokens.of(tf.ragged.constant(rows, tf.int32))


def batches(**changes) -> Text2TextBatches:
    how = {"batch_size": 120, "seed": 3, **changes}
    return Text2TextBatches(tokens(SOURCES), tokens(TARGETS), **how)


def drawn(stream, count, *where):
    return [
        (inputs["source"].numpy(), inputs["target"].numpy(), following.numpy(), weights.numpy())
        for inputs, following, weights in islice(stream.stream(*where), count)
    ]


def check(source, target, following, weights=None):
    for given, read, wanted in zip(source, target, following, strict=True):
        pair = given[1] - 100
        assert given[given > 0].tolist() == SOURCES[pair]
        assert read[read > 0].tolist() == TARGETS[pair][:-1]
        assert wanted[wanted > 0].tolist() == TARGETS[pair][1:]
        # Padding stands behind.
        assert (np.diff((given > 0).astype(int)) <= 0).all()
    if weights is not None:
        np.testing.assert_array_equal(weights, following > 0)


def test_every_place_has_the_token_that_follows():
    for batch in drawn(batches(), 30):
        check(*batch)


def test_every_pair_comes_in_a_pass_and_batches_hold_as_many_tokens():
    stream = batches()
    for begin in range(3):
        seen = Counter()
        for source, target, *_ in drawn(stream, stream.steps_per_epoch, begin * len(SOURCES)):
            seen.update(set(source[:, 1].tolist()))
            assert source.size + target.size <= max(120, len(source[0]) + len(target[0]))
    stream = batches()
    seen = {n for b in drawn(stream, stream.steps_per_epoch) for n in b[0][:, 1].tolist()}
    assert seen == {100 + n for n in range(60)}
    assert stream.examples_per_epoch == sum(len(t) - 1 for t in TARGETS)


def test_like_lengths_come_together():
    stream = batches(batch_size=200)
    made = sum(g.steps * g.rows * g.source_width for g in stream.groups)
    assert sum(map(len, SOURCES)) / made > 0.6


def test_a_stream_begins_anywhere():
    whole = drawn(batches(), 40)
    for first in (1, 13, 30):
        for one, other in zip(whole[first:], drawn(batches(), 40 - first, first), strict=True):
            for a, b in zip(one, other, strict=True):
                np.testing.assert_array_equal(a, b)
    assert any(
        not np.array_equal(a[0], b[0])
        for a, b in zip(whole, drawn(batches(seed=4), 40), strict=True)
    )


def test_shards_are_parts_of_the_same_batches():
    stream = batches(replicas=2)
    parts = [drawn(stream, 10, 0, Shard(n, of=2)) for n in range(2)]
    for batch, *halves in zip(drawn(stream, 10), *parts, strict=True):
        for whole, *some in zip(batch, *halves, strict=True):
            np.testing.assert_array_equal(np.concatenate(some), whole)


def test_two_devices_of_a_machine_get_halves_of_every_batch():
    stream = batches(replicas=2)
    (fed,) = distributed(stream, Machines(1, 2), 0, InputWaitTimer())
    halves = [(x["source"].numpy(), y.numpy()) for x, y, _ in islice(fed, 12)]
    for batch, first, second in zip(drawn(stream, 6), halves[::2], halves[1::2], strict=True):
        np.testing.assert_array_equal(np.concatenate([first[0], second[0]]), batch[0])
        np.testing.assert_array_equal(np.concatenate([first[1], second[1]]), batch[2])


def test_in_order_gives_each_pair_once():
    seen = Counter()
    for inputs, following in batches().in_order():
        check(inputs["source"], inputs["target"], following)
        seen.update(inputs["source"][:, 1].tolist())
    assert seen == Counter(range(100, 160))


def test_other_texts_have_another_content():
    other = Text2TextBatches(tokens(SOURCES[:-1]), tokens(TARGETS[:-1]), 120, seed=3)
    assert batches().content == batches(seed=5).content != other.content


@pytest.mark.parametrize("size", [1, 10_000])
def test_any_size_of_a_batch(size):
    stream = batches(batch_size=size)
    assert stream.steps_per_epoch == (60 if size == 1 else len(stream.groups))
    for batch in drawn(stream, 5):
        check(*batch)

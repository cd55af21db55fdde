from itertools import islice

import numpy as np

from kit.training.batches import SentenceBatches, Shard

DRAW = np.random.default_rng(0)
TOKENS = DRAW.integers(1, 9, (7, 4, 5)).astype(np.int32)
TOKENS[:, 3] = 0
TOKENS[2, 1:] = 0
TOKENS[:, 0, 0] = 100 + np.arange(7)
LIKENESS = DRAW.random((7, 6))


def drawn(count, *where, **how):
    stream = SentenceBatches(TOKENS, LIKENESS, **{"batch_size": 3, "seed": 1, **how})
    return [[x.numpy() for x in batch] for batch in islice(stream.stream(*where), count)]


def test_shares_go_to_sentences_that_are_there_and_most_to_the_most_alike():
    for tokens, shares, weights in drawn(6):
        np.testing.assert_allclose(shares.sum(axis=1), 1, atol=1e-6)
        assert (shares[~(tokens > 0).any(axis=2)] == 0).all()
        for row, share in zip(tokens[:, 0, 0] - 100, shares, strict=True):
            there = (TOKENS[row] > 0).any(axis=1)
            assert share.argmax() == np.where(there, LIKENESS[row, :4], -1).argmax()
        assert (weights == 1).all()


def test_every_text_comes_in_a_pass_and_a_stream_begins_anywhere():
    whole = drawn(9)
    for begin in (0, 3, 6):
        seen = {n for batch in whole[begin : begin + 3] for n in batch[0][:, 0, 0].tolist()}
        assert seen == set(range(100, 107))
    for one, other in zip(whole[4:], drawn(5, 4), strict=True):
        np.testing.assert_array_equal(one[0], other[0])


def test_shards_are_parts_of_the_same_batches():
    whole = drawn(4, batch_size=4)
    parts = [drawn(4, 0, Shard(n, of=2), batch_size=4) for n in range(2)]
    for batch, first, second in zip(whole, *parts, strict=True):
        np.testing.assert_array_equal(np.concatenate([first[0], second[0]]), batch[0])

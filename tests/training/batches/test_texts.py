import numpy as np
import pytest

from kit.tokenizers import TokenIds
from kit.training.batches import Shard, TextBatches


def numbers(texts=100, longest=40, seed=0):
    """Text n has the number n + 1 and nothing else."""
    lengths = np.random.default_rng(seed).integers(1, longest, texts)
    values = np.repeat(np.arange(1, texts + 1), lengths).astype(np.int32)
    return TokenIds(values, np.cumsum([0, *lengths]))


def batches(**how):
    settings = {"numbers": numbers(), "classes": 3, "batch_size": 8, "seed": 0, **how}
    texts = len(settings["numbers"])
    return TextBatches(labels=np.arange(texts, dtype=np.int32) % 3, **settings)


def taken(some, count, first=0, **how):
    return [[x.numpy() for x in batch] for batch in some.stream(first, **how).take(count)]


def test_a_pass_has_every_text_whole_and_with_its_class():
    some = batches()
    seen = {}
    for texts, targets, weights in taken(some, some.steps_per_epoch):
        assert texts.shape[0] == 8
        assert texts.shape[1] % 8 == 0 or texts.shape[1] == some.numbers.lengths.max()
        assert (weights == 1).all()
        for row, target in zip(texts, targets, strict=True):
            text = row[0] - 1
            assert (row > 0).sum() == some.numbers.lengths[text]
            assert target.argmax() == text % 3
            seen[text] = seen.get(text, 0) + 1
    assert sorted(seen) == list(range(100))
    # What fills the last batch is seen once more.
    assert sum(seen.values()) == 8 * some.steps_per_epoch == 104


def test_texts_of_like_length_come_together():
    some = batches(numbers=numbers(400))
    padded = sum(texts.size for texts, _, _ in taken(some, some.steps_per_epoch))
    assert padded < 1.35 * some.numbers.lengths.sum()
    assert len({texts.shape[1] for texts, _, _ in taken(some, some.steps_per_epoch)}) > 3


@pytest.mark.parametrize("first", [1, 12, 13, 30])
def test_the_stream_begins_anywhere(first):
    some = batches()
    whole = taken(some, 35)
    for one, other in zip(taken(some, 4, first), whole[first:], strict=False):
        for mine, expected in zip(one, other, strict=True):
            np.testing.assert_array_equal(mine, expected)
    assert not np.array_equal(whole[0][0], whole[13][0])


def test_shards_make_up_the_batch():
    some = batches()
    whole = taken(some, 5, 3)
    parts = [taken(some, 5, 3, shard=Shard(n, of=2)) for n in range(2)]
    for number, batch in enumerate(whole):
        for place, expected in enumerate(batch):
            joined = np.concatenate([part[number][place] for part in parts])
            np.testing.assert_array_equal(joined, expected)


def test_one_width_and_weights_of_classes():
    some = batches(one_width=True, class_weights=np.float32([1, 2, 3]))
    assert some.stream().element_spec[0].shape[1] == 39
    for texts, targets, weights in taken(some, 3):
        assert texts.shape == (8, 39)
        np.testing.assert_array_equal(weights, targets.argmax(axis=1) + 1)


@pytest.mark.parametrize("texts", [1, 7, 9, 17])
def test_few_texts_fill_batches_too(texts):
    some = batches(numbers=numbers(texts), batch_size=min(8, texts))
    rows = np.concatenate([batch[0][:, 0] for batch in taken(some, some.steps_per_epoch)])
    assert set(rows.tolist()) == set(range(1, texts + 1))


def test_the_content_tells_other_texts_and_labels():
    some = batches()
    assert some.content == batches().content
    assert some.content != batches(numbers=numbers(seed=1)).content
    other = TextBatches(some.numbers, some.labels[::-1].copy(), 3, 8, seed=0)
    assert some.content != other.content

from itertools import islice

import numpy as np

from kit.training import Shard, TableBatches

ROWS = 23
FEATURES = {
    "code": np.arange(ROWS, dtype=np.int32),
    "list": np.arange(2 * ROWS, dtype=np.int32).reshape(ROWS, 2),
    "number": np.arange(ROWS, dtype=np.float32),
    "other": np.arange(ROWS, dtype=np.int32) + 100,
}
LABELS = np.arange(ROWS, dtype=np.float32)[:, None]


def batches(**changes):
    values = {"features": FEATURES, "labels": LABELS, "batch_size": 8, "seed": 0}
    return TableBatches(**{**values, **changes})


def some(count, stream):
    found = []
    for inputs, labels, weights in islice(stream, count):
        assert set(weights.numpy()) == {1}
        found.append(({name: x.numpy() for name, x in inputs.items()}, labels.numpy()))
    return found


def same(first, second):
    for (inputs, labels), (others, other_labels) in zip(first, second, strict=True):
        np.testing.assert_array_equal(labels, other_labels)
        for name in inputs:
            np.testing.assert_array_equal(inputs[name], others[name])


def test_every_row_comes_once_a_pass_and_whole():
    stream = batches()
    assert (stream.steps_per_pass, stream.interactions_per_pass) == (3, ROWS)
    orders = []
    for first in (0, 3):
        found = some(3, stream.stream(first))
        rows = np.concatenate([labels[:, 0] for _, labels in found]).astype(int)
        # The last batch is filled from the front.
        assert sorted(rows[:ROWS]) == list(range(ROWS))
        assert rows[ROWS] == rows[0]
        orders.append(rows.tolist())
        for inputs, labels in found:
            row = labels[:, 0].astype(int)
            for name, values in FEATURES.items():
                np.testing.assert_array_equal(inputs[name], values[row])
                assert inputs[name].dtype == values.dtype
    assert orders[0] != orders[1]


def test_a_stream_begins_anywhere_and_depends_on_the_seed_alone():
    whole = some(7, batches().stream())
    same(whole[4:], some(3, batches().stream(4)))
    assert (whole[0][1] != some(1, batches(seed=1).stream())[0][1]).any()


def test_shards_together_are_the_batch():
    whole = some(4, batches().stream())
    parts = [some(4, batches().stream(0, Shard(n, of=4))) for n in range(4)]
    joined = [
        (
            {name: np.concatenate([part[n][0][name] for part in parts]) for name in FEATURES},
            np.concatenate([part[n][1] for part in parts]),
        )
        for n in range(4)
    ]
    same(whole, joined)


def test_the_content_tells_data_apart():
    changed = {**FEATURES, "code": FEATURES["code"] + 1}
    contents = [
        batches().content,
        batches(features=changed).content,
        batches(labels=LABELS + 1).content,
        batches(features={"x": FEATURES["code"]}).content,
    ]
    assert batches().content == contents[0]
    assert all(contents.count(content) == 1 for content in contents)

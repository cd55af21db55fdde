from itertools import islice

import numpy as np

from kit.training.batches import Shard, TableBatches

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
    assert (stream.steps_per_epoch, stream.examples_per_epoch) == (3, ROWS)
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


# No row is missing a value, but the second of "padded" has one element only.
WHOLE_ROWS = {
    "age": np.arange(1, 1001, dtype=np.float32),
    "city": np.arange(1000, dtype=np.int32) + 2,
    "padded": np.tile(np.array([[5, 6], [7, 0]], np.int32), (500, 1)),
}
ABSENT = {"age": [np.nan], "city": [0, 1], "padded": [0, 1]}


def replaced(**changes):
    settings = {"batch_size": 100, "seed": 0, "absent": ABSENT, "absent_share": 0.05, **changes}
    return TableBatches(WHOLE_ROWS, np.arange(1000, dtype=np.float32)[:, None], **settings)


def test_absent_values_take_the_place_of_some_and_labels_stay():
    found = some(10, replaced().stream())
    rows = np.concatenate([labels[:, 0] for _, labels in found]).astype(int)
    features = {n: np.concatenate([inputs[n] for inputs, _ in found]) for n in WHOLE_ROWS}
    was = {n: values[rows] for n, values in WHOLE_ROWS.items()}
    is_missing = np.isnan(features["age"])
    assert 20 <= is_missing.sum() <= 90
    np.testing.assert_array_equal(features["age"][~is_missing], was["age"][~is_missing])
    for code in (0, 1):
        assert 20 <= (features["city"] == code).sum() <= 90
        chosen = (features["padded"][:, 0] == code).nonzero()[0]
        assert 20 <= len(chosen) <= 90
        # Padding stays padding.
        np.testing.assert_array_equal(
            features["padded"][chosen], np.where(was["padded"][chosen] == 0, 0, code)
        )
    same_rows = (features["padded"] == was["padded"]).all(axis=1)
    assert same_rows.sum() + (features["padded"][:, 0] <= 1).sum() == 1000


def test_absent_values_depend_on_seed_and_step_alone():
    whole = some(13, replaced().stream())
    same(whole[11:], some(2, replaced().stream(11)))
    for part in (0, 1):
        for (inputs, _), (own, _) in zip(
            whole[:3], some(3, replaced().stream(0, Shard(part, of=2))), strict=True
        ):
            for name in WHOLE_ROWS:
                rows = slice(50 * part, 50 * part + 50)
                np.testing.assert_array_equal(own[name], inputs[name][rows])
    others = some(1, replaced(seed=1).stream())
    assert (np.isnan(others[0][0]["age"]) != np.isnan(whole[0][0]["age"])).any()
    assert replaced().content != replaced(absent={}).content

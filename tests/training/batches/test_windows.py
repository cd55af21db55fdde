from itertools import islice

import numpy as np

from kit.training.batches import Shard, WindowBatches

VALUES = np.arange(60, dtype=np.float32).reshape(3, 20)


def batches(**changes):
    values = {"lookback": 4, "horizon": 2, "first_origin": 1, "batch_size": 8, "seed": 0}
    return WindowBatches(VALUES, **{**values, "first_phase": 3, "cycle": 7, **changes})


def some(count, stream):
    return [
        ({name: x.numpy() for name, x in inputs.items()}, targets.numpy())
        for inputs, targets, _ in islice(stream, count)
    ]


def test_windows_are_cut_where_they_say():
    for inputs, targets in some(10, batches().stream()):
        origin = targets[:, 0] - 20 * (inputs["series"] - 1)
        assert ((origin >= 1) & (origin <= 18)).all()
        np.testing.assert_array_equal(inputs["phase"], (origin + 3) % 7)
        np.testing.assert_array_equal(targets[:, 1], targets[:, 0] + 1)
        past = targets[:, :1] + np.arange(-4, 0)
        before = origin[:, None] + np.arange(-4, 0) < 0
        np.testing.assert_array_equal(inputs["history"], np.where(before, np.nan, past))


def test_a_batch_depends_on_seed_and_number_alone():
    whole = some(6, batches().stream())
    later = some(3, batches().stream(3))
    for (inputs, targets), (others, other_targets) in zip(whole[3:], later, strict=True):
        np.testing.assert_array_equal(targets, other_targets)
        np.testing.assert_array_equal(inputs["history"], others["history"])
    (_, first), *_ = whole
    (_, other), *_ = some(1, batches(seed=1).stream())
    assert (first != other).any()


def test_shards_of_a_batch_make_the_batch():
    (_, whole), *_ = some(1, batches().stream(2))
    halves = [some(1, batches().stream(2, Shard(n, 2)))[0][1] for n in range(2)]
    np.testing.assert_array_equal(np.concatenate(halves), whole)


def test_an_epoch_is_as_long_as_the_windows_or_the_limit():
    assert (batches().origins, batches().examples_per_epoch) == (18, 54)
    assert batches().steps_per_epoch == 7
    assert batches(most_per_epoch=16).steps_per_epoch == 2
    assert batches().content != WindowBatches(VALUES + 1, 4, 2, 1, 8, 0).content


def test_covariates_are_those_of_the_series_and_steps_to_forecast():
    values = np.arange(60, dtype=np.float32).reshape(3, 20)
    known = np.stack([values, -values], axis=-1)
    static = np.float32([[7], [8], [9]])
    batches = WindowBatches(
        values, 4, 2, first_origin=4, batch_size=16, seed=0, known=known, static=static
    )
    inputs, targets, _ = next(iter(batches.stream()))
    np.testing.assert_array_equal(inputs["known"][:, :, 0], targets)
    np.testing.assert_array_equal(inputs["known"][:, :, 1], -targets)
    np.testing.assert_array_equal(inputs["static"][:, 0], 6 + inputs["series"])
    assert {"known", "static"} <= batches.content.keys()

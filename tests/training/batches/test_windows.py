import numpy as np

from kit.training.batches import WindowBatches


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

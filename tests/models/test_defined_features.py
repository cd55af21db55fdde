import numpy as np

from kit.models import CandidateTables, defined_features


def test_by_hand():
    tables = CandidateTables(
        vectors=np.array([[1, 0], [0, 1], [0.6, 0.8]], np.float32),
        neighbours=np.array([[1, 2], [-1, 0], [-1, 0]], np.int32),
        likeness=np.array([[0.5, 0.25], [0, 0.5], [0, 0.25]], np.float32),
        numbers=np.array([[1], [2], [3]], np.float32),
        names=("taken",),
    )
    retrieval = np.array([4, 1], np.float32)
    found = defined_features(tables, np.array([1, 2]), np.array([0, 2]), retrieval)
    expected = {
        "retrieval": [4, 1],
        "below the best": [0, -3],
        "place": [0, np.log(2)],
        "history": [np.log(3)] * 2,
        "similar": [0.3, 0.9],
        "similar lately": [0.3, 0.9],
        "most similar": [0.6, 1.0],
        "together": [0.75, 0],
        "together lately": [0.5 * np.exp(-0.1) + 0.25, 0],
        "taken": [1, 3],
    }
    assert list(found) == list(expected)
    for name, values in expected.items():
        np.testing.assert_allclose(found[name], values, atol=1e-6, err_msg=name)

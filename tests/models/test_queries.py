import numpy as np

from kit.data import Histories
from kit.models import RetrievalLoss, SequentialRecommender, TwoTower, _queries, queries

LENGTHS = [0, 1, 2, 3, 9, 4, 17, 1]
ITEMS = np.random.default_rng(0).integers(0, 20, sum(LENGTHS), dtype=np.int32)
KNOWN = Histories(np.cumsum([0, *LENGTHS]), ITEMS)


def test_each_user_gets_the_query_of_his_own_history(monkeypatch):
    model = TwoTower(num_users=6, num_items=20, dim=4, loss=RetrievalLoss("sampled"))
    monkeypatch.setattr(_queries, "POSITIONS_AT_ONCE", 8)
    users = np.array([7, 0, 5, 6, 1, 2, 3, 4])
    found = queries(model, users, KNOWN)
    for row, user in enumerate(users):
        code = np.array([user + 1 if user < 6 else 0])
        history = KNOWN.padded(np.array([row]), length=max(1, LENGTHS[row]), shift=1)
        expected = model({"user": code, "history": history})
        np.testing.assert_allclose(found[row], expected[0], atol=1e-6)


def test_a_sequential_model_knows_no_user():
    model = SequentialRecommender(num_items=20, dim=4)
    one, other = (queries(model, np.full(len(KNOWN), user), KNOWN) for user in (0, 10**6))
    np.testing.assert_array_equal(one, other)
    assert queries(model, np.empty(0, np.int32), KNOWN.take(np.empty(0, int))).shape == (0, 5)

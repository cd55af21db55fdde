import keras
import numpy as np

from kit.evaluation import ranking_task, retrieval_scorer
from kit.models import TwoTower
from tests.evaluation.small import random_dataset, shop


def model_of(data):
    keras.utils.set_random_seed(0)
    model = TwoTower(data.num_users, data.num_items, 4)
    model.build()
    return model


def test_scores_are_the_models_of_known_users_with_their_history():
    data = random_dataset()
    model, task = model_of(data), ranking_task(data, "test")
    scores = retrieval_scorer(model, task.popularity)(task.users, task.known)
    items = model.item_vectors().numpy()[1:]
    for row in (0, 7):
        history = task.known.take(np.array([row])).items[None] + 1
        query = model({"user": task.users[row : row + 1] + 1, "history": history}).numpy()
        np.testing.assert_allclose(scores[row], items @ query[0], rtol=1e-5, atol=1e-6)


def test_somebody_unknown_is_answered_from_his_history_or_by_popularity():
    data = shop()
    model, cold = model_of(data), ranking_task(data, "test", who="cold")
    scorer = retrieval_scorer(model, cold.popularity)
    history = cold.known.items[None] + 1
    query = model({"user": np.array([0]), "history": history}).numpy()[0]
    np.testing.assert_allclose(
        scorer(cold.users, cold.known)[0], model.item_vectors().numpy()[1:] @ query, atol=1e-6
    )
    nothing = cold.known.below(0)
    np.testing.assert_allclose(scorer(cold.users, nothing)[0], cold.popularity, rtol=1e-6)


def test_a_scorer_does_not_follow_later_training():
    data = shop()
    model, task = model_of(data), ranking_task(data, "test")
    scorer = retrieval_scorer(model, task.popularity)
    before = scorer(task.users, task.known)
    model.set_item_prior(np.arange(5))
    np.testing.assert_array_equal(scorer(task.users, task.known), before)
    after = retrieval_scorer(model, task.popularity)(task.users, task.known)
    np.testing.assert_allclose(after - before, [np.arange(5.0)] * 3, atol=1e-5)

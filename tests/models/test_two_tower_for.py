import numpy as np
import polars as pl
import pytest

from kit.data import open_source, split
from kit.models import TwoTower


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    folder = tmp_path_factory.mktemp("source")
    random = np.random.default_rng(0)
    log = pl.DataFrame(
        {"user_id": random.integers(0, 30, 400), "item_id": random.integers(0, 9, 400)}
    )
    log.cast(pl.String).write_csv(folder / "log.csv")
    items = pl.DataFrame(
        {
            "item_id": [str(i) for i in range(9)],
            "title": ["red cup", "blue cup", "red mug"] * 3,
            "price": np.arange(9.0),
        }
    )
    items.write_csv(folder / "items.csv")
    return split(open_source(str(folder / "log.csv"), items=str(folder / "items.csv")))


def test_it_knows_the_users_items_and_features_of_train(dataset):
    model = TwoTower.for_dataset(dataset, dim=4)
    assert (model.num_users, model.num_items) == (dataset.num_users, dataset.num_items)
    assert model.item_vectors().shape == (dataset.num_items + 1, 5)
    stored = model.item_tower.numbers
    prices = dataset.items["price"][: dataset.num_items].to_numpy()
    expected = (prices - prices.mean()) / prices.std(ddof=1)
    np.testing.assert_allclose(np.asarray(stored)[1:, 0], expected, rtol=1e-5)
    assert model.user_tower is None


def test_features_can_be_left_out(dataset):
    model = TwoTower.for_dataset(dataset, dim=4, features=False)
    assert model.item_tower.features is None

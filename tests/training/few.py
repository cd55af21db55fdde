"""Few users, few items, a model that trains in a blink."""

import keras
import numpy as np

from kit.data import Histories
from kit.models import RetrievalLoss, TwoTower
from kit.optimizers import LazyAdamW
from kit.training import UserBatches

USERS, ITEMS, EACH = 32, 20, 6


def histories() -> Histories:
    """Even users have even items, odd users odd ones."""
    random = np.random.default_rng(0)
    rows = [
        random.choice(np.arange(user % 2, ITEMS, 2), EACH, replace=False) for user in range(USERS)
    ]
    offsets = np.arange(0, EACH * USERS + 1, EACH)
    return Histories(offsets, np.concatenate(rows).astype(np.int32))


def batches(**changes) -> UserBatches:
    settings = {"batch_size": 16, "length": 8, "targets": 4, "hidden_share": 0.5, "seed": 0}
    return UserBatches(histories(), **{**settings, **changes})


def model(kind: str = "full", learning_rate: float = 0.01, id_dropout: float = 0.5) -> TwoTower:
    loss = RetrievalLoss(kind, uniform_negatives=16)
    two_tower = TwoTower(USERS, ITEMS, 4, loss=loss, id_dropout=id_dropout)
    two_tower.build()
    two_tower.set_target_share(batches().target_share(ITEMS))
    two_tower.compile(LazyAdamW(learning_rate, weight_decay=0.1), jit_compile=False)
    return two_tower


def tiny() -> keras.Model:
    """One weight that starts at 0."""
    weight = keras.Sequential(
        [keras.Input([1]), keras.layers.Dense(1, use_bias=False, kernel_initializer="zeros")]
    )
    weight.compile(keras.optimizers.SGD(0.1), "mse", jit_compile=False)
    return weight

"""scikit-learn's histogram gradient boosting on the tables of the ranking recipe."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from kit.data.table import Feature, RankingData, Schema, TableEncoder

MOST_CATEGORIES = 255  # what the trees can tell apart in one column
ROUNDS_WITHOUT_RISE = 20
MOST_ROUNDS = 1000
LEARNING_RATES = (0.03, 0.1)


@dataclass(frozen=True)
class Boosted:
    """What the trees predict of test, and how they were chosen.

    Args:
        probabilities: float64 [rows of test].
        learning_rate: the one with the smaller log loss on valid.
        rounds: trees it took.
    """

    probabilities: NDArray[np.float64]
    learning_rate: float
    rounds: int


def boosted(data: RankingData, encoder: TableEncoder, seed: int) -> Boosted:
    """Train on train, stop and choose the learning rate by log loss on valid, predict test.

    Categories go in as categories, the 254 most frequent of a column apart and the others as one;
    numbers as they are, missing values as missing. Lists and texts, which are not for trees, are
    left out; the tables measured here have none.

    Args:
        data: the split table, one label.
        encoder: fitted on its train part.
        seed: of the trees.
    """
    from sklearn.ensemble import HistGradientBoostingClassifier

    train, valid, test = (_columns(encoder, part.features) for part in _parts(data))
    labels, judged = data.train.labels[:, 0], data.valid.labels[:, 0]
    categorical = [feature.kind != "number" for feature in _for_trees(data.schema)]
    found = []
    for rate in LEARNING_RATES:
        trees: Any = HistGradientBoostingClassifier(
            learning_rate=rate,
            max_iter=MOST_ROUNDS,
            categorical_features=categorical,
            early_stopping=True,
            n_iter_no_change=ROUNDS_WITHOUT_RISE,
            random_state=seed,
        )
        trees.fit(train, labels, X_val=valid, y_val=judged)
        # scikit-learn keeps the trees behind the best round; they are cut off here.
        scores = np.asarray(trees.validation_score_)
        best = int(scores.argmax())
        found.append((float(scores[best]), rate, best, trees))
    _, rate, best, trees = max(found, key=lambda one: one[0])
    staged = trees.staged_predict_proba(test)
    said = next(p for number, p in enumerate(staged, start=1) if number == max(best, 1))
    return Boosted(said[:, 1], rate, best)


def _parts(data: RankingData) -> tuple[Any, Any, Any]:
    return data.train, data.valid, data.test


def _columns(encoder: TableEncoder, rows: pl.DataFrame) -> NDArray[np.float64]:
    encoded = encoder.encode(rows)
    columns = []
    for feature in _for_trees(encoder.schema):
        values = encoded[feature.name].astype(np.float64)
        if feature.kind != "number":
            # Codes are in order of frequency; 0 is missing, 1 rare.
            values = np.where(values >= MOST_CATEGORIES, 1, values)
        columns.append(values)
    return np.stack(columns, axis=1)


def _for_trees(schema: Schema) -> list[Feature]:
    return schema.of_kind("id", "category", "number")

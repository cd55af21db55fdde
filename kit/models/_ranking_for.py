"""A ranking model of the right shape for a table."""

from typing import Any

import numpy as np

from kit.data import RankingData, TableEncoder
from kit.errors import UserError
from kit.models._ranking import Ranking
from kit.models._ranking_input import RankingInput

SAMPLE = 100_000


def ranking_for(
    data: RankingData, encoder: TableEncoder, architecture: str = "dcn", **settings: Any
) -> Ranking:
    """Build a `Ranking` for the features of a table, the ranges of its numbers stored in it.

    Args:
        data: the split table.
        encoder: fitted on its train part.
        architecture: of the model.
        settings: further arguments of `Ranking`.

    Returns:
        The model, built, untrained.

    Raises:
        UserError: "din" without a history of items.

    Example:

    >>> from kit.data import open_ranking, split_ranking
    >>> data = split_ranking(open_ranking("in-vehicle-coupon"))
    >>> encoder = TableEncoder.fit(data.schema, data.train.features)
    >>> ranking_for(data, encoder, dim=4).tasks
    ['Y']
    """
    if architecture == "din":
        if data.history is None:
            raise UserError(
                "The model din attends to a history, and the data have none.",
                where="--model din",
                expected="a list column of earlier items that shares its table with the item's, or "
                "user, item and time columns and --history NUMBER",
                remedy="Give --history 50, or choose another --model.",
            )
        settings |= {"history": data.history, "target": data.target}
    inputs = [
        RankingInput(feature.name, "number")
        if feature.kind == "number"
        else RankingInput(
            feature.name,
            "codes" if feature.kind in ("list", "text") else "code",
            size=encoder.size(feature),
            table=feature.table,
        )
        for feature in data.schema.features
    ]
    model = Ranking(inputs, architecture, data.labels, **settings)
    model.build()
    names = [feature.name for feature in data.schema.of_kind("number")]
    rows = data.train.features.select(names)
    chosen = np.random.default_rng(0).permutation(len(data.train))[:SAMPLE]
    if names:
        model.set_numbers(rows[np.sort(chosen)].to_numpy())
    return model

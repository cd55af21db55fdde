"""From a trained ranking model to its artefact."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl
import tensorflow as tf

from kit.artefact import SignatureCheck, TabularCard
from kit.data import Feature, RankingData, TableEncoder
from kit.export._ranker import Ranker, outputs_of, tensor_names
from kit.export._samples import sample_rows
from kit.export._saved_model import export
from kit.models import Ranking
from kit.progress import stage

CASES = 16


@stage("export")
def export_ranking(
    model: Ranking,
    data: RankingData,
    encoder: TableEncoder,
    folder: Path,
    *,
    card: dict[str, Any],
) -> tuple[Path, list[SignatureCheck]]:
    """Write the next version of a trained model and verify it in processes of their own.

    Args:
        model: the trained model, computing in float32.
        data: what it was trained on.
        encoder: what turned the table into codes.
        folder: the model's folder; versions are numbered in it.
        card: what the artefact is, kept in `assets.extra/card.json`.

    Returns:
        The version's folder and the checks it passed.

    Raises:
        UserError: the folder cannot be written.
        VerificationError: the artefact does not answer as the model; nothing is left behind.
    """
    rows = sample_rows(data, CASES)
    logits = model(encoder.encode(rows, whole=True), training=False)
    probabilities = tf.sigmoid(tf.cast(logits, tf.float32)).numpy()
    outputs = dict(zip(outputs_of(model.tasks), probabilities.T.tolist(), strict=True))
    recorded = {
        "serving_default": {"inputs": raw_inputs(rows, data.schema.features), "outputs": outputs}
    }
    schema = json.loads(data.schema.as_json())
    whole = TabularCard(**card, labels=dict(data.positives), schema=schema)
    return export(Ranker(model, encoder), folder, recorded=recorded, card=whole)


def raw_inputs(rows: pl.DataFrame, features: Sequence[Feature]) -> dict[str, Any]:
    """Typed columns as the signature takes them: "" and NaN where a value is missing.

    Args:
        rows: the features' columns.
        features: what they are.

    Returns:
        Input, see `tensor_names`, to a list of text, numbers, or lists of text padded with "".

    Example:

    >>> raw_inputs(pl.DataFrame({"tags": [["a"], None]}), [Feature("tags", "list")])
    {'tags': [['a'], ['']]}
    """
    inputs: dict[str, Any] = {}
    names = tensor_names([feature.name for feature in features])
    for feature in features:
        values, name = rows[feature.name], names[feature.name]
        if feature.kind == "number":
            inputs[name] = values.cast(pl.Float32).fill_null(float("nan")).to_list()
        elif feature.kind == "list":
            lists = [value or [] for value in values.to_list()]
            longest = max(1, *map(len, lists))
            inputs[name] = [[*one, *[""] * (longest - len(one))] for one in lists]
        else:
            inputs[name] = values.fill_null("").to_list()
    return inputs

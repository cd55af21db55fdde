"""From a trained ranking model to its artefact."""

import json
from pathlib import Path
from typing import Any

import tensorflow as tf

from kit.artefact import SignatureCheck, TabularCard, raw_inputs
from kit.data import RankingData, TableEncoder
from kit.export._ranker import Ranker, outputs_of
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

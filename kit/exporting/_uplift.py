"""Exports of models of uplift: features in, uplift and response of every arm out."""

import json
from pathlib import Path
from typing import Any

import tensorflow as tf

from kit.data.campaign import CampaignData
from kit.data.table import TableEncoder
from kit.exporting._samples import sample_rows
from kit.exporting._saved_model import export
from kit.exporting._tabular import CASES, ServedTable
from kit.exports import SignatureCheck, UpliftCard, raw_inputs
from kit.models import LinearUplift, Uplift
from kit.progress import stage


def _answer(logits: Any) -> dict[str, Any]:
    response = tf.sigmoid(logits)
    return {"uplift": response - response[:, :1], "response": response}


@stage("export")
def export_uplift(
    model: Uplift | LinearUplift,
    data: CampaignData,
    encoder: TableEncoder,
    folder: Path,
    *,
    card: dict[str, Any],
) -> tuple[Path, list[SignatureCheck]]:
    """Export a trained model as the next version and verify it in separate processes.

    Args:
        model: the trained model, computing in float32.
        data: its campaign.
        encoder: encodes the features.
        folder: the model's folder; versions are numbered in it.
        card: of the export, stored in `assets.extra/card.json`.

    Returns:
        The version's folder and the checks it passed.

    Raises:
        UserError: the folder cannot be written.
        VerificationError: the export's outputs differ from the model's; it is removed.
    """
    rows = sample_rows(data.table, CASES)
    found = _answer(tf.cast(model(encoder.encode(rows, whole=True), training=False), tf.float32))
    recorded = {
        "serving_default": {
            "inputs": raw_inputs(rows, data.schema.features),
            "outputs": {name: values.numpy().tolist() for name, values in found.items()},
        }
    }
    schema = json.loads(data.schema.as_json())
    whole = UpliftCard(**card, arms=list(data.arms), outcome=data.outcome, schema=schema)
    return export(ServedTable(model, encoder, _answer), folder, recorded=recorded, card=whole)

"""What a report on predicted probabilities tells."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from kit.data import RankingData, RankingRows, TableEncoder
from kit.evaluation._classification import AUC, Classification, Predictions
from kit.evaluation._run_info import ComparisonReport

PARTS = ("train", "valid", "test")


@dataclass(frozen=True, kw_only=True)
class ClassificationReport(ComparisonReport[Predictions]):
    """Everything a report on a ranking model is made from, see `ComparisonReport`.

    Args:
        data: the split table.
        encoder: fitted on its train part.
    """

    data: RankingData
    encoder: TableEncoder

    @property
    def headline_metric(self) -> str:
        """AUC of the first label."""
        return self.test.metric(AUC, self.data.labels[0])

    @property
    def best_baseline(self) -> str:
        """The baseline with the largest AUC."""
        found = {n: x.summary()[self.headline_metric] for n, x in self.baselines.items()}
        return max(found, key=lambda name: np.nan_to_num(found[name]))


def classification_facts(report: ClassificationReport) -> dict[str, Any]:
    """What metrics.json holds: plain values, null where a number does not exist."""
    content = {
        "test": _part(report, "test", report.test),
        "valid": _part(report, "valid", report.valid),
        "data": table_facts(report.data, report.encoder),
    }
    return report.facts(content)


def protocol_of(data: RankingData, part: str, found: Predictions) -> str:
    """How a part was measured, in a line."""
    rows: RankingRows = getattr(data, part)
    words = f"{part}, {len(rows):,} rows; split {data.split}"
    for label, one in found.of_labels.items():
        words += f"; {np.mean(one.labels):.1%} of {label} positive"
    first = next(iter(found.of_labels.values()))
    if first.groups is not None:
        counted, left_out = first.groups_left_out
        words += (
            f"; grouped AUC over {counted:,} values of {data.group}, weighted by rows, "
            f"{left_out:,} with one class left out"
        )
    return f"{words}; ECE in 20 bins of equally many rows"


def table_facts(data: RankingData, encoder: TableEncoder) -> dict[str, Any]:
    """Size, cleaning, labels, features, split and licence of a table."""
    parts: dict[str, RankingRows] = {part: getattr(data, part) for part in PARTS}
    return {
        "name": data.name,
        "rows_read": data.rows_read,
        "rows": sum(map(len, parts.values())),
        "rows_of_part": {part: len(rows) for part, rows in parts.items()},
        "positive_share": {
            label: {part: float(np.nanmean(rows.labels[:, n])) for part, rows in parts.items()}
            for n, label in enumerate(data.labels)
        },
        "positive_value": dict(data.positives),
        "features": [
            {
                "name": feature.name,
                "kind": feature.kind,
                "values": None if feature.kind == "number" else encoder.size(feature) - 2,
            }
            for feature in data.schema.features
        ],
        "left_out": dict(data.schema.left_out),
        "rows_of_test_with_values_not_in_train": encoder.unseen(data.test.features),
        "cleaning": [{"dropped": step.name, "rows": step.rows} for step in data.cleaning],
        "split": data.split,
        "licence": data.licence,
    }


def _part(report: ClassificationReport, part: str, found: Predictions) -> dict[str, Any]:
    return {
        "protocol": protocol_of(report.data, part, found),
        "counts": {"rows": len(getattr(report.data, part)), **_groups(found)},
        "metrics": found.estimates(),
    }


def _groups(found: Predictions) -> dict[str, int]:
    first: Classification = next(iter(found.of_labels.values()))
    if first.groups is None:
        return {}
    counted, left_out = first.groups_left_out
    return {"groups": counted, "groups_of_one_class": left_out}

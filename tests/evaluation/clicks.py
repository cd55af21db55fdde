"""A small table of clicks with a feature of every kind."""

from pathlib import Path

import numpy as np

from kit.data.table import RankingColumns, RankingData, TableEncoder, open_ranking, split_ranking
from kit.evaluation import Predictions, classification_baselines
from kit.report import ClassificationReport

HEADER = "user_id,item_id,price (EUR),colour,tags,title,time,click,buy"


def write_clicks(path: Path, rows: int = 600, seed: int = 0) -> Path:
    """Rows in which colour, tags and price say much of what is clicked; few clicks are bought."""
    rng = np.random.default_rng(seed)
    lines = [HEADER]
    for n in range(rows):
        user, item, price = rng.integers(30), rng.integers(20), rng.exponential(10)
        colour, tag = rng.choice(["red", "blue", ""]), rng.integers(3)
        logit = 2 * (colour == "red") - 2 * (tag == 1) + (price < 5) - 0.5
        click = int(rng.random() < 1 / (1 + np.exp(-logit)))
        buy = int(rng.random() < 0.6) if click else ""
        tags = "|".join(f"t{t}" for t in range(tag, 3))
        cells = [
            *(f"u{user}", f"i{item}", "" if n % 9 == 0 else f"{price:.2f}", colour, tags),
            *(f"The nice thing number {item + n % 40}", 1000 + n, click, buy),
        ]
        lines.append(",".join(map(str, cells)))
    path.write_text("\n".join(lines) + "\n")
    return path


def clicks(path: Path, *labels: str) -> tuple[RankingData, TableEncoder]:
    """The table split at random, and its encoder."""
    source = open_ranking(
        str(write_clicks(path)), columns=RankingColumns(labels=labels or ("click",))
    )
    data = split_ranking(source, "random")
    return data, TableEncoder.fit(data.schema, data.train.features)


def small_report(data: RankingData, encoder: TableEncoder) -> ClassificationReport:
    """A report whose model is the logistic regression."""
    baselines = classification_baselines(data, encoder)
    said = np.full((len(data.valid), len(data.labels)), 0.4)
    return ClassificationReport(
        recipe="ranking",
        model="dcn",
        command="kit train ranking --data 'a & b.csv'",
        data=data,
        encoder=encoder,
        settings={"dim": 8, "label": ("click",)},
        valid=Predictions.of(data.valid, data.labels, said),
        test=baselines["logistic regression"],
        baselines={"base rate": baselines["base rate"]},
        history=[
            {"epoch": 1, "seconds": 0.5, "loss": 0.7, "valid AUC": 0.6},
            {"epoch": 2, "seconds": 0.4, "loss": 0.5, "valid AUC": 0.7},
        ],
        metric="valid AUC",
        seconds={"train": 1.5},
    )

"""Writes the tables of docs/results.md and README.md from results/*.json.

    python -m benchmarks.results_page

A table stands between `<!-- table: NAME -->` and `<!-- end -->`; the rest
is written by hand.
"""

import json
import re
import statistics
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks import (
    batch,
    cold_items,
    customer_value_results,
    detection_results,
    forecasting_results,
    forgetting,
    image_results,
    m4_hourly,
    planning,
    privacy_results,
    profile_results,
    ranking_results,
    refit_results,
    retraining,
    retrieval_results,
    robustness_results,
    sequential_results,
    spark,
    text2text_results,
    text_results,
    two_stage_results,
    uplift,
)

ROOT = Path(__file__).resolve().parent.parent
SHOWN_ON = ("results", "forecasting", "spark")
PAGES = [ROOT / "README.md", *(ROOT / "docs" / f"{name}.md" for name in SHOWN_ON)]
MODULES = {
    "retrieval": retrieval_results,
    "sequential": sequential_results,
    "two_stage": two_stage_results,
    "ranking": ranking_results,
    "images": image_results,
    "detection": detection_results,
    "texts": text_results,
    "pairs": text2text_results,
    "forecasting": forecasting_results,
    "m4_hourly": m4_hourly,
    "customer_value": customer_value_results,
    "uplift": uplift,
    "planning": planning,
    "batch": batch,
    "spark": spark,
    "cold_items": cold_items,
    "refit": refit_results,
    "privacy": privacy_results,
    "profiles": profile_results,
    "forgetting": forgetting,
    "robustness": robustness_results,
    "retraining": retraining,
}


def summary_table() -> str:
    """One row for each task, for README."""
    retrieval = _kept("retrieval")
    shop, films = retrieval["online-retail"], retrieval["movielens-100k/split"]
    tower, linear = (shop["recipes"][name]["ndcg@10_mean"] for name in retrieval_results.RECIPES)
    of_films = films["recipes"]["two-tower"]["ndcg@10_mean"]
    runs = list(_kept("sequential")["Beauty"]["attention"].values())
    lists = _kept("two_stage")["online-retail"]["lists"]
    staged, alone = (
        statistics.mean(lists[name]["ndcg@10"]) for name in ("two-stage", "retrieval alone")
    )
    census = _kept("ranking")["adult-census"]["systems"]
    clothes = _kept("images")["fashion-mnist"]
    cells = _kept("detection")["bccd"]
    films_read = _kept("texts")["imdb, lstm"]
    german = _kept("pairs")["multi30k, transformer"]
    demand = _kept("forecasting")["online-retail-demand"]
    worth = _kept("customer_value")["online-retail"]
    mailed = _kept("uplift")["women's mail"]["mean"]
    planned = _kept("planning")["online-retail"]["all candidates, stock 0.6"]
    papers = _kept("pairs")["scitldr-part, built in, sentence scorer"]
    return "\n".join(
        [
            "| recipe | data | metric on test | kit | reference |",
            "|---|---|---|---|---|",
            _row("two-tower", "online-retail", "NDCG@10", tower, *_best(shop)),
            _row("two-tower", "movielens-100k", "NDCG@10", of_films, *_best(films)),
            _row("linear", "online-retail", "NDCG@10", linear, *_best(shop)),
            _row("sequential", "Beauty", "NDCG@10", _mean(runs), *_best(runs[0])),
            _row(
                "two-stage",
                "online-retail",
                "NDCG@10",
                staged,
                "two-tower",
                alone,
            ),
            _row(
                "ranking",
                "adult-census",
                "AUC",
                census["dcn"]["auc"]["mean"],
                "gradient boosting",
                census["gradient boosting"]["auc"]["mean"],
            ),
            _against(
                "image-classification", "fashion-mnist", "accuracy", clothes, "pixels, linear"
            ),
            _row(
                "object-detection",
                "bccd",
                "mAP50",
                cells["map50"]["mean"],
                cells["published"]["system"],
                cells["published"]["map50"],
            ),
            _against("text-classification", "imdb", "accuracy", films_read, "bigrams, linear"),
            _against("translation", "multi30k", "BLEU", german, "nearest source"),
            _against("summarization", "scitldr-part", "ROUGE-1", papers, "central sentence"),
            _row(
                "forecasting",
                "online-retail-demand",
                "WQL, smaller is better",
                demand["linear-residual"]["WQL"],
                "same weekday",
                demand["baselines"]["same weekday, 8 cycles"]["WQL"],
            ),
            _row(
                "customer-value",
                "online-retail",
                "normalised Gini",
                worth["mean"][customer_value_results.METRICS[0]],
                "BG/NBD",
                worth["baselines"][customer_value_results.PEER][customer_value_results.METRICS[0]],
            ),
            _row(
                "uplift",
                "Hillstrom, women's mail",
                uplift.QINI,
                mailed["exported model"][uplift.QINI],
                "likely buyers",
                mailed[uplift.LIKELY][uplift.QINI],
            ),
            _row(
                "kit plan",
                "online-retail",
                "share of the bound of value",
                planned["refreshed prices"]["of_bound"],
                "greedy",
                planned["greedy"]["of_bound"],
            ),
        ]
    )


def rendered(page: str) -> str:
    """A page with its tables written anew."""

    def table(block: re.Match[str]) -> str:
        return f"{block[1]}\n{TABLES[block[2]]()}\n{block[3]}"

    block = r"(<!-- table: (\w+) -->)\n(?:(?!<!--).*\n)*(<!-- end -->)"
    return re.sub(block, table, page)


def _kept(name: str) -> dict[str, Any]:
    kept: dict[str, Any] = json.loads((ROOT / "results" / f"{name}.json").read_text())
    return kept


def _row(recipe: str, data: str, metric: str, ours: float, peer: str, theirs: float) -> str:
    return f"| `{recipe}` | {data} | {metric} | **{_figure(ours)}** | {_figure(theirs)} ({peer}) |"


def _against(recipe: str, data: str, metric: str, kept: dict[str, Any], baseline: str) -> str:
    ours = kept.get("metrics", kept)[metric]["mean"]
    return _row(recipe, data, metric, ours, baseline, kept["baselines"][baseline])


def _mean(runs: list[dict[str, Any]]) -> float:
    return statistics.mean(run["ndcg@10"] for run in runs)


def _best(kept: dict[str, Any]) -> tuple[str, float]:
    figures = {name: found["ndcg@10"] for name, found in kept["baselines"].items()}
    name = max(figures, key=lambda name: figures[name])
    return name.split(" (")[0], figures[name]


def _figure(value: float) -> str:
    return f"{value:.1f}" if value > 1 else f"{value:.4f}".removeprefix("0")


def _results_table(name: str) -> Callable[[], str]:
    return lambda: MODULES[name].results_table(_kept(name))  # type: ignore[attr-defined]


TABLES = {
    "summary": summary_table,
    **{name: _results_table(name) for name in MODULES},
    "etth1": lambda: forecasting_results.etth1_table(_kept("forecasting")),
    "levels": lambda: forecasting_results.levels_table(_kept("forecasting")),
}


def main() -> None:
    for page in PAGES:
        page.write_text(rendered(page.read_text()))


if __name__ == "__main__":
    main()

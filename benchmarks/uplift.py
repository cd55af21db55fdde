"""Measure the uplift recipe on randomised campaigns and write results/uplift.json.

    python benchmarks/uplift.py womens-mail campaign.csv.gz --arm "Womens E-Mail"

Hillstrom's campaign (the MineThatData e-mail challenge of 2008) is not part of the kit: its licence
is not known. Half of the customers are test, chosen at random by the seed; three tenths of the
other half are valid. Every seed is trained through the command a user types. Gradient boosting of
scikit-learn, which the kit does not need to run, is measured beside it as S- and T-learner, on the
same rows.
"""

import json
import os
import statistics
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click
import numpy as np
import polars as pl

RESULTS = Path(__file__).parent.parent / "results" / "uplift.json"
TREATMENT, OUTCOME, CONTROL = "segment", "visit", "No E-Mail"
AFTERWARDS = ("conversion", "spend")
QINI, AUUC, VALUE = "Qini x 1000", "AUUC x 1000", "value, doubly robust"
METRICS = (QINI, AUUC, "value by IPS", "value by SNIPS", VALUE)
LIKELY = "response model"
TEST, VALID = 0.5, 0.15
SHARE = 0.3


def campaign(file: str, arm: str, seed: int) -> pl.DataFrame:
    """One arm beside the control, with a column of the split."""
    frame = pl.read_csv(file, infer_schema_length=None)
    frame = frame.filter(pl.col(TREATMENT).is_in([arm, CONTROL]))
    order = np.random.default_rng(seed).permutation(len(frame))
    part = np.full(len(frame), "train", object)
    tests, valids = int(TEST * len(frame)), int(VALID * len(frame))
    part[order[:tests]], part[order[tests : tests + valids]] = "test", "valid"
    return frame.with_columns(split=pl.Series(part.tolist()))


def trained(frame: pl.DataFrame, seed: int) -> dict[str, Any]:
    """metrics.json of one run of the recipe."""
    with TemporaryDirectory() as folder:
        frame.write_parquet(f"{folder}/campaign.parquet")
        command = [sys.executable, "-m", "kit", "train", "uplift", "--quiet", "--seed", str(seed)]
        command += ["--data", f"{folder}/campaign.parquet", "--share", str(SHARE)]
        command += ["--treatment-column", TREATMENT, "--outcome-column", OUTCOME]
        command += [word for column in AFTERWARDS for word in ("--ignore", column)]
        places = ["--output", f"{folder}/model", "--report", f"{folder}/report"]
        subprocess.run([*command, *places], check=True)
        numbers: dict[str, Any] = json.loads(Path(folder, "report", "metrics.json").read_text())
        return numbers


def boosted(frame: pl.DataFrame) -> dict[str, float]:
    """Qini coefficients of gradient boosting, trained on train and valid."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    from kit.metrics import qini

    columns = [c for c in frame.columns if c not in (TREATMENT, OUTCOME, "split", *AFTERWARDS)]
    codes = frame.select(
        pl.col(c).rank("dense").cast(pl.Float64) if frame[c].dtype == pl.String else pl.col(c)
        for c in columns
    ).to_numpy()
    treated = (frame[TREATMENT] != CONTROL).to_numpy().astype(np.float64)
    outcome = frame[OUTCOME].to_numpy()
    test = (frame["split"] == "test").to_numpy()

    def fitted(rows: Any, x: Any) -> Any:
        settings: dict[str, Any] = {"max_iter": 100, "learning_rate": 0.05, "max_leaf_nodes": 8}
        model = HistGradientBoostingClassifier(**settings, random_state=0)
        return lambda asked: model.fit(x[rows], outcome[rows]).predict_proba(asked)[:, 1]

    asked = codes[test]
    of_arms = [fitted(~test & (treated == arm), codes)(asked) for arm in (0, 1)]
    together = fitted(~test, np.c_[codes, treated])
    none, all_of_them = (together(np.c_[asked, np.full(len(asked), float(arm))]) for arm in (0, 1))
    scores = {"T-learner": of_arms[1] - of_arms[0], "S-learner": all_of_them - none}
    return {
        f"{name}, gradient boosting": round(1000 * qini(treated[test], outcome[test], score), 2)
        for name, score in scores.items()
    }


def summary(
    runs: list[dict[str, Any]], peers: list[dict[str, float]], frame: pl.DataFrame
) -> dict[str, Any]:
    """The kept figures of the runs of one campaign."""
    rates = dict(frame.group_by(TREATMENT).agg(pl.col(OUTCOME).mean()).iter_rows())
    (arm,) = set(rates) - {CONTROL}
    truth = SHARE * rates[arm] + (1 - SHARE) * rates[CONTROL]
    random = [run["baselines"][f"{arm} at random"]["metrics"] for run in runs]
    systems = [
        {"exported model": run["test"]["metrics"], run["model"]: run["test"]["metrics"]}
        | {name: one["metrics"] for name, one in run["baselines"].items()}
        for run in runs
    ]
    found = {
        name: {
            metric: round(statistics.mean(one[name][metric]["mean"] for one in systems), 4)
            for metric in METRICS
        }
        for name in systems[0]
    }
    for name in peers[0]:
        found[name] = {QINI: round(statistics.mean(peer[name] for peer in peers), 4)}
    return {
        "protocol": runs[0]["test"]["protocol"],
        "seeds": [run["settings"]["seed"] for run in runs],
        "chosen": [run["model"] for run in runs],
        "mean": found,
        "qini_by_seed": {
            name: [round(one[name][QINI]["mean"], 2) for one in systems] for name in systems[0]
        },
        "qini_intervals": [
            [round(run["test"]["metrics"][QINI][end], 2) for end in ("low", "high")] for run in runs
        ],
        "qini_minus_response": [
            {
                end: round(x, 2)
                for end, x in run["baselines"][LIKELY]["model_minus_baseline"][QINI].items()
            }
            for run in runs
        ],
        "value_minus_response": [
            {
                end: round(x, 4)
                for end, x in run["baselines"][LIKELY]["model_minus_baseline"][VALUE].items()
            }
            for run in runs
        ],
        "random_policy": {
            "truth": round(truth, 4),
            "within_interval": [
                all(one[m]["low"] <= truth <= one[m]["high"] for m in METRICS[2:]) for one in random
            ],
        },
        "verdicts": [run["verdicts"] for run in runs],
        "randomisation": [run["settings"]["randomisation"] for run in runs],
        "minutes": round(sum(runs[0]["seconds"].values()) / 60, 1),
        "load_average": round(os.getloadavg()[0], 1),
        "versions": runs[0]["versions"],
    }


def results_table(kept: dict[str, Any]) -> str:
    """The table of the results page."""
    lines = [
        f"| campaign | system | {' | '.join(METRICS)} |",
        f"|---|---|{'---|' * len(METRICS)}",
    ]
    for name, found in kept.items():
        systems = sorted(
            found["mean"].items(),
            key=lambda pair: (pair[0] != "exported model", -pair[1][QINI]),
        )
        for place, (system, figures) in enumerate(systems):
            if system == "exported model":
                system = f"exported model, {len(found['seeds'])} seeds"
            cells = " | ".join(_cell(metric, figures.get(metric)) for metric in METRICS)
            lines.append(f"| {name if place == 0 else ''} | {system} | {cells} |")
    notes = [
        f"- {name}, first seed: {found['protocol']}. Exported: {', '.join(found['chosen'])}."
        for name, found in kept.items()
    ]
    return "\n".join([*lines, "", *notes])


def _cell(metric: str, value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:.1f}" if metric in (QINI, AUUC) else f"{value:.4f}"


@click.command()
@click.argument("name")
@click.argument("file")
@click.option("--arm", required=True, help="Value of the column segment.")
@click.option("--seeds", default=3, show_default=True)
def main(name: str, file: str, arm: str, seeds: int) -> None:
    """Train one campaign with several seeds and keep its figures."""
    frames = [campaign(file, arm, seed) for seed in range(seeds)]
    runs = [trained(frame, seed) for seed, frame in enumerate(frames)]
    results = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    results[name] = summary(runs, [boosted(frame) for frame in frames], frames[0])
    RESULTS.write_text(json.dumps(results, indent=2, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()

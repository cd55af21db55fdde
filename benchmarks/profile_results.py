"""Measure how far made-up users promote an item, and write results/profiles.json.

    python benchmarks/profile_results.py movielens-100k --file ml-100k.inter

Of linear, split at random, by `kit robustness`: every seed draws another item that 3 to 8 users
have, and other users.
"""

import json
import statistics
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click
from click.testing import CliRunner

from kit.cli import main as kit_main

RESULTS = Path(__file__).parent.parent / "results" / "profiles.json"
SHARES = ("0.01", "0.05")
FIGURES = ("reach@10", "median rank", "NDCG@10", "change")


def answer(*words: str) -> str:
    """What a command of the kit printed."""
    done = CliRunner().invoke(kit_main, [*words])
    assert done.exit_code == 0, done.output
    return done.stdout


def results_table(kept: dict[str, Any]) -> str:
    """The table of the results page."""
    lines = [
        "| data | made-up users | detector AUC | reach@10 | median rank | NDCG@10 | change |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, found in kept.items():
        for row in found["rows"]:
            auc = "-" if row["detector"] is None else f"{row['detector']:.3f}"
            cells = [
                f"{row['reach@10']:.1%}",
                f"{row['median rank']:,.0f}",
                f"{row['NDCG@10']:.4f}",
            ]
            cells.append(f"{row['change']:+.1%}")
            lines.append(f"| {name} | {row['label']} | {auc} | " + " | ".join(cells) + " |")
    return "\n".join([*lines, "", *(f"- {name}: {one['protocol']}." for name, one in kept.items())])


@click.command()
@click.argument("name")
@click.option("--file", required=True)
@click.option("--seeds", default=3, show_default=True)
def main(name: str, file: str, seeds: int) -> None:
    """Train, attack and defend with several seeds and keep the figures."""
    gathered: dict[tuple[str, str], list[dict[str, Any]]] = {}
    with TemporaryDirectory() as folder:
        places = ["--output", f"{folder}/model", "--report", f"{folder}/report", "--quiet"]
        answer("train", "linear", "--data", file, "--split", "random", *places)
        for share in SHARES:
            for seed in range(seeds):
                words = ["--fakes", share, "--seed", str(seed), "--json"]
                for run in json.loads(answer("robustness", f"{folder}/model", *words))["runs"]:
                    label = "none"
                    if run["kind"] is not None:
                        label = f"{float(share):.0%} {run['kind']}"
                        label += ", defended" if run["defended"] else ""
                    gathered.setdefault((label, share if run["kind"] else ""), []).append(run)
    rows = []
    for (label, _), runs in gathered.items():
        row: dict[str, Any] = {
            one: round(statistics.mean(run[one] for run in runs), 4) for one in FIGURES
        }
        known = [run["detector"] for run in runs if run.get("detector") is not None]
        row["detector"] = round(statistics.mean(known), 4) if known else None
        rows.append({"label": label, **row})
    results = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    results[name] = {
        "protocol": f"linear, split random, mean of {seeds} promoted items of 3 to 8 users",
        "rows": rows,
    }
    RESULTS.write_text(json.dumps(results, indent=2, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()

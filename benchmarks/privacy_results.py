"""Measure linear recommenders with differential privacy and write results/privacy.json.

    python benchmarks/privacy_results.py msweb --file visits.csv.gz
    python benchmarks/privacy_results.py movielens-100k --file split
    python benchmarks/privacy_results.py movielens-100k --file ml-100k.inter --attack

One random item of each person of msweb is held out, another of every fifth for valid; of
MovieLens-100k the split is given. --attack measures by `kit audit privacy` how well it can be told
who was in the training, and draws docs/images/privacy.svg. Every seed draws the noise anew, of
msweb the split, too. The model that is measured was fitted on train alone; a command exports one of
all rows. The metrics themselves are exact.
"""

import json
import statistics
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click
import numpy as np
import polars as pl

RESULTS = Path(__file__).parent.parent / "results" / "privacy.json"
PICTURE = RESULTS.parent.parent / "docs" / "images" / "privacy.svg"
EPSILONS = (8.0, 4.0, 2.0, 1.0)


def held_out(file: str, folder: Path, seed: int) -> Path:
    """Parts with one item of each person held out."""
    rng = np.random.default_rng(seed)
    visits = pl.read_csv(file).rename({"vroot_idx": "item_id"})
    visits = visits.with_columns(order=pl.Series(rng.random(len(visits)))).sort("user_id", "order")
    place = visits.with_columns(
        place=pl.int_range(pl.len()).over("user_id"), count=pl.len().over("user_id")
    )
    in_test = (pl.col("place") == 0) & (pl.col("count") > 1)
    in_valid = (pl.col("place") == 1) & (pl.col("count") > 2) & (pl.col("user_id") % 5 == 0)
    parts = {"test": in_test, "valid": in_valid & ~in_test, "train": ~in_test & ~in_valid}
    for name, rows in parts.items():
        place.filter(rows).select("user_id", "item_id").write_csv(folder / f"{name}.csv")
    return folder


def measured(source: Path, seed: int) -> dict[str, Any]:
    """The metrics of one split."""
    import kit
    from kit.evaluation import evaluate, evaluated_baselines, ranking_task, retrieval_scorer
    from kit.models import LinearRecommender

    data = kit.open(source, seed=seed)
    task = ranking_task(data, "test")
    baselines, _ = evaluated_baselines(data, task)
    found: dict[str, Any] = {name.split(" ")[0]: figures(one) for name, one in baselines.items()}
    for epsilon in EPSILONS:
        model = LinearRecommender.for_dataset(data)
        try:
            kit.fit(model, data, private=epsilon, quiet=True)
        except kit.errors.UserError:
            continue
        assert model.private is not None
        scored = evaluate(task, retrieval_scorer(model, data.popularity_with_valid))
        found[f"epsilon {epsilon:g}"] = figures(scored) | {
            "items": len(model.private.items),
            "delta": model.private.delta,
        }
    found["protocol"] = task.protocol
    found["people"] = data.num_users
    return found


def attacked(file: str, seeds: int) -> dict[str, Any]:
    """AUC of membership inference without and with a guarantee."""
    from click.testing import CliRunner

    from kit.cli import main as kit_main

    found: dict[str, Any] = {}
    for name in ("not private", *(f"epsilon {epsilon:g}" for epsilon in EPSILONS[:3])):
        private = [] if name == "not private" else ["--private", name.removeprefix("epsilon ")]
        with TemporaryDirectory() as folder:
            places = ["--output", f"{folder}/model", "--report", f"{folder}/report", "--quiet"]
            trained = CliRunner().invoke(
                kit_main, ["train", "linear", "--data", file, *private, *places]
            )
            assert trained.exit_code == 0, trained.output
            runs = []
            for seed in range(seeds):
                words = ["audit", "privacy", f"{folder}/model", "--seed", str(seed), "--json"]
                answer = CliRunner().invoke(kit_main, words)
                assert answer.exit_code == 0, answer.output
                runs.append(json.loads(answer.stdout))
        found[name] = {
            "AUC": round(statistics.mean(run["membership"]["mean"] for run in runs), 3),
            "spread": round(statistics.stdev(run["membership"]["mean"] for run in runs), 3),
            "found": round(statistics.mean(run["membership"]["found"] for run in runs), 3),
            "people in no model": round(statistics.mean(run["control"]["mean"] for run in runs), 3),
            "epsilon shown": [round(r["canaries"]["shown"], 2) for r in runs if r["canaries"]],
        }
    return found


def draw(kept: dict[str, Any]) -> None:
    """Epsilon, NDCG@10 and AUC of the attack in one picture."""
    import matplotlib.pyplot as plt

    systems, attack = kept["systems"], kept["attack"]
    names = [name for name in ("epsilon 2", "epsilon 4", "epsilon 8", "not private")]
    quality = [systems["EASE" if name == "not private" else name]["NDCG@10"] for name in names]
    figure, left = plt.subplots(figsize=(6, 3.2))
    left.plot(names, quality, "o-", color="tab:blue", label="NDCG@10")
    left.axhline(systems["popular"]["NDCG@10"], color="tab:blue", linestyle=":", linewidth=1)
    left.annotate("popular", (3, systems["popular"]["NDCG@10"]), ha="right", va="bottom")
    left.set_ylabel("NDCG@10", color="tab:blue")
    left.set_ylim(0, 0.4)
    right = left.twinx()
    right.plot(names, [attack[name]["AUC"] for name in names], "s--", color="tab:red")
    right.set_ylabel("AUC of the attack", color="tab:red")
    right.set_ylim(0.4, 1.02)
    figure.tight_layout()
    figure.savefig(PICTURE, metadata={"Date": None})


def figures(evaluation: Any) -> dict[str, float]:
    """The metrics that are kept."""
    whole = evaluation.summary()
    return {name: round(whole[name], 4) for name in ("NDCG@10", "Coverage@10")}


def results_table(kept: dict[str, Any]) -> str:
    """The table of the results page."""
    systems = ("EASE", *(f"epsilon {epsilon:g}" for epsilon in EPSILONS), "popular")
    lines = [
        "| data | people | " + " | ".join(systems) + " |",
        "|---|---|" + "---|" * len(systems),
    ]
    for name, found in kept.items():
        cells = []
        for system in systems:
            one = found["systems"].get(system)
            if one is None:
                cells.append("too few people")
                continue
            cells.append(f"{one['NDCG@10']:.4f} (±{one['spread']:.4f})")
        lines.append(f"| {name} | {found['people']:,} | " + " | ".join(cells) + " |")
    notes = [f"- {name}: NDCG@10, {found['protocol']}." for name, found in kept.items()]
    guessed = [
        "| data | model | AUC of the attack | found at 1 % false alarms | people in no model |",
        "|---|---|---|---|---|",
    ]
    for name, found in kept.items():
        for system, one in found.get("attack", {}).items():
            cells = [f"{one['AUC']:.3f} (±{one['spread']:.3f})", f"{one['found']:.1%}"]
            cells.append(f"{one['people in no model']:.3f}")
            guessed.append(f"| {name} | linear, {system} | " + " | ".join(cells) + " |")
    return "\n".join([*lines, "", *notes, "", *guessed])


def summary(runs: list[dict[str, Any]]) -> dict[str, Any]:
    """Means over the seeds."""
    systems: dict[str, Any] = {}
    for name in ("EASE", "popular", *(f"epsilon {epsilon:g}" for epsilon in EPSILONS)):
        ones = [run[name] for run in runs if name in run]
        if len(ones) == len(runs):
            values = [one["NDCG@10"] for one in ones]
            means = {key: round(statistics.mean(o[key] for o in ones), 4) for key in ones[0]}
            means |= {"delta": ones[0]["delta"]} if "delta" in ones[0] else {}
            systems[name] = means | {"spread": round(statistics.stdev(values), 4)}
    return {
        "protocol": runs[0]["protocol"],
        "people": runs[0]["people"],
        "seeds": list(range(len(runs))),
        "systems": systems,
    }


@click.command()
@click.argument("name", type=click.Choice(["msweb", "movielens-100k"]))
@click.option("--file", required=True, help="The log, or the folder of its parts.")
@click.option("--seeds", default=3, show_default=True)
@click.option("--attack", is_flag=True, help="Guess who was in the training.")
def main(name: str, file: str, seeds: int, attack: bool) -> None:
    """Fit one source with several seeds and keep its figures."""
    results = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    if attack:
        results[name]["attack"] = attacked(file, seeds)
        RESULTS.write_text(json.dumps(results, indent=2, sort_keys=True) + "\n")
        draw(results[name])
        return
    runs = []
    for seed in range(seeds):
        with TemporaryDirectory() as folder:
            source = held_out(file, Path(folder), seed) if name == "msweb" else Path(file)
            runs.append(measured(source, seed))
    results[name] = results.get(name, {}) | summary(runs)
    RESULTS.write_text(json.dumps(results, indent=2, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()

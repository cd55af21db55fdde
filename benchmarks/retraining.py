"""Retraining week by week beside training from nothing, in results/retraining.json.

\b
    python benchmarks/retraining.py two-tower

Online-retail is cut into weeks. In each of two consecutive weeks a model is trained on the log to
date, valid is the week after, test the week after that; once from nothing, once from the weights
of the week before (`kit train --from`), which the second time are retrained weights themselves.
Data, recipe, defaults and the measure are those of `kit train`; CPU seconds are those of building
and training, with validation and early stopping, in one process. Overlap is of the lists of 1,000
users between a version and the one before, when asked with the same histories.
"""

import json
import time
import warnings
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click
import numpy as np
import polars as pl

from kit import evaluation
from kit.data import open_source
from kit.exporting import Started, StoredWeights, recommender_graph, retrieval_parts
from kit.metrics import bootstrap_intervals
from kit.models import attach
from kit.pipeline import Devices, Recipe, trained_run
from kit.recipes import RECIPES
from kit.retrieval import IndexSettings
from kit.tasks import Run, overlap, sampled_histories, stored_weights

RESULTS = Path(__file__).parent.parent / "results" / "retraining.json"
WEEK = 7 * 86_400
END = int(datetime(2011, 12, 10, tzinfo=UTC).timestamp())
WEEKS = 3


def write_week(number: int, folder: Path) -> None:
    """Train, valid and test of a week, and the items."""
    source = open_source("online-retail")
    assert source.items is not None
    source.items.write_csv(folder / "items.csv")
    rows = source.interactions.with_columns(pl.col("user_id", "item_id").cast(pl.String))
    end = END - (1 + WEEKS - number) * WEEK
    (folder / str(number)).mkdir()
    for name, start, stop in (
        ("train", 0, end),
        ("valid", end, end + WEEK),
        ("test", end + WEEK, end + 2 * WEEK),
    ):
        part = rows.filter(pl.col("time").is_between(start, stop, closed="left"))
        part.write_csv(folder / str(number) / f"{name}.csv")


def train(
    recipe: Recipe, folder: Path, number: int, seed: int, before: StoredWeights | None
) -> tuple[Run, dict[str, Any]]:
    """Train in one week, from nothing or from the weights of the week before."""
    kind = recipe.data_options()
    items = str(folder / "items.csv")
    options = recipe.options(
        data=kind(data=str(folder / str(number)), items=items, seed=seed)  # type: ignore[call-arg]
    )
    options = replace(options, training=replace(options.training, quiet=True, precision="float32"))
    if before is not None:
        options = recipe.chosen(options, before.settings)
        recipe = replace(recipe, build=lambda data, o: started(built(data, o), data, before))
    built = import_module(RECIPES[recipe.name]).RECIPE.build
    data = recipe.read(options)
    task = recipe.task(options)
    silent = lambda line: None  # noqa: E731
    devices = Devices.chosen(options.training, silent)
    begin, since = time.process_time(), time.perf_counter()
    with TemporaryDirectory() as reports:
        run, kept = trained_run(recipe, options, data, task, devices, Path(reports), silent, since)
        cpu = time.process_time() - begin
        for checkpoints in kept:
            checkpoints.clear()
    trend, valid = task.calibrate(run)
    run.model.set_item_prior(trend.prior(run.data, "test"))
    test = evaluation.evaluate(task.tasks[1], task.scorer(run.model))
    return run, {
        "cpu": cpu,
        "epochs": run.epochs[0],
        "valid": valid.mean("NDCG@10"),
        "test": test.mean("NDCG@10"),
        "by_user": test.per_user["NDCG@10"],
    }


def started(model: Any, data: Any, before: StoredWeights) -> Any:
    """A model with the weights of the week before."""
    known = before.weights.start(model, data)
    attach(model, started=Started(Path("week-before"), known, before.split, before.until))
    return model


def lists(run: Run, histories: list[list[str]]) -> list[list[str]]:
    """The lists of a model for histories."""
    parts = retrieval_parts(run.model, run.data, most_users=1)
    graph = recommender_graph(parts, k=10, exclude_seen=True, index=IndexSettings("exact"))
    longest = max(map(len, histories))
    padded = np.array([[*one, *[""] * (longest - len(one))] for one in histories], object)
    return [[i.decode() for i in row] for row in graph.from_history(padded)["item_id"].numpy()]


def measured(recipe: Recipe, folder: Path, seed: int) -> list[dict[str, Any]]:
    """Both ways of training in each week, for one seed."""
    run, _ = train(recipe, folder, 0, seed, None)
    before, found = {"scratch": run, "from": run}, []
    for number in range(1, WEEKS):
        weeks, runs = {}, {}
        for how in ("scratch", "from"):
            stored = stored_weights(before["from"]) if how == "from" else None
            runs[how], weeks[how] = train(recipe, folder, number, seed, stored)
        histories = sampled_histories(runs["from"].data, seed)
        for how, one in runs.items():
            old, new = lists(before[how], histories), lists(one, histories)
            overlaps = [overlap(*both) for both in zip(old, new, strict=True)]
            weeks[how]["overlap"] = float(np.mean(overlaps))
        difference = weeks["from"].pop("by_user") - weeks["scratch"].pop("by_user")
        low, high = bootstrap_intervals(difference[:, None])[0]
        row = {
            "seed": seed,
            "week": number,
            "users": len(difference),
            "scratch": rounded(weeks["scratch"]),
            "from": rounded(weeks["from"]),
            "difference": rounded(
                {"mean": float(difference.mean()), "low": float(low), "high": float(high)}
            ),
            "cpu_ratio": round(weeks["from"]["cpu"] / weeks["scratch"]["cpu"], 3),
        }
        print(json.dumps(row), flush=True)
        found.append(row)
        before = runs
    return found


def rounded(values: Mapping[str, float]) -> dict[str, float]:
    """To four digits after the point."""
    return {name: round(float(value), 4) for name, value in values.items()}


def results_table(kept: dict[str, Any]) -> str:
    """The table of the results page."""
    lines = [
        "| recipe | week | seeds | users | NDCG@10 from nothing | NDCG@10 with `--from` | "
        "difference, 95 % of each seed | CPU time with `--from` | overlap@10 from nothing | "
        "overlap@10 with `--from` |",
        "|" + "---|" * 10,
    ]
    for recipe, found in sorted(kept.items()):
        for week in range(1, WEEKS):
            rows = [row for row in found["runs"] if row["week"] == week]

            def mean(how: str, name: str, rows: Any = rows) -> float:
                return float(np.mean([row[how][name] for row in rows]))

            if not rows:
                continue
            share = mean("from", "cpu") / mean("scratch", "cpu")
            differences = ", ".join(
                "{low:+.4f} to {high:+.4f}".format(**row["difference"]) for row in rows
            )
            lines.append(
                f"| `{recipe}` | {week} | {len(rows)} | {rows[0]['users']} "
                f"| {mean('scratch', 'test'):.4f} | {mean('from', 'test'):.4f} | {differences} "
                f"| {share:.0%} "
                f"| {mean('scratch', 'overlap'):.2f} | {mean('from', 'overlap'):.2f} |"
            )
    return "\n".join(lines)


@click.command()
@click.argument("recipe", type=click.Choice(["two-tower", "sequential"]))
@click.option("--seeds", default="0,1,2", show_default=True, help="Random seeds.")
def main(recipe: str, seeds: str) -> None:
    """Retrain RECIPE week by week and keep the figures."""
    warnings.simplefilter("ignore")
    found: Recipe = import_module(RECIPES[recipe]).RECIPE
    with TemporaryDirectory() as place:
        for number in range(WEEKS):
            write_week(number, Path(place))
        for seed in map(int, seeds.split(",")):
            keep(recipe, measured(found, Path(place), seed))


def keep(recipe: str, runs: list[dict[str, Any]]) -> None:
    """Write the figures of a seed beside those of others."""
    kept = json.loads(RESULTS.read_text()) if RESULTS.is_file() else {}
    own = {(run["seed"], run["week"]) for run in runs}
    before = kept.get(recipe, {}).get("runs", [])
    runs = [*(run for run in before if (run["seed"], run["week"]) not in own), *runs]
    kept[recipe] = {
        "protocol": "online-retail by weeks, valid the week after train, test the week after "
        "valid; NDCG@10 of the users of train with a row in test, full ranking, seen items left "
        "out; CPU seconds of building and training",
        "runs": sorted(runs, key=lambda run: (run["seed"], run["week"])),
    }
    RESULTS.write_text(json.dumps(kept, indent=2, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()

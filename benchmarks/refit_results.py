"""Backtest of a refit before export, written to results/refit.json.

\b
    python benchmarks/refit_results.py online-retail online-retail
    python benchmarks/refit_results.py movielens-latest-small PATH/TO/ratings.csv --recipe linear

The last tenth of a log is the later period; what came before is split by time, and the period
before the later one is its test part. A model is trained, measured and exported as it is; another
is trained on all earlier rows with the same settings. Both exports are asked for the users of the
later period whom both know, and again with all that these users did before: the second question
tells newer weights from newer histories.
"""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click
import numpy as np
import polars as pl
import tensorflow as tf

import kit
from kit.data import Dataset, open_source
from kit.evaluation import Evaluation, RankingTask, evaluate_lists, ranking_task
from kit.exports import LoadedExport
from kit.metrics import bootstrap_interval
from kit.models import LinearRecommender, SequentialRecommender, TwoTower

RESULTS = Path(__file__).parent.parent / "results" / "refit.json"
MODELS = {
    "linear": LinearRecommender,
    "two-tower": TwoTower,
    "sequential": SequentialRecommender,
}
LATER = 0.1
GAINS = ("refit minus as measured", "refit minus as measured, whole histories")
Lists = tuple[list[list[str]], np.ndarray]


def periods(interactions: pl.DataFrame, later: float = LATER) -> pl.DataFrame:
    """The rows in order of time, with the part of each: train came before, valid is later.

    The last row is test, which is not looked at.
    """
    rows = interactions.sort("time", maintain_order=True)
    first = rows["time"][int(len(rows) * (1 - later))]
    part = pl.when(pl.col("time") < first).then(pl.lit("train")).otherwise(pl.lit("valid"))
    rows = rows.select("user_id", "item_id", "time", part.alias("split"))
    return rows.with_columns(
        pl.when(pl.int_range(len(rows)) == len(rows) - 1)
        .then(pl.lit("test"))
        .otherwise("split")
        .alias("split")
    )


def backtest(rows: pl.DataFrame, recipe: str, seed: int, folder: Path, **options: Any) -> Any:
    """Both exports on the later period.

    Args:
        rows: of `periods`.
        recipe: name of the recipe.
        seed: random seed.
        folder: of the exports.
        options: of `kit.fit`.

    Returns:
        The kept figures.
    """
    earlier = kit.open(rows.filter(split="train").drop("split"), split="time", seed=seed)
    whole = kit.open(rows, seed=seed)
    model = MODELS[recipe].for_dataset(earlier)
    trained = kit.fit(model, earlier, quiet=True, **options)
    result = kit.evaluate(model, earlier)
    exports = {
        name: LoadedExport(kit.export(model, earlier, folder / name, result=result, refit=refit))
        for name, refit in (("as measured", False), ("refit", True))
    }
    task = known_users(whole, exports["as measured"].user_ids())
    found = {}
    for name, export in exports.items():
        found[name] = evaluate_lists(task, whole, export.top_lists)
        found[f"{name}, whole histories"] = evaluate_lists(task, whole, by_history(export, whole))
    gain = differences(found["refit"], found["as measured"])
    newer = differences(found["refit"], found["as measured, whole histories"])
    return {
        "seed": seed,
        "users": len(task.users),
        "ndcg@10 of the first period": round(result.metrics["NDCG@10"], 4),
        "ndcg@10": {name: round(one.mean("NDCG@10"), 4) for name, one in found.items()},
        "recall@10": {name: round(one.mean("Recall@10"), 4) for name, one in found.items()},
        **dict(zip(GAINS, (gain, newer), strict=True)),
        "train_seconds": round(trained.seconds, 1),
        "refit_seconds": round(result.session.run.seconds["refit"], 1),
    }


def known_users(whole: Dataset, user_ids: list[str]) -> RankingTask:
    """What the users of the later period whom both exports know did there."""
    task = ranking_task(whole, "valid")
    rows = np.flatnonzero(np.isin(whole.user_ids[task.users].astype(str), user_ids))
    return replace(
        task,
        users=task.users[rows],
        relevant=task.relevant.take(rows),
        seen=task.seen.take(rows),
        known=task.known.take(rows),
    )


def by_history(export: LoadedExport, whole: Dataset) -> Callable[[list[str]], Lists]:
    """The lists of an export for all that users did before the later period."""
    task = ranking_task(whole, "valid")
    row_of = {user: row for row, user in enumerate(whole.user_ids[task.users])}
    names = np.array(["", *whole.item_ids], object)

    def answers(user_ids: list[str]) -> Lists:
        rows = np.array([row_of[user] for user in user_ids])
        length = int(task.known.lengths[rows].max())
        history = names[task.known.padded(rows, length=length, shift=1)]
        answer = export.signatures["from_history"](history=tf.constant(history.tolist()))
        lists = [[item.decode() for item in row] for row in answer["item_id"].numpy()]
        return lists, answer["score"].numpy()

    return answers


def differences(one: Evaluation, other: Evaluation) -> dict[str, float]:
    """The mean difference in NDCG@10 and its 95 % interval over users."""
    users = one.per_user["NDCG@10"] - other.per_user["NDCG@10"]
    low, high = bootstrap_interval(users)
    return {"mean": round(users.mean(), 4), "low": round(low, 4), "high": round(high, 4)}


def results_table(kept: dict[str, Any]) -> str:
    """The table of the results page."""
    columns = ("as measured", "as measured, whole histories", "refit")
    lines = [
        f"| data | recipe | users | {' | '.join(columns)} | refit minus as measured, 95 % "
        "| refit minus whole histories, 95 % | seconds, refit |",
        "|" + "---|" * 9,
    ]
    for name, recipes in sorted(kept.items()):
        for recipe, runs in sorted(recipes.items()):
            for run in runs:
                found = " | ".join(f"{run['ndcg@10'][column]:.4f}" for column in columns)
                ends = " | ".join(
                    "{mean:+.4f} ({low:+.4f} to {high:+.4f})".format(**run[gain]) for gain in GAINS
                )
                lines.append(
                    f"| {name} | `{recipe}` | {run['users']:,} | {found} | {ends} "
                    f"| {run['train_seconds']:.0f}, {run['refit_seconds']:.0f} |"
                )
    return "\n".join(lines)


@click.command()
@click.argument("name")
@click.argument("data")
@click.option("--recipe", "recipes", type=click.Choice([*MODELS]), multiple=True, default=MODELS)
@click.option("--seeds", default="0", show_default=True, help="Random seeds.")
@click.option("--first", is_flag=True, help="Keep the first interaction of a user with an item.")
def main(name: str, data: str, recipes: tuple[str, ...], seeds: str, first: bool) -> None:
    """Backtest a refit on DATA and keep the figures under NAME."""
    rows = periods(open_source(data).interactions)
    if first:
        rows = rows.unique(["user_id", "item_id"], keep="first", maintain_order=True)
    for recipe in recipes:
        runs = []
        for seed in seeds.split(","):
            with TemporaryDirectory() as folder:
                runs.append(backtest(rows, recipe, int(seed), Path(folder)))
        kept = json.loads(RESULTS.read_text()) if RESULTS.is_file() else {}
        kept.setdefault(name, {})[recipe] = runs
        RESULTS.write_text(json.dumps(kept, indent=2, sort_keys=True) + "\n")
        print(json.dumps({recipe: runs}, indent=2))


if __name__ == "__main__":
    main()

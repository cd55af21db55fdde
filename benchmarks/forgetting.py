"""Whether forgotten people can be told from others, in results/forgetting.json.

\b
    python benchmarks/forgetting.py movielens-100k PATH/TO/ml-100k.inter --recipe linear

For each seed 50 people are to be forgotten and 50 others are left out of everything. `kit train`
learns from all but the latter, `kit forget --retrain` makes the version without the former, and
that version must hold none of their ids. Membership is inferred with reference models that had
neither (Carlini et al. 2022 with references of one kind): a person's history is cut in two halves
at random; the scores of one half, given the other, in standard deviations above the mean of the
catalogue, less the mean of the same by the reference models. Above chance are those for whom a
model knows more than models that never saw them. AUC is between the two groups; .5 is chance. Of
50 against 50 its standard deviation by chance alone is .058, so it is averaged over seeds.

Source: Carlini et al., Membership Inference Attacks From First Principles, 2022.
"""

import json
import warnings
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click
import numpy as np
import polars as pl
from click.testing import CliRunner
from numpy.typing import NDArray

import kit
from kit import metrics
from kit.cli import main as kit_main
from kit.data import open_source
from kit.exporting import RecommenderParts, read_parts, recommender_graph, retrieval_parts
from kit.models import LinearRecommender, TwoTower
from kit.retrieval import IndexSettings

RESULTS = Path(__file__).parent.parent / "results" / "forgetting.json"
MODELS = {"linear": LinearRecommender, "two-tower": TwoTower}
REFERENCES = 3
LEAST_ITEMS = 10


def groups(
    interactions: pl.DataFrame, people: int, seed: int
) -> tuple[list[str], list[str], dict[str, NDArray[np.object_]]]:
    """Who is forgotten, who was never there, and the items of both in random order."""
    rng = np.random.default_rng(seed)
    rows = interactions.select(pl.col("user_id", "item_id").cast(pl.String)).unique()
    histories = rows.group_by("user_id").agg(pl.col("item_id").sort()).sort("user_id")
    histories = histories.filter(pl.col("item_id").list.len() >= LEAST_ITEMS)
    places = rng.permutation(len(histories))[: 2 * people]
    if len(places) < 2 * people:
        raise click.UsageError(f"There are no {2 * people} people with {LEAST_ITEMS} items.")
    chosen = histories[places.tolist()]
    ids = chosen["user_id"].to_list()
    items = {
        user: rng.permutation(np.array(own, object))
        for user, own in zip(ids, chosen["item_id"].to_list(), strict=True)
    }
    return ids[:people], ids[people:], items


def knowledge(
    parts: RecommenderParts, items: dict[str, NDArray[np.object_]], known: set[str]
) -> NDArray[np.float64]:
    """Of each person, how far above the catalogue one half of the items scores, given the other.

    Args:
        parts: of the model.
        items: of each person.
        known: items that all models know; others are left out.
    """
    graph = recommender_graph(
        parts, k=len(parts.item_ids), exclude_seen=False, index=IndexSettings("exact")
    )
    found = []
    for own in items.values():
        both = [item for item in own if item in known]
        half = len(both) // 2
        answer = graph.from_history(np.array([both[:half]], object))
        scores = dict(zip(answer["item_id"].numpy()[0], answer["score"].numpy()[0], strict=True))
        values = np.array([scores[item.encode()] for item in known - {*both[:half]}], np.float64)
        sought = np.array([scores[item.encode()] for item in both[half:]], np.float64)
        found.append((sought.mean() - values.mean()) / values.std())
    return np.array(found)


def auc(members: NDArray[np.float64], others: NDArray[np.float64]) -> float:
    """The chance that a member scores above another person."""
    labels = np.repeat([1, 0], [len(members), len(others)])
    return metrics.auc(labels, np.concatenate([members, others]))


def measured(
    log: Path, recipe: str, seed: int, folder: Path, people: int = 50, options: Sequence[str] = ()
) -> dict[str, Any]:
    """AUC before and after forgetting, and what is left of the ids.

    Args:
        log: of interactions.
        recipe: name of the recipe.
        seed: of the groups and of the models.
        folder: for files.
        people: in each of the two groups.
        options: of `kit train`.
    """
    source = open_source(str(log)).interactions
    gone, never, items = groups(source, people, seed)
    left = source.filter(~pl.col("user_id").cast(pl.String).is_in(never))
    left.write_csv(folder / "log.csv")
    (folder / "gone.txt").write_text("".join(f"{one}\n" for one in gone))
    places = ["--output", str(folder / "model"), "--report", str(folder / "report"), "--quiet"]
    _kit("train", recipe, "--data", folder / "log.csv", "--seed", seed, *places, *options)
    report = ["--retrain", "--report", str(folder / "again"), "--also", str(folder / "again")]
    drop = "--delete-old-versions"
    before = read_parts(folder / "model" / "1")
    _kit("forget", folder / "model", "--users", folder / "gone.txt", *report, drop)
    (after,) = (folder / "model").iterdir()
    proof = json.loads((after / "assets.extra" / "forgotten.json").read_text())["forgotten"][-1]
    rest = left.filter(~pl.col("user_id").cast(pl.String).is_in(gone))
    references = []
    for number in range(1, REFERENCES + 1):
        data = kit.open(rest, seed=seed + 1000 * number)
        model = MODELS[recipe].for_dataset(data)
        kit.fit(model, data, quiet=True)
        references.append(retrieval_parts(model, data))
    models = {"before": before, "after": read_parts(after)}
    known = set.intersection(*({*one.item_ids} for one in [*models.values(), *references]))
    usual = np.mean([knowledge(one, items, known) for one in references], axis=0)
    aucs = {}
    for name, parts in models.items():
        excess = knowledge(parts, items, known) - usual
        aucs[name] = round(auc(excess[:people], excess[people:]), 3)
    return {
        "seed": seed,
        "people": people,
        "auc": aucs,
        "hits": proof["hits"],
        "files": proof["files_scanned"],
    }


def results_table(kept: dict[str, Any]) -> str:
    """The table of the results page."""
    lines = [
        "| data | recipe | people | seeds | AUC before | AUC after `--retrain` | hits |",
        "|" + "---|" * 7,
    ]
    for name, recipes in sorted(kept.items()):
        for recipe, found in sorted(recipes.items()):
            runs = found["runs"]
            after = [run["auc"]["after"] for run in runs]
            lines.append(
                f"| {name} | `{recipe}` | {runs[0]['people']} | {len(runs)} "
                f"| {found['mean']['before']:.3f} "
                f"| {found['mean']['after']:.3f} ({min(after):.3f} to {max(after):.3f}) "
                f"| {sum(run['hits'] for run in runs)} |"
            )
    return "\n".join(lines)


def _kit(*words: object) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        done = CliRunner().invoke(kit_main, [*map(str, words)])
    if done.exit_code:
        raise RuntimeError(done.output)


@click.command()
@click.argument("name")
@click.argument("log", type=click.Path(path_type=Path, exists=True))
@click.option("--recipe", type=click.Choice([*MODELS]), required=True)
@click.option("--seeds", default="0,1,2,3,4", show_default=True, help="Random seeds.")
@click.option("--people", default=50, show_default=True, help="In each of the two groups.")
def main(name: str, log: Path, recipe: str, seeds: str, people: int) -> None:
    """Forget people of LOG and keep the figures under NAME."""
    runs = []
    for seed in map(int, seeds.split(",")):
        with TemporaryDirectory() as folder:
            runs.append(measured(log, recipe, seed, Path(folder), people))
        print(json.dumps(runs[-1]))
    kept = json.loads(RESULTS.read_text()) if RESULTS.is_file() else {}
    before = kept.get(name, {}).get(recipe, {}).get("runs", [])
    own = {run["seed"] for run in runs}
    runs += [run for run in before if run["seed"] not in own]
    runs.sort(key=lambda run: run["seed"])
    mean = {
        when: round(float(np.mean([run["auc"][when] for run in runs])), 3)
        for when in ("before", "after")
    }
    kept.setdefault(name, {})[recipe] = {
        "protocol": f"{people} forgotten people against {people} who were never there, AUC of a "
        f"membership inference with {REFERENCES} reference models that had neither",
        "mean": mean,
        "runs": runs,
    }
    RESULTS.write_text(json.dumps(kept, indent=2, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()

"""Recommend items that nobody has taken yet, from their texts; writes results/cold_items.json.

    python benchmarks/cold_items.py online-retail --text title
    python benchmarks/cold_items.py path/to/ml-100k.inter --items path/to/ml-100k.item \\
        --text movie_title --encoder path/to/export

A tenth of the items is withheld: the model is trained through the command a user types, on a log
and a table without them, and gets them afterwards by `kit index --add`. Then every person's query
is held against all of them: how many of those he took are among the first ten? All of his events
with withheld items count, as none of them was seen in training. Popular knows how often each
withheld item is taken, which no model can.
"""

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click
import numpy as np
import polars as pl
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.reports import shown, spread

RESULTS = Path(__file__).parent.parent / "results" / "cold_items.json"
SHARE, FEWEST_PEOPLE, K = 0.1, 5, 10
READ, HIDDEN = "--item-text {text}", " --hide-ids {hidden}"
WAYS = {
    "words": "",
    "words, ids hidden": HIDDEN,
    "text learned": READ,
    "text learned, ids hidden": READ + HIDDEN,
    "text encoded": READ + " --text-encoder {encoder}",
}


def withheld_items(dataset: Any, text: str, seed: int) -> NDArray[np.int64]:
    """Codes of the items that are withheld: drawn among those with a text and enough people."""
    has_text = dataset.items[text][: dataset.num_items].fill_null("").str.strip_chars() != ""
    usable = np.flatnonzero(has_text.to_numpy() & (dataset.user_counts >= FEWEST_PEOPLE))
    count = round(SHARE * dataset.num_items)
    return np.sort(np.random.default_rng(seed).choice(usable, count, replace=False))


def write_parts(dataset: Any, withheld: NDArray[np.int64], folder: Path) -> list[set[int]]:
    """Log and table without the items, a table of them alone; and who took what of them."""
    events = [dataset.train, dataset.valid, dataset.test]
    user = np.concatenate([part.user for part in events])
    item = np.concatenate([part.item for part in events])
    table = {"user_id": dataset.user_ids[user], "item_id": dataset.item_ids[item]}
    if dataset.train.time is not None:
        table["time"] = np.concatenate([part.time for part in events])
    is_held = np.isin(item, withheld)
    pl.DataFrame(table).filter(~pl.Series(is_held)).write_csv(folder / "log.csv")
    items = dataset.items.with_columns(pl.col(pl.String).str.replace_all(r"\s+", " "))
    is_new = pl.Series(np.isin(dataset.item_ids[: len(items)], dataset.item_ids[withheld]))
    items.filter(~is_new).write_csv(folder / "items.csv")
    items.filter(is_new).write_csv(folder / "new.csv")
    taken: list[set[int]] = [set() for _ in dataset.user_ids]
    for one, what in zip(user[is_held].tolist(), item[is_held].tolist(), strict=True):
        taken[one].add(what)
    return taken


def trained(folder: Path, recipe: str, options: Sequence[str], seed: int) -> Path:
    """The export of a model that got the withheld items after its training."""
    kit = [sys.executable, "-m", "kit"]
    command = [*kit, "train", recipe, "--data", str(folder / "log.csv")]
    command += ["--items", str(folder / "items.csv"), "--seed", str(seed), "--quiet", *options]
    command += ["--output", str(folder / "model"), "--report", str(folder / "report")]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    added = [*kit, "index", str(folder / "model"), "--add", str(folder / "new.csv")]
    subprocess.run(added, check=True, stdout=subprocess.DEVNULL)
    return max((folder / "model").iterdir(), key=lambda version: int(version.name))


def measured(
    dataset: Any, withheld: NDArray[np.int64], taken: list[set[int]], version: Path
) -> dict[str, float]:
    """Recall among the withheld items: of the model, of the popular ones and of chance."""
    from kit.exporting import Catalogue

    parts = Catalogue.of(version).parts
    row_of = {item: row for row, item in enumerate(parts.item_ids)}
    vectors = parts.item_vectors[[row_of[item] for item in dataset.item_ids[withheld]]]
    place_of = {int(code): place for place, code in enumerate(withheld)}
    code_of = {user: code for code, user in enumerate(dataset.user_ids.tolist())}
    wanted = [
        (row, [place_of[item] for item in taken[code_of[user]]])
        for row, user in enumerate(parts.user_ids)
        if taken[code_of[user]]
    ]
    popularity = np.bincount([p for _, places in wanted for p in places], minlength=len(withheld))
    popular = set(np.argsort(-popularity, kind="stable")[:K].tolist())
    scores = parts.user_vectors[[row for row, _ in wanted]] @ vectors.T
    best = np.argpartition(-scores, K, axis=1)[:, :K]
    recalls = [
        (len(set(found) & set(places)) / len(places), len(popular & set(places)) / len(places))
        for found, (_, places) in zip(best.tolist(), wanted, strict=True)
    ]
    model, by_popularity = np.mean(recalls, axis=0).tolist()
    return {
        "model": round(model, 4),
        "popular": round(by_popularity, 4),
        "random": round(K / len(withheld), 4),
        "people": len(wanted),
    }


def source_name(source: str) -> str:
    """The folder of a file; else the source as it is named."""
    path = Path(source)
    return path.parent.name if path.suffix else path.name


def results_table(kept: dict[str, Any]) -> str:
    """The table of the results page."""
    ways = list(WAYS)
    lines = [
        f"| data | recipe | withheld items | {' | '.join(ways)} | popular | random |",
        f"|---|---|---|{'---|' * len(ways)}---|---|",
    ]
    for name, found in sorted(kept.items()):
        source, recipe = name.split(", ")
        cells = [
            shown(spread([run["model"] for run in found["ways"][way]]))
            if way in found["ways"]
            else ""
            for way in ways
        ]
        [first, *_] = found["ways"].values()
        cells += [shown(spread([run["popular"] for run in first])), f"{first[0]['random']:.4f}"]
        lines.append(f"| {source} | {recipe} | {found['withheld']:,} | {' | '.join(cells)} |")
    return "\n".join(lines)


@click.command()
@click.argument("source")
@click.option("--items", help="File of the items, where the source has none.")
@click.option("--text", required=True, help="Column of the items' texts.")
@click.option("--encoder", help="Export that reads texts, of kit encoder, for a further way.")
@click.option("--recipe", type=click.Choice(["two-tower", "sequential"]), default="two-tower")
@click.option("--seeds", type=click.IntRange(min=1), default=3, show_default=True)
@click.option(
    "--way", "only", multiple=True, type=click.Choice(list(WAYS)), help="Not all of them."
)
@click.option("--hidden", type=float, default=0.3, show_default=True, help="Share of --hide-ids.")
@click.option("--epochs", type=int, help="Of the training.  [default: the recipe's]")
def main(
    source: str,
    items: str | None,
    text: str,
    encoder: str | None,
    recipe: str,
    seeds: int,
    only: tuple[str, ...],
    hidden: float,
    epochs: int | None,
) -> None:
    """Measure, keep, print the table of the results page."""
    from kit.data import open_source, split

    dataset = split(open_source(source, items=items))
    found: dict[str, Any] = {"text": text, "hidden": hidden, "ways": {}}
    for seed in range(seeds):
        withheld = withheld_items(dataset, text, seed)
        found["withheld"] = len(withheld)
        for way, options in WAYS.items():
            if (only and way not in only) or ("encoder" in options and encoder is None):
                continue
            words = options.format(text=text, encoder=encoder, hidden=hidden).split()
            words += ["--epochs", str(epochs)] if epochs else []
            with TemporaryDirectory() as name:
                taken = write_parts(dataset, withheld, Path(name))
                version = trained(Path(name), recipe, words, seed)
                run = measured(dataset, withheld, taken, version)
            found["ways"].setdefault(way, []).append(run)
            print(f"seed {seed}, {way}: {run}", flush=True)
    kept = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    name = f"{source_name(source)}, {recipe}"
    # Ways that were not asked for stay as they were measured before.
    before = kept.get(name, {})
    if all(before.get(fact) == found[fact] for fact in ("text", "hidden", "withheld")):
        found["ways"] = before["ways"] | found["ways"]
    kept[name] = found
    RESULTS.write_text(json.dumps(kept, indent=2, sort_keys=True) + "\n")
    print(results_table(kept))


if __name__ == "__main__":
    main()

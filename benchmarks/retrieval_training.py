"""Seconds the two-tower recipe trains until it reaches the NDCG@10 of RecBole's BPR.

\b
    python benchmarks/retrieval_training.py
    python benchmarks/retrieval_training.py --recbole-python ENVIRONMENT/bin/python

Every seed trains in a process of its own with the recipe's defaults. Its test NDCG@10 (full
ranking, the user's train and valid items masked, mean over users) is watched at every measurement
of valid: it tells when .2931 was first reached, the figure of RecBole 1.2.1's BPR on this split.
Nothing is chosen by it: valid alone stops the training and picks the weights. The time that
watching takes is stated and in no other figure.

With --recbole-python each seed is followed by BPR in RecBole (width 64, batch 2048, early
stopping, its defaults, seeds from its default 2020 on) on the same split, and the ratio of the
seconds from the start of the process to trained and evaluated is printed. RecBole's files are
written before its clock starts. Its environment, in Python 3.11, is torch 2.13.0, numpy < 2,
scipy < 1.14, pandas < 2.2, setuptools < 80; recbole 1.2.1 without its dependencies; and of these
pyyaml, tqdm, colorlog 4.7.2, colorama 0.4.4, texttable, tabulate, psutil, plotly, thop,
tensorboard, scikit-learn.
"""

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click
import polars as pl
from rich.console import Console
from rich.table import Table

from kit.config import DataOptions
from kit.console import Command, quiet_tensorflow
from kit.data import Dataset, Events, open_source, split
from kit.errors import UserError

ROOT = Path(__file__).resolve().parent.parent
SPLIT = ROOT.parent / "shared" / "data" / "movielens-100k" / "split"
TARGET = 0.2931
RECBOLE_SEED = 2020


def opened(folder: Path) -> Dataset:
    """The split in a folder."""
    if not folder.is_dir():
        raise UserError(
            "There is no split to train on.",
            where=str(folder),
            expected="a folder with train.*, valid.* and test.*",
            remedy="name one with --split",
        )
    return split(open_source(str(folder)), "given")


def trained(folder: Path, seed: int, target: float, epochs: int | None = None) -> dict[str, Any]:
    """Do what the recipe does up to the test figure; tell when it was first seen at the target."""
    dataset = opened(folder)
    quiet_tensorflow()
    from kit import evaluation
    from kit.recipes import two_tower
    from kit.training import choose_precision, fit

    options = two_tower.TwoTowerOptions(data=DataOptions(data=str(folder), seed=seed))
    model = two_tower.build(dataset, options)
    batches = two_tower.train(model, dataset, options, choose_precision("float32")).batches
    affordable = evaluation.affordable_users(dataset.num_items)
    valid = evaluation.ranking_task(dataset, "valid", max_users=affordable)
    affordable = evaluation.affordable_users(dataset.num_items, times=4)
    test = evaluation.ranking_task(dataset, "test", max_users=affordable)

    def scorer() -> evaluation.Scorer:
        return evaluation.retrieval_scorer(model, test.popularity)

    def ndcg(task: evaluation.RankingTask) -> float:
        return evaluation.evaluate(task, scorer(), ks=[10]).mean("NDCG@10")

    reached: dict[str, float] = {}
    valid_seconds = watch_seconds = 0.0

    def measure() -> float:
        nonlocal valid_seconds, watch_seconds
        called = time.time()
        found = ndcg(valid)
        measured = time.time()
        if ndcg(test) >= target and not reached:
            reached["train_seconds"] = called - begin - valid_seconds - watch_seconds
            reached["valid_seconds"] = valid_seconds + measured - called
            reached["reached_at"] = measured - watch_seconds
        valid_seconds += measured - called
        watch_seconds += time.time() - measured
        return found

    begin = time.time()
    fit(model, batches, measure=measure, epochs=epochs, quiet=True)
    train_seconds_all = time.time() - begin - valid_seconds - watch_seconds
    trend = evaluation.choose_trend(dataset, valid, scorer())
    model.set_item_prior(trend.prior(dataset, "test"))
    return {
        "train_seconds": None,
        "reached_at": None,
        **reached,
        "ndcg": ndcg(test),
        "train_seconds_all": train_seconds_all,
        "watch_seconds": watch_seconds,
        "protocol": test.protocol,
        "rows_not_ranked": test.counts["rows_item_not_in_train"],
    }


def timed(command: Sequence[str], folder: str) -> dict[str, Any]:
    """Run a process that prints its figures; add seconds from its start, without the watching."""
    begin = time.time()
    done = subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, text=True, check=True)
    seconds = time.time() - begin
    figures: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    figures["end"] = seconds - figures["watch_seconds"]
    at = figures["reached_at"]
    figures["reached"] = None if at is None else at - begin
    return figures


def write_inter(dataset: Dataset, folder: Path) -> None:
    """The split as RecBole reads it: folder.name.{train,valid,test}.inter."""
    folder.mkdir()
    parts: dict[str, Events] = {p: getattr(dataset, p) for p in ("train", "valid", "test")}
    for name, events in parts.items():
        columns = {
            "user_id:token": dataset.user_ids[events.user].tolist(),
            "item_id:token": dataset.item_ids[events.item].tolist(),
        }
        file = folder / f"{folder.name}.{name}.inter"
        pl.DataFrame(columns).write_csv(file, separator="\t")


Column = tuple[str, str, Callable[[dict[str, Any]], float | None]]


def columns(target: float, peer: bool) -> list[Column]:
    """Heading, format and figure of each column."""
    ours: list[Column] = [
        (f"training to {target:.4f}, s", ".1f", lambda run: run["ours"]["train_seconds"]),
        ("validation until then, s", ".1f", lambda run: run["ours"].get("valid_seconds")),
        ("process start to there, s", ".1f", lambda run: run["ours"]["reached"]),
        ("all training, s", ".1f", lambda run: run["ours"]["train_seconds_all"]),
        ("process start to end, s", ".1f", lambda run: run["ours"]["end"]),
        ("test NDCG@10", ".4f", lambda run: run["ours"]["ndcg"]),
        ("watching test (in none), s", ".1f", lambda run: run["ours"]["watch_seconds"]),
    ]
    if not peer:
        return ours
    return [
        *ours,
        (f"RecBole start to {target:.4f}, s", ".1f", lambda run: run["recbole"]["reached"]),
        ("RecBole start to end, s", ".1f", lambda run: run["recbole"]["end"]),
        ("RecBole test NDCG@10", ".4f", lambda run: run["recbole"]["ndcg"]),
        ("RecBole s / kit s, start to end", ".2f", ratio),
    ]


def ratio(run: dict[str, Any]) -> float:
    return float(run["recbole"]["end"] / run["ours"]["end"])


def table_of(runs: Sequence[dict[str, Any]], target: float) -> Table:
    """One row a figure, one column a seed, then median and range; a miss makes them a dash."""
    table = Table(title="two-tower recipe, its defaults", title_justify="left")
    table.add_column("")
    for heading in (*(f"seed {run['seed']}" for run in runs), "median", "range"):
        table.add_column(heading, justify="right", no_wrap=True)
    for heading, form, figure in columns(target, "recbole" in runs[0]):
        found = [figure(run) for run in runs]
        known = [x for x in found if x is not None]
        cells = ["not reached" if x is None else format(x, form) for x in found]
        summary = ["-", "-"]
        if len(known) == len(found):
            middle, low, high = statistics.median(known), min(known), max(known)
            summary = [format(middle, form), f"{low:{form}} to {high:{form}}"]
        table.add_row(heading, *cells, *summary)
    return table


@click.command(
    "retrieval_training",
    cls=Command,
    help=__doc__,
    context_settings={"max_content_width": 100},
    example="python benchmarks/retrieval_training.py --seeds 1",
)
@click.option(
    "--split",
    "folder",
    default=SPLIT,
    type=click.Path(path_type=Path),
    help="Folder with train.*, valid.* and test.*.  [default: movielens-100k of the shared data]",
)
@click.option("--seeds", type=click.IntRange(min=1), default=3, show_default=True)
@click.option("--target", default=TARGET, show_default=True, help="Test NDCG@10 to reach.")
@click.option("--recbole-python", metavar="PATH", help="Python of RecBole's environment.")
@click.option("--only-seed", type=int, hidden=True, help="Train here and print figures as JSON.")
def main(
    folder: Path, seeds: int, target: float, recbole_python: str | None, only_seed: int | None
) -> None:
    folder = folder.resolve()
    dataset = opened(folder)
    if only_seed is not None:
        print(json.dumps(trained(folder, only_seed, target)))
        return
    ours = [sys.executable, __file__, "--split", str(folder), "--target", str(target)]
    load = os.getloadavg()
    runs: list[dict[str, Any]] = []
    with TemporaryDirectory() as scratch:
        if recbole_python:
            write_inter(dataset, Path(scratch) / "split")
            script = ROOT / "benchmarks" / "recbole_bpr.py"
            peer = [recbole_python, "-W", "ignore", str(script), scratch, "split"]
        for seed in range(seeds):
            runs.append({"seed": seed, "ours": timed([*ours, "--only-seed", str(seed)], scratch)})
            if recbole_python:
                command = [*peer, str(RECBOLE_SEED + seed), str(target)]
                runs[-1]["recbole"] = timed(command, scratch)
            ends = [f"{who} {run['end']:.1f} s" for who, run in runs[-1].items() if who != "seed"]
            click.echo(f"seed {seed}, start to end: {', '.join(ends)}", err=True)
    Console(width=120).print(table_of(runs, target))
    first = runs[0]["ours"]
    print(f"Protocol: {first['protocol']}.")
    print(
        f"{first['rows_not_ranked']} of {len(dataset.test):,} test rows are of items that train "
        "lacks: the kit leaves them out, RecBole ranks them untrained."
    )
    print("Test was watched, nothing was chosen by it.")
    now = os.getloadavg()
    print(f"Load average {load[0]:.1f} before, {now[0]:.1f} after, on {os.cpu_count()} cores.")
    if not recbole_python:
        print("For the ratio to RecBole's BPR give --recbole-python; --help says how to set it up.")


if __name__ == "__main__":
    main()

"""Targets a second that the sequential recipe's model trains on, beside RecBole's SASRec.

\b
    python benchmarks/sequential_training.py
    python benchmarks/sequential_training.py --recbole-python ENVIRONMENT/bin/python

Both have two blocks of width 64 with two heads and an inner width of 256, look at 50 items, and
train by cross-entropy over all items, on MovieLens 100K without each user's last two events. A
target is an item that was to be predicted: RecBole makes a row of every prefix of a sequence, the
kit asks for the next item at every position at once. Round by round, each in a process of its own,
one after the other. retrieval_training.py --help says what RecBole's environment is.
"""

import json
import os
import statistics
import subprocess
import sys
import time
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory

import click
import polars as pl

from kit.console import Command, quiet_tensorflow
from kit.data import Dataset, histories, open_source, split

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT.parent / "shared" / "data" / "movielens-100k" / "split"
WIDTH, LENGTH, BLOCKS, HEADS = 64, 50, 2, 2


def opened(source: str) -> Dataset:
    """The source without each user's last two events."""
    return split(open_source(source), "leave-one-out")


def rate(dataset: Dataset, steps: int, precision: str, xla: bool) -> float:
    """Targets trained per second by `fit`, after a warm-up of as many steps."""
    quiet_tensorflow()
    from kit.models import SequenceEncoder, SequenceLoss, SequentialRecommender
    from kit.optimizers import LazyAdamW
    from kit.training import Precision
    from kit.training.batches import SequenceBatches

    owned = histories([dataset.train], dataset.num_users)
    batches = SequenceBatches(owned, batch_size=64, length=LENGTH, seed=0, one_width=xla)
    with Precision(precision, "").scope():
        model = SequentialRecommender.for_dataset(
            dataset,
            dim=WIDTH,
            length=LENGTH,
            encoder=SequenceEncoder(block="sasrec", layers=BLOCKS, heads=HEADS, dropout=0.2),
            loss=SequenceLoss("full"),
            features=False,
        )
    model.compile(LazyAdamW(0.003), jit_compile=xla)
    model.fit(batches.stream(), steps_per_epoch=steps, shuffle=False, verbose=0)
    targets = sum(int((y > 0).numpy().sum()) for _, y, _ in islice(batches.stream(steps), steps))
    begin = time.perf_counter()
    model.fit(batches.stream(steps), steps_per_epoch=steps, shuffle=False, verbose=0)
    return targets / (time.perf_counter() - begin)


def asked(command: list[str], folder: str) -> float:
    """The figure a process prints last."""
    done = subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, text=True, check=True)
    return float(json.loads(done.stdout.splitlines()[-1]))


def write_inter(dataset: Dataset, folder: Path) -> None:
    """All events, as RecBole reads them and leaves two out itself: folder/name/name.inter."""
    folder.mkdir()
    parts = [dataset.train, dataset.valid, dataset.test]
    columns = {
        "user_id:token": [i for part in parts for i in dataset.user_ids[part.user]],
        "item_id:token": [i for part in parts for i in dataset.item_ids[part.item]],
        "timestamp:float": [float(t) for part in parts for t in part.time],
    }
    pl.DataFrame(columns).write_csv(folder / f"{folder.name}.inter", separator="\t")


def summary(rates: dict[str, list[float]]) -> str:
    """A line a rate, and the ratios to RecBole's, round by round."""
    lines = [
        f"{name}: {statistics.median(found):,.0f} targets/s "
        f"({min(found):,.0f} to {max(found):,.0f})"
        for name, found in rates.items()
    ]
    for name in rates:
        if "RecBole" in rates and name != "RecBole":
            ratios = [a / b for a, b in zip(rates[name], rates["RecBole"], strict=True)]
            lines.append(
                f"{name} / RecBole: {statistics.median(ratios):.1f} "
                f"({min(ratios):.1f} to {max(ratios):.1f})"
            )
    return "\n".join(lines)


@click.command(
    "sequential_training",
    cls=Command,
    help=__doc__,
    context_settings={"max_content_width": 100},
    example="python benchmarks/sequential_training.py --rounds 1",
)
@click.option("--data", default=str(SOURCE), help="Source.  [default: movielens-100k]")
@click.option("--rounds", type=click.IntRange(min=1), default=3, show_default=True)
@click.option("--steps", type=click.IntRange(min=1), default=60, show_default=True)
@click.option("--peer-batches", type=click.IntRange(min=1), default=6, show_default=True)
@click.option("--recbole-python", metavar="PATH", help="Python of RecBole's environment.")
@click.option("--only", nargs=2, hidden=True, help="Precision and xla or plain: measure here.")
def main(
    data: str,
    rounds: int,
    steps: int,
    peer_batches: int,
    recbole_python: str | None,
    only: tuple[str, str] | None,
) -> None:
    dataset = opened(data)
    if only is not None:
        print(json.dumps(rate(dataset, steps, only[0], only[1] == "xla")))
        return
    ways = [("float32", "plain"), ("mixed_bfloat16", "plain"), ("float32", "xla")]
    rates: dict[str, list[float]] = {" ".join(way): [] for way in ways}
    ours = [sys.executable, __file__, "--data", data, "--steps", str(steps), "--only"]
    with TemporaryDirectory() as scratch:
        write_inter(dataset, Path(scratch) / "events")
        for _ in range(rounds):
            for way in ways:
                rates[" ".join(way)].append(asked([*ours, *way], os.getcwd()))
            if recbole_python:
                script = str(ROOT / "benchmarks" / "recbole_sasrec.py")
                peer = [recbole_python, "-W", "ignore", script, scratch, "events"]
                rates.setdefault("RecBole", []).append(asked([*peer, str(peer_batches)], scratch))
    print(summary(rates))
    print(f"Load average {os.getloadavg()[1]:.1f} on {os.cpu_count()} cores; {rounds} rounds.")


if __name__ == "__main__":
    main()

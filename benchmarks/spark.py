"""Measure `kit prepare` and batch answers on Apache Spark beside one machine: results/spark.json.

    python benchmarks/spark.py --rows 20000000 --master 'local-cluster[2,1,1024]'

The source is that of benchmarks/large_source.py: Parquet shards of a million rows with string ids
and times; --csv writes it as CSV. Each command runs in a process of its own. Its seconds are those
of a clock, processor seconds those of all its processes, executors included, and its memory is the
peak of its own process, in which the driver's Python runs. What is prepared is compared array by
array, table by table and note by note, and the lists of items user by user.
"""

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click
import numpy as np
import polars as pl

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.batch import make
from benchmarks.large_source import write_shards

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "results" / "spark.json"


def measured(command: list[str]) -> dict[str, float]:
    """Seconds, processor seconds of all processes and peak memory in GiB of a command."""
    begin = time.perf_counter()
    process = subprocess.Popen([sys.executable, "-m", "kit", *command], cwd=ROOT)
    spent: dict[int, float] = {}
    ended, status, usage = os.wait4(process.pid, os.WNOHANG)
    while not ended:
        spent |= processor_seconds(process.pid)
        time.sleep(0.5)
        ended, status, usage = os.wait4(process.pid, os.WNOHANG)
    if status:
        raise SystemExit(f"kit {' '.join(command)} ended with status {status}")
    return {
        "seconds": round(time.perf_counter() - begin, 1),
        "processor_seconds": round(sum(spent.values()), 1),
        "peak_gib": round(usage.ru_maxrss / 2**20, 2),
    }


def processor_seconds(root: int) -> dict[int, float]:
    """Of a process and all that it started, as long as they run."""
    found: dict[int, tuple[int, float]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rsplit(")", 1)[1].split()
            except OSError:
                continue
            ticks = int(fields[11]) + int(fields[12])
            found[int(entry.name)] = (int(fields[1]), ticks / os.sysconf("SC_CLK_TCK"))
    tree = {root}
    while more := {one for one, (parent, _) in found.items() if parent in tree} - tree:
        tree |= more
    return {one: found[one][1] for one in tree if one in found}


def differences(one: Path, other: Path) -> list[str]:
    """The files of two prepared folders whose content differs."""
    names = [
        sorted(str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file())
        for folder in (one, other)
    ]
    apart = sorted(set(names[0]) ^ set(names[1]))
    for name in set(names[0]) & set(names[1]):
        first, second = one / name, other / name
        if name.endswith(".npy"):
            arrays = [np.load(file, mmap_mode="r") for file in (first, second)]
            is_same = arrays[0].dtype == arrays[1].dtype and np.array_equal(*arrays)
        elif name.endswith(".parquet"):
            is_same = pl.read_parquet(first).equals(pl.read_parquet(second))
        else:
            is_same = first.read_text() == second.read_text()
        apart += [] if is_same else [name]
    return apart


def prepared(source: Path, place: Path, master: str) -> dict[str, Any]:
    """Prepare on this machine and by Spark."""
    found: dict[str, Any] = {}
    for engine in ("local", "spark"):
        options = ["--engine", "spark", "--master", master] if engine == "spark" else []
        found[engine] = measured(["prepare", str(source), str(place / engine), *options])
        print("prepare", engine, found[engine], flush=True)
    found["differences"] = differences(place / "local", place / "spark")
    return found


def answered(place: Path, users: int, items: int, master: str) -> dict[str, Any]:
    """Lists for all users on this machine and by Spark."""
    make(place, users, items)
    found: dict[str, Any] = {"users": users, "items": items, "top": 10}
    for engine in ("local", "spark"):
        options = ["--engine", "spark", "--master", master] if engine == "spark" else []
        output = place / f"{engine}.parquet"
        command = ["recommend", str(place / "model"), "--all-users", "--output", str(output)]
        found[engine] = measured([*command, *options])
        print("recommend", engine, found[engine], flush=True)
    order = ["user_id", "rank"]
    here = pl.read_parquet(place / "local.parquet").sort(order)
    there = pl.read_parquet(place / "spark.parquet/*.parquet").sort(order)
    found["rows"] = len(here)
    found["same_items"] = bool(
        here.select(*order, "item_id").equals(there.select(*order, "item_id"))
    )
    apart = (here["score"] - there["score"]).abs() / here["score"].abs().clip(1e-9, None)
    found["largest_relative_difference_of_scores"] = float(apart.to_numpy().max())
    return found


def results_table(kept: dict[str, Any]) -> str:
    """A row for each source and step."""
    lines = [
        "| step | what | engine | seconds | processor seconds | "
        "peak memory of the command, GiB | equal |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, run in kept.items():
        is_same = not run.get("differences") and run.get("same_items", True)
        for engine, same in (("local", ""), ("spark", "yes" if is_same else "no")):
            one = run[engine]
            where = f"Spark, `{run['master']}`" if engine == "spark" else "this machine"
            lines.append(
                f"| {run['step']} | {name} | {where} | {one['seconds']:,.0f} | "
                f"{one['processor_seconds']:,.0f} | {one['peak_gib']:.2f} | {same} |"
            )
    return "\n".join(lines)


@click.command()
@click.option("--rows", default=20_000_000, show_default=True)
@click.option("--users", default=1_000_000, show_default=True)
@click.option("--items", default=100_000, show_default=True)
@click.option("--master", default="local-cluster[2,1,1024]", show_default=True)
@click.option("--csv", is_flag=True, help="Write the source as CSV.")
@click.option("--step", type=click.Choice(["prepare", "recommend"]), default="prepare")
@click.option("--source", type=Path, help="Keep the shards here, and use those that are there.")
def main(
    rows: int, users: int, items: int, master: str, csv: bool, step: str, source: Path | None
) -> None:
    """Measure one step."""
    with TemporaryDirectory() as name:
        place = Path(name)
        if step == "prepare":
            shards = source or place / "shards"
            if not shards.exists():
                shards.mkdir()
                write_shards(shards, rows, users, items)
                if csv:
                    _to_csv(shards)
            found = prepared(shards, place, master)
            key = f"{rows:,} interactions, {'CSV' if csv else 'Parquet'}"
            found["bytes"] = sum(file.stat().st_size for file in shards.iterdir())
        else:
            found = answered(place, users, items, master)
            key = f"top 10 of {items:,} items for {users:,} users"
    found |= {"step": step, "master": master, "cores": os.cpu_count()}
    found["load"] = round(os.getloadavg()[0], 1)
    results = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    results[key] = found
    RESULTS.write_text(json.dumps(results, indent=2) + "\n")


def _to_csv(folder: Path) -> None:
    for shard in sorted(folder.glob("*.parquet")):
        pl.read_parquet(shard).write_csv(shard.with_suffix(".csv"))
        shard.unlink()


if __name__ == "__main__":
    main()

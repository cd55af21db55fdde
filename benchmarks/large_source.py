"""Train the two-tower recipe on a folder of fifty million interactions and watch time and memory.

    python benchmarks/large_source.py --rows 50000000

Writes Parquet shards of a million rows with string ids and times, one after the other, in a
process of its own; then runs the command on the folder, passes its output on, and prints the
seconds of each phase and the peak memory of the largest process of the command.
"""

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import click
import polars as pl

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.large_catalogue import synthetic_log

ROWS_OF_SHARD = 1_000_000


def write_shards(folder: Path, rows: int, users: int, items: int) -> None:
    """Write the log shard by shard; time runs on from one to the next."""
    for number, start in enumerate(range(0, rows, ROWS_OF_SHARD)):
        size = min(ROWS_OF_SHARD, rows - start)
        shard = synthetic_log(size, users, items, groups=500, seed=number)
        shard.with_columns(
            user_id="user-" + pl.col("user_id"),
            item_id="item-" + pl.col("item_id"),
            timestamp=pl.col("timestamp") + 10 * start,
        ).write_parquet(folder / f"{number:05}.parquet")


def peak_of(command: list[str]) -> float:
    """Run a command; the peak memory of the largest of its processes in GiB."""
    process = subprocess.Popen(command)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"{' '.join(command)} ended with status {status}")
    return usage.ru_maxrss / 2**20


@click.command()
@click.option("--rows", default=50_000_000, show_default=True)
@click.option("--users", default=1_000_000, show_default=True)
@click.option("--items", default=100_000, show_default=True)
@click.option("--source", type=Path, help="Keep the shards here, and use those that are there.")
@click.option("--write", type=Path, hidden=True)
@click.argument("options", nargs=-1)
def main(
    rows: int, users: int, items: int, source: Path | None, write: Path | None, options: list[str]
) -> None:
    """Time and memory of `kit train two-tower` on a folder of many rows; OPTIONS go to it."""
    if write is not None:
        write_shards(write, rows, users, items)
        return
    with TemporaryDirectory() as name:
        shards = source or Path(name) / "shards"
        if not shards.exists():
            shards.mkdir()
            size = [f"--rows={rows}", f"--users={users}", f"--items={items}"]
            subprocess.run([sys.executable, __file__, f"--write={shards}", *size], check=True)
        command = [sys.executable, "-m", "kit", "train", "two-tower", "--data", str(shards)]
        command += ["--epochs", "1", "--output", f"{name}/model", "--report", f"{name}/report"]
        begin = time.perf_counter()
        peak = peak_of([*command, *options])
        seconds = {"whole command": time.perf_counter() - begin}
        report = json.loads((Path(name) / "report" / "metrics.json").read_text())
    phases = report["seconds"]
    seconds = {
        **phases,
        "export, verify, rest": seconds["whole command"] - sum(phases.values()),
    } | seconds
    for phase, duration in seconds.items():
        print(f"{phase:22}{duration:8,.0f} s")
    print(f"{'peak memory':22}{peak:8.2f} GiB")


if __name__ == "__main__":
    main()

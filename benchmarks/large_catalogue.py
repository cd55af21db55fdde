"""Train the two-tower recipe on a synthetic log with a large catalogue and watch time and memory.

    python benchmarks/large_catalogue.py --rows 5000000 --items 500000

Users and items belong to hidden groups, half of what happens follows Zipf's law and time runs on,
so there is something to learn. Prints the rate of training, the result beside the baselines of the
same run, and the peak memory of the whole command.
"""

import resource
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import click
import numpy as np
import polars as pl


def synthetic_log(rows: int, users: int, items: int, groups: int, seed: int) -> pl.DataFrame:
    """Interactions of which four in five stay within the user's group of items."""
    rng = np.random.default_rng(seed)
    user = rng.integers(0, users, rows)
    rank = np.minimum(rng.zipf(1.3, rows) - 1, items // groups - 1)
    group = np.where(rng.random(rows) < 0.8, user % groups, rng.integers(0, groups, rows))
    item = (rank * groups + group) % items
    # The tail: without it only the head of a Zipf law would ever occur.
    uniform = rng.random(rows) < 0.5
    item = np.where(uniform, rng.integers(0, items // groups, rows) * groups + group, item)
    return pl.DataFrame(
        {
            "user_id": pl.Series(user).cast(pl.String),
            "item_id": pl.Series(item).cast(pl.String),
            "timestamp": np.arange(rows) * 10 + 1_600_000_000,
        }
    )


@click.command()
@click.option("--rows", default=5_000_000, show_default=True)
@click.option("--users", default=400_000, show_default=True)
@click.option("--items", default=500_000, show_default=True)
@click.option("--epochs", default=2, show_default=True)
@click.option("--dim", default=64, show_default=True)
def main(rows: int, users: int, items: int, epochs: int, dim: int) -> None:
    """Time and memory of `kit train two-tower` on a log of many rows and items."""
    with TemporaryDirectory() as folder:
        source = Path(folder) / "interactions.parquet"
        synthetic_log(rows, users, items, groups=500, seed=0).write_parquet(source)
        command = ["kit", "train", "two-tower", "--data", str(source), "--epochs", str(epochs)]
        command += [
            "--dim",
            str(dim),
            "--output",
            f"{folder}/model",
            "--report",
            f"{folder}/report",
        ]
        begin = time.perf_counter()
        subprocess.run([sys.executable, "-m", *command], check=True)
        print(f"seconds start to end  {time.perf_counter() - begin:,.0f}")
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 2**20
    print(f"peak memory           {peak:.2f} GiB")


if __name__ == "__main__":
    main()

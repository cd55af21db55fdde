"""Vectors and queries to search with: drawn from clusters, or trained.

    python benchmarks/search_vectors.py FOLDER --items 1000000

Trains the two-tower recipe for one epoch on the synthetic log of large_catalogue.py and writes
FOLDER/items.npy and FOLDER/queries.npy: the item tower's vectors, whose last column is the bias,
and what the query tower makes of users. A million items take some five minutes on 2 cores and 7 GB.
"""

import sys
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import click
import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.large_catalogue import synthetic_log
from kit.config import DataOptions, TrainingOptions
from kit.console import Command, quiet_tensorflow
from kit.errors import UserError

CLUSTERS, DIM = 3000, 64
TUNING, HELD_OUT = 1000, 1024
ROWS_AT_ONCE = 100_000
TRAINED_QUERIES = 4096


@dataclass(frozen=True)
class Vectors:
    """What is searched, and by whom.

    Args:
        about: where they come from, for the protocol.
        items: float32 [n, dim].
        tuning: float32 [m, dim], queries an index may look at when it is built.
        queries: float32 [l, dim], queries to measure with.
    """

    about: str
    items: NDArray[np.float32]
    tuning: NDArray[np.float32]
    queries: NDArray[np.float32]


def clustered(size: int, noise: float, seed: int = 0) -> Vectors:
    """Unit vectors around Gaussian centres, and queries drawn the same way, apart from them.

    Args:
        size: number of vectors.
        noise: standard deviation within a cluster; 1 is that of the centres.
        seed: of the draw.
    """
    rng = np.random.default_rng(seed)
    centres = rng.standard_normal((CLUSTERS, DIM), np.float32)

    def drawn(count: int) -> NDArray[np.float32]:
        rows = np.empty((count, DIM), np.float32)
        for begin in range(0, count, ROWS_AT_ONCE):
            part = rows[begin : begin + ROWS_AT_ONCE]
            part[:] = centres[rng.integers(CLUSTERS, size=len(part))]
            part += np.float32(noise) * rng.standard_normal(part.shape, np.float32)
            part /= np.linalg.norm(part, axis=1, keepdims=True)
        return rows

    about = f"unit vectors of {CLUSTERS:,} Gaussian clusters, noise {noise:g} times the centres'"
    return Vectors(about, drawn(size), drawn(TUNING), drawn(HELD_OUT))


def from_folder(folder: Path, size: int, seed: int = 0) -> Vectors:
    """So many of the vectors in items.npy, drawn at random, and the queries in queries.npy.

    All of the vectors where there are not so many.

    Raises:
        UserError: a file is missing, or there are too few queries.
    """
    for name in ("items.npy", "queries.npy"):
        if not (folder / name).is_file():
            raise UserError(
                f"There is no {name}.",
                where=str(folder),
                expected="items.npy [n, dim] and queries.npy [m, dim]",
                remedy="make them with benchmarks/search_vectors.py",
            )
    items, queries = (np.load(folder / f"{name}.npy") for name in ("items", "queries"))
    if len(queries) < TUNING + HELD_OUT:
        raise UserError(
            f"There are only {len(queries)} queries.",
            where=str(folder / "queries.npy"),
            expected=f"at least {TUNING + HELD_OUT}: some to tune with, others to measure with",
        )
    rng = np.random.default_rng(seed)
    queries = np.ascontiguousarray(rng.permutation(queries), np.float32)
    about = f"two-tower item vectors with bias, trained on a synthetic log; {len(items):,} items"
    if size < len(items):
        items = items[np.sort(rng.choice(len(items), size, replace=False))]
        about += f", {size:,} of them drawn at random"
    items = np.ascontiguousarray(items, np.float32)
    return Vectors(about, items, queries[:TUNING], queries[TUNING : TUNING + HELD_OUT])


def train(folder: Path, items: int, seed: int = 0) -> None:
    """Write items.npy and queries.npy; rather fewer items than asked for occur in train."""
    quiet_tensorflow()
    from kit import evaluation
    from kit.data import histories
    from kit.recipes import two_tower
    from kit.training import choose_precision, fit

    folder.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory() as scratch:
        source = Path(scratch) / "interactions.parquet"
        groups = max(2, items // 2000)
        synthetic_log(8 * items, items // 2, items, groups, seed).write_parquet(source)
        options = two_tower.TwoTowerOptions(
            data=DataOptions(data=str(source)),
            model=two_tower.LossOptions(loss="sampled", features=False),
            training=TrainingOptions(dim=DIM - 1),
        )
        dataset = options.data.dataset()
    model = two_tower.build(dataset, options)
    batches = two_tower.train(model, dataset, options, choose_precision("float32")).batches
    valid = evaluation.ranking_task(dataset, "valid", max_users=200)

    def measure() -> float:
        scorer = evaluation.retrieval_scorer(model, valid.popularity)
        return evaluation.evaluate(valid, scorer, ks=[10]).mean("NDCG@10")

    fitted = fit(model, batches, measure=measure, epochs=1, quiet=True)
    np.save(folder / "items.npy", np.asarray(model.item_vectors())[1:])
    rng = np.random.default_rng(seed)
    count = min(TRAINED_QUERIES, dataset.num_users)
    users = np.sort(rng.choice(dataset.num_users, count, replace=False)).astype(np.int32)
    owned = histories([dataset.train], dataset.num_users)
    history = owned.padded(users, length=batches.length, shift=1)
    np.save(folder / "queries.npy", np.asarray(model({"user": users + 1, "history": history})))
    click.echo(
        f"{dataset.num_items:,} items, {count:,} users, trained in {fitted.seconds:.0f} s, "
        f"valid NDCG@10 {fitted.best:.4f} (200 users)"
    )


@click.command(
    "search_vectors",
    cls=Command,
    help=__doc__,
    example="python benchmarks/search_vectors.py vectors --items 100000",
)
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--items", type=click.IntRange(min=5000), default=1_000_000, show_default=True)
def main(folder: Path, items: int) -> None:
    train(folder, items)


if __name__ == "__main__":
    main()

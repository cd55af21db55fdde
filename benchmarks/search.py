"""Rate of the kit's inverted file beside TFRS BruteForce, faiss and hnswlib at equal recall.

\b
    python benchmarks/search.py
    python benchmarks/search.py --sizes 100000 --data clustered
    python benchmarks/search.py --sizes 1000000 --data trained --vectors FOLDER

All search the same vectors for the same held-out queries by dot product, in one thread each, one
query at a time and in batches of 256. Building takes as many threads as there are cores. The kit
and BruteForce run from a SavedModel in a TF1 session, in the caller's thread. The kit's index is
tuned with queries that are not measured with; a peer needs none. Every setting of a contender's
knob (probes, nprobe, ef) is timed in a few rounds with all others; then each one's fastest setting
that reaches recall .95 is timed beside the others' in more rounds, and the ratio of a round is the
kit's rate over the peer's. Printed are median and quartiles over rounds. k = 10 and k = 100 are
searches of their own. faiss and hnswlib come with `pip install -e .[search]`.

The trained vectors are made by benchmarks/search_vectors.py, unless --vectors names its folder.
"""

import gc
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import click
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.search_figure import image
from benchmarks.search_measure import (
    BATCH,
    MODES,
    Contender,
    Measured,
    compared,
    sweep,
    tried,
    true_neighbours,
)
from benchmarks.search_tables import image_name, markdown, protocol, tables
from benchmarks.search_vectors import Vectors, clustered, from_folder
from kit.console import Command, print_table, quiet_tensorflow

HERE = Path(__file__).resolve().parent
KS = (10, 100)
ROWS = ("float32", "bfloat16", "int8")
RECALL = 0.95
SWEEP_ROUNDS = 3
FAISS_LISTS = (1024, 4096)
FAISS_LISTS_OF_MORE = (4096, 8192)
MILLIONS = 2_000_000
# Of fewer points a list faiss warns.
FAISS_POINTS_A_LIST = 39
HNSW_MOST = 1_000_000


def contenders(vectors: Vectors) -> tuple[list[Callable[[], Contender]], dict[str, str]]:
    """What builds each contender, and why which are left out."""
    from benchmarks.search_peers import Faiss, Hnsw
    from benchmarks.search_served import BruteForce, Kit

    size = len(vectors.items)
    builders: list[Callable[[], Contender]] = [partial(Kit, vectors, x, RECALL) for x in ROWS]
    builders.append(partial(BruteForce, vectors.items))
    left_out = {"ScaNN": "its operations do not load beside TensorFlow 2.21"}
    if find_spec("faiss") is None:
        left_out[Faiss.name] = "faiss-cpu is not installed"
    else:
        wanted = FAISS_LISTS if size < MILLIONS else FAISS_LISTS_OF_MORE
        most = max(1, size // FAISS_POINTS_A_LIST)
        lists = [x for x in wanted if x <= most] or [most]
        builders += [partial(Faiss, vectors.items, x) for x in lists]
    if find_spec("hnswlib") is None:
        left_out[Hnsw.name] = "hnswlib is not installed"
    elif size > HNSW_MOST:
        left_out[Hnsw.name] = f"takes too long to build above {HNSW_MOST:,} vectors"
    else:
        builders.append(partial(Hnsw, vectors.items))
    return builders, left_out


def measured(data: str, vectors: Vectors, rounds: int, seconds: float) -> dict[str, Any]:
    """All figures of one set of vectors."""
    load = os.getloadavg()[0]
    neighbours = true_neighbours(vectors.items, vectors.queries, max(KS))
    builders, left_out = contenders(vectors)
    built, points = [], []
    for build in builders:
        begin = time.perf_counter()
        contender = build()
        own = [p for k in KS for p in tried(contender, vectors.queries, neighbours[:, :k], RECALL)]
        contender.prepare([(point.k, point.setting) for point in own])
        built.append(contender_figures(contender, own, vectors))
        points += own
        gc.collect()
        passed = time.perf_counter() - begin
        click.echo(f"{contender.name}: recall of {len(own)} settings, {passed:.0f} s", err=True)
    begin = time.perf_counter()
    sweep(points, vectors.queries, SWEEP_ROUNDS, seconds)
    click.echo(
        f"all: rate of {len(points)} settings, {time.perf_counter() - begin:.0f} s", err=True
    )
    ratios = compared(points, vectors.queries, RECALL, rounds, seconds)
    return {
        "data": data,
        "about": vectors.about,
        "size": len(vectors.items),
        "dim": vectors.items.shape[1],
        "queries": len(vectors.queries),
        "tuning_queries": len(vectors.tuning),
        "batch": BATCH,
        "threads": 1,
        "recall_at_least": RECALL,
        "sweep_rounds": SWEEP_ROUNDS,
        "rounds": rounds,
        "seconds_a_round": seconds,
        "load_average": [round(load, 1), round(os.getloadavg()[0], 1)],
        "built": built,
        "points": [point_figures(point) for point in points],
        "ratios": ratios,
        "left_out": left_out,
    }


def contender_figures(
    contender: Contender, points: Sequence[Measured], vectors: Vectors
) -> dict[str, Any]:
    """What building it took, and what its default setting finds of queries it never saw."""
    figures: dict[str, Any] = {
        "name": contender.name,
        "built_with": contender.built_with,
        "build_seconds": contender.build_seconds,
        "memory_over_vectors": contender.index_bytes / vectors.items.nbytes,
        "lists_over_vectors": (contender.index_bytes - contender.bytes_beside)
        / vectors.items.nbytes,
    }
    if contender.default is not None:
        default = next(p for p in points if p.k == min(KS) and p.setting == contender.default)
        figures["default"] = {
            "setting": default.label,
            "recall@10": default.recall,
            "standard_error": default.error,
            "recall_wanted": RECALL,
        }
    return figures


def point_figures(point: Measured) -> dict[str, Any]:
    """One dot of the image."""
    return {
        "name": point.contender.name,
        "built_with": point.contender.built_with,
        "setting": point.label,
        "k": point.k,
        "recall": point.recall,
        "standard_error": point.error,
        **{
            mode: {
                "queries_per_second": point.rate(mode),
                "rounds": point.rates[mode],
                "threads_used": float(np.median(point.threads[mode])),
            }
            for mode in MODES
        },
    }


def libraries() -> dict[str, str]:
    """Versions of what was measured."""
    found = {}
    for name in ("tensorflow", "tensorflow-recommenders", "faiss-cpu", "hnswlib", "numpy"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


@click.command(
    "search",
    cls=Command,
    help=__doc__,
    context_settings={"max_content_width": 100},
    example="python benchmarks/search.py --sizes 100000 --data clustered --rounds 5",
)
@click.option(
    "--sizes",
    multiple=True,
    type=click.IntRange(min=1000),
    default=(100_000, 1_000_000),
    show_default=True,
    help="Number of vectors; may be given several times.",
)
@click.option(
    "--data",
    "kinds",
    type=click.Choice(["clustered", "trained", "both"]),
    default="both",
    show_default=True,
    help="Drawn from clusters, or trained by the kit.",
)
@click.option("--noise", default=1.0, show_default=True, help="Of the clusters, over the centres'.")
@click.option(
    "--vectors",
    "folder",
    type=click.Path(path_type=Path),
    help="Folder with trained items.npy and queries.npy.  [default: they are trained now]",
)
@click.option(
    "--trained-items",
    type=click.IntRange(min=5000),
    default=1_000_000,
    show_default=True,
    help="Items to train with; larger sizes are left out.",
)
@click.option("--rounds", type=click.IntRange(min=1), default=15, show_default=True)
@click.option("--seconds", default=0.2, show_default=True, help="Of each index in each round.")
@click.option(
    "--report", type=click.Path(path_type=Path), default=Path("reports/search"), show_default=True
)
def main(
    sizes: tuple[int, ...],
    kinds: str,
    noise: float,
    folder: Path | None,
    trained_items: int,
    rounds: int,
    seconds: float,
    report: Path,
) -> None:
    report.mkdir(parents=True, exist_ok=True)
    makers: list[tuple[str, Callable[[], Vectors]]] = []
    if kinds != "trained":
        makers += [("clustered", partial(clustered, size, noise)) for size in sizes]
    if kinds != "clustered":
        if folder is None:
            folder = report / "vectors"
            script = HERE / "search_vectors.py"
            # In a process of its own, whose memory is free again afterwards.
            command = [sys.executable, str(script), str(folder), "--items", str(trained_items)]
            subprocess.run(command, check=True)
        makers += [("trained", partial(from_folder, folder, x)) for x in sizes]
    quiet_tensorflow()
    runs = []
    for data, make in makers:
        run = measured(data, make(), rounds, seconds)
        runs.append(run)
        # After each, so that a run that is broken off leaves what it has.
        kept = {"cores": os.cpu_count(), "libraries": libraries(), "runs": runs}
        (report / "search.json").write_text(json.dumps(kept, indent=1))
        (report / "search.md").write_text(markdown(runs))
        image(run, report / image_name(run))
        for table in tables(run):
            print_table(*table)
        print(f"Protocol: {protocol(run)}.")
        for name, reason in run["left_out"].items():
            print(f"Left out: {name}, {reason}.")
    print(f"figures, tables and images  {report}")


if __name__ == "__main__":
    main()

"""Measure lists for all users beside the package `implicit`, and write results/batch.json.

    python benchmarks/batch.py --users 100000 --items 20000 --peer PYTHON

Random vectors of 64 dimensions and 20 items that each user has, of Zipf's distribution: what they
are has no effect on the work. The kit is given an export of them, `implicit` the same factors
(`MatrixFactorizationBase.recommend` in batches, seen items left out), and PYTHON is an interpreter
that has it. Each system is measured alone in a process of its own: users a second from the first to
the last list, and the most memory of the process, TensorFlow included. "kit, file" also writes the
lists as Parquet. In --kill the command that writes is killed with SIGKILL and given again.
"""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click
import numpy as np

ROOT = Path(__file__).parent.parent
RESULTS = ROOT / "results" / "batch.json"
DIM, OWNED, COMPARED, AT_ONCE = 64, 20, 500, 1000
SYSTEMS = ("kit", "implicit", "kit, file")

PEER = """
import json, resource, sys, time
import numpy as np, scipy.sparse as sparse
from implicit.cpu.als import AlternatingLeastSquares
import implicit
folder, top, at_once, compared = sys.argv[1], *map(int, sys.argv[2:])
users, items = np.load(folder + "/users.npy"), np.load(folder + "/items.npy")
owned = np.load(folder + "/owned.npy")
offsets = np.arange(0, owned.size + 1, owned.shape[1])
had = sparse.csr_matrix((np.ones(owned.size, np.float32), owned.ravel(), offsets),
                        shape=(len(users), len(items)))
model = AlternatingLeastSquares(factors=users.shape[1])
model.user_factors, model.item_factors = users, items
first, begin = None, time.perf_counter()
for start in range(0, len(users), at_once):
    batch = np.arange(start, min(start + at_once, len(users)))
    ids, scores = model.recommend(batch, had[batch], N=top)
    first = ids[:compared] if first is None else first
seconds = time.perf_counter() - begin
np.save(folder + "/peer.npy", first)
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
print(json.dumps({"seconds": seconds, "peak_gib": peak, "version": implicit.__version__}))
"""

LISTS = """
import json, resource, sys, time
from kit import load
folder, top, compared = sys.argv[1], *map(int, sys.argv[2:])
model = load(folder + "/model")
begin, first = time.perf_counter(), []
for frame in model.recommend(all_users=True, k=top):
    first += [frame] if len(first) * 256 < compared else []
seconds = time.perf_counter() - begin
import polars as pl
pl.concat(first).write_parquet(folder + "/kit.parquet")
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
print(json.dumps({"seconds": seconds, "peak_gib": peak}))
"""


def make(folder: Path, users: int, items: int) -> None:
    """The same model as an export and as arrays."""
    from kit.data import Attributes, Histories
    from kit.exporting import RecommenderParts, export_recommender
    from kit.exports import RetrievalCard
    from kit.retrieval import IndexSettings

    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(users, DIM)).astype(np.float32)
    vectors[:, -1] = 1
    candidates = rng.normal(size=(items, DIM)).astype(np.float32)
    owned = np.minimum((rng.zipf(1.2, (users, OWNED)) - 1), rng.integers(0, items, (users, OWNED)))
    # No user has an item twice.
    owned = np.sort((owned + np.arange(OWNED) * (items // OWNED)) % items).astype(np.int32)
    for name, array in (("users", vectors), ("items", candidates), ("owned", owned)):
        np.save(folder / f"{name}.npy", array)
    item_ids = [f"item-{number}" for number in range(items)]
    parts = RecommenderParts(
        user_ids=[f"user-{number}" for number in range(users)],
        item_ids=item_ids,
        user_vectors=vectors,
        item_vectors=candidates,
        owned=Histories(np.arange(0, owned.size + 1, OWNED), owned.ravel()),
        popularity=rng.random(items).astype(np.float32),
        attributes=Attributes.of(None, key="item_id", rows=items),
    )
    export_recommender(
        parts,
        folder / "model",
        model=None,
        k=100,
        exclude_seen=True,
        index=IndexSettings("exact"),
        card=RetrievalCard(names={item: "" for item in item_ids}, recipe="benchmark"),
    )


def measured(*command: str) -> dict[str, Any]:
    """What a process prints last, as JSON."""
    run = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    if run.returncode:
        raise RuntimeError(run.stderr[-2000:])
    found: dict[str, Any] = json.loads(run.stdout.splitlines()[-1])
    return found


def written(folder: Path, top: int, *, kill_after: float | None = None) -> dict[str, Any]:
    """`kit recommend --all-users` into a file, maybe killed once on its way."""
    output = folder / "recs.parquet"
    command = [sys.executable, "-m", "kit", "recommend", str(folder / "model"), "--all-users"]
    command += ["--top", str(top), "--output", str(output), "--json"]
    if kill_after is not None:
        parts = folder / ".recs.parquet.parts"
        process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)
        while process.poll() is None and len(list(parts.glob("0*"))) < kill_after:
            time.sleep(0.05)
        process.send_signal(signal.SIGKILL)
        process.wait()
    before = time.perf_counter()
    code = "import resource,subprocess,sys; r = subprocess.run(sys.argv[1:]); "
    code += "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss); sys.exit(r.returncode)"
    run = subprocess.run(
        [sys.executable, "-c", code, *command], capture_output=True, text=True, check=True, cwd=ROOT
    )
    return {
        "seconds": time.perf_counter() - before,
        "peak_gib": int(run.stdout.splitlines()[-1]) / 2**20,
        "bytes": output.stat().st_size,
        "users_before_the_kill": _resumed(run.stderr),
    }


def _resumed(said: str) -> int:
    found = re.search(r"resumed: +([0-9,]+) users", said)
    return int(found[1].replace(",", "")) if found else 0


def checked(folder: Path, users: int, top: int) -> dict[str, int]:
    """Rows of the file, and users and pairs that stand in it twice."""
    import polars as pl

    file = pl.scan_parquet(folder / "recs.parquet")
    of_user = file.group_by("user_id").agg(rows=pl.len(), items=pl.col("item_id").n_unique())
    found = of_user.collect()
    return {
        "rows": int(found["rows"].sum()),
        "users": len(found),
        "lost": users * top - int(found["items"].sum()),
        "doubled": int((found["rows"] - found["items"]).sum()),
    }


def same_lists(folder: Path, top: int) -> float:
    """Share of items that both systems have in the lists of the first users."""
    import polars as pl

    lists = pl.read_parquet(folder / "kit.parquet").group_by("user_id", maintain_order=True)
    mine = dict(lists.agg("item_id").rows())
    theirs = np.load(folder / "peer.npy")
    shares = [
        len({f"item-{item}" for item in theirs[user]} & {*mine[f"user-{user}"]}) / top
        for user in range(len(theirs))
        if f"user-{user}" in mine
    ]
    return float(np.mean(shares))


def results_table(kept: dict[str, Any]) -> str:
    """A row for each size and system."""
    lines = [
        "| users | items | system | seconds | users a second | most memory, GiB | same items |",
        "|---|---|---|---|---|---|---|",
    ]
    for found in kept.values():
        size = f"| {found['users']:,} | {found['items']:,} "
        for name in SYSTEMS:
            if name not in found:
                continue
            one = found[name]
            same = f"{found['same']:.4f}" if name == "implicit" else ""
            version = f" {one['version']}" if "version" in one else ""
            lines.append(
                f"{size}| {name}{version} | {one['seconds']:,.0f} | "
                f"{one['users_per_second']:,.0f} | {one['peak_gib']:.1f} | {same} |"
            )
            size = "|  |  "
    return "\n".join(lines)


@click.command()
@click.option("--users", default=100_000, show_default=True)
@click.option("--items", default=20_000, show_default=True)
@click.option("--top", default=100, show_default=True)
@click.option("--peer", help="An interpreter that has the package implicit.")
@click.option("--kill", is_flag=True, help="Kill the command that writes, and give it again.")
def main(users: int, items: int, top: int, peer: str | None, kill: bool) -> None:
    """Measure one size."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        begin = time.perf_counter()
        make(folder, users, items)
        print(f"export {time.perf_counter() - begin:.0f} s", flush=True)
        found: dict[str, Any] = {"users": users, "items": items, "dim": DIM, "top": top}
        found["cores"] = os.cpu_count()
        found["load"] = round(os.getloadavg()[0], 1)
        arguments = [str(folder), str(top)]
        found["kit"] = measured(sys.executable, "-c", LISTS, *arguments, str(COMPARED))
        print(found["kit"], flush=True)
        if peer:
            found["implicit"] = measured(peer, "-c", PEER, *arguments, str(AT_ONCE), str(COMPARED))
            found["same"] = same_lists(folder, top)
            print(found["implicit"], found["same"], flush=True)
        found["kit, file"] = written(folder, top, kill_after=3 if kill else None)
        found["file"] = checked(folder, users, top)
        print(found["kit, file"], found["file"], flush=True)
    for system in SYSTEMS:
        if system in found:
            done = users - found[system].get("users_before_the_kill", 0)
            found[system]["users_per_second"] = done / found[system]["seconds"]
    results = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    results[f"{users} users, {items} items"] = _rounded(found)
    RESULTS.write_text(json.dumps(results, indent=2) + "\n")


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _rounded(one) for name, one in value.items()}
    return round(value, 4 if value < 10 else 1) if isinstance(value, float) else value


if __name__ == "__main__":
    main()

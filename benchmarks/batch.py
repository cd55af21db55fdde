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
folder, top, compared, measured, at_once = sys.argv[1], *map(int, sys.argv[2:])
users, items = np.load(folder + "/users.npy"), np.load(folder + "/items.npy")
owned = np.load(folder + "/owned.npy")
offsets = np.arange(0, owned.size + 1, owned.shape[1])
had = sparse.csr_matrix((np.ones(owned.size, np.float32), owned.ravel(), offsets),
                        shape=(len(users), len(items)))
model = AlternatingLeastSquares(factors=users.shape[1])
model.user_factors, model.item_factors = users, items
first, begin, processor = None, time.perf_counter(), time.process_time()
for start in range(0, measured, at_once):
    batch = np.arange(start, min(start + at_once, measured))
    ids, scores = model.recommend(batch, had[batch], N=top)
    first = ids[:compared] if first is None else first
seconds = time.perf_counter() - begin
processor = time.process_time() - processor
np.save(folder + "/peer.npy", first)
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
print(json.dumps({"seconds": seconds, "processor_seconds": processor, "peak_gib": peak,
                  "version": implicit.__version__}))
"""

LISTS = """
import json, resource, sys, time
from kit import load
folder, top, compared, measured = sys.argv[1], *map(int, sys.argv[2:])
model = load(folder + "/model")
frames = model.recommend(all_users=True, k=top)
begin, processor, first, rows = time.perf_counter(), time.process_time(), [], 0
for frame in frames:
    rows += len(frame)
    first += [frame] if rows <= compared * top else []
    if rows >= measured * top:
        break
frames.close()
seconds = time.perf_counter() - begin
processor = time.process_time() - processor
import polars as pl
pl.concat(first).write_parquet(folder + "/kit.parquet")
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
print(json.dumps({"seconds": seconds, "processor_seconds": processor, "peak_gib": peak,
                  "measured": rows // top}))
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


def answer_of(*command: str) -> dict[str, Any]:
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
    code = "import resource, subprocess, sys; r = subprocess.run(sys.argv[1:]); "
    code += "u = resource.getrusage(resource.RUSAGE_CHILDREN); "
    code += "print(u.ru_maxrss, u.ru_utime + u.ru_stime); sys.exit(r.returncode)"
    run = subprocess.run(
        [sys.executable, "-c", code, *command], capture_output=True, text=True, check=True, cwd=ROOT
    )
    peak, processor = run.stdout.splitlines()[-1].split()
    return {
        "seconds": time.perf_counter() - before,
        "processor_seconds": float(processor),
        "peak_gib": int(peak) / 2**20,
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
        "| users | items | system | measured | seconds | users a second | "
        "users a processor second | most memory, GiB | same items |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for found in kept.values():
        size = f"| {found['users']:,} | {found['items']:,} "
        for name in SYSTEMS:
            if name not in found:
                continue
            one = found[name]
            same = f"{found['same']:.4f}" if name == "implicit" else ""
            rate = one.get("users_per_processor_second")
            version = f" {one['version']}" if "version" in one else ""
            lines.append(
                f"{size}| {name}{version} | {one.get('measured', found['users']):,} | "
                f"{one['seconds']:,.0f} | {one['users_per_second']:,.0f} | "
                f"{'' if rate is None else f'{rate:,.0f}'} | {one['peak_gib']:.1f} | {same} |"
            )
            size = "|  |  "
    return "\n".join(lines)


@click.command()
@click.option("--users", default=100_000, show_default=True)
@click.option("--items", default=20_000, show_default=True)
@click.option("--top", default=100, show_default=True)
@click.option("--peer", help="An interpreter that has the package implicit.")
@click.option("--kill", is_flag=True, help="Kill the command that writes, and give it again.")
@click.option("--measured", type=int, help="Users of kit and implicit; the file has all.")
@click.option("--folder", type=click.Path(path_type=Path), help="Keeps the model between runs.")
def main(
    users: int,
    items: int,
    top: int,
    peer: str | None,
    kill: bool,
    measured: int | None,
    folder: Path | None,
) -> None:
    """Measure one size."""
    with TemporaryDirectory() as name:
        place = folder or Path(name)
        place.mkdir(exist_ok=True)
        if not (place / "model" / "1").exists():
            make(place, users, items)
        found: dict[str, Any] = {"users": users, "items": items, "dim": DIM, "top": top}
        found["cores"] = os.cpu_count()
        arguments = [str(place), *map(str, (top, COMPARED, measured or users))]
        found["kit"] = answer_of(sys.executable, "-c", LISTS, *arguments)
        found["load"] = round(os.getloadavg()[0], 1)
        if peer:
            found["implicit"] = answer_of(peer, "-c", PEER, *arguments, str(AT_ONCE))
            found["same"] = same_lists(place, top)
        for system in ("kit", "implicit"):
            if system in found:
                found[system]["measured"] = measured or users
        _keep(found)
        found["kit, file"] = written(place, top, kill_after=3 if kill else None)
        found["file"] = checked(place, users, top)
        _keep(found)


def _keep(found: dict[str, Any]) -> None:
    """Write what is measured so far."""
    for system in SYSTEMS:
        if system in found:
            one = found[system]
            done = one.get("measured", found["users"]) - one.get("users_before_the_kill", 0)
            one["users_per_second"] = done / one["seconds"]
            one["users_per_processor_second"] = done / one["processor_seconds"]
    results = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    results[f"{found['users']} users, {found['items']} items"] = _rounded(found)
    RESULTS.write_text(json.dumps(results, indent=2) + "\n")


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _rounded(one) for name, one in value.items()}
    return round(value, 4 if value < 10 else 1) if isinstance(value, float) else value


if __name__ == "__main__":
    main()

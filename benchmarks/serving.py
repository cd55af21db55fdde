"""Load on `kit serve`: rate, time of an answer and errors, while new versions are dropped in.

\b
    python benchmarks/serving.py
    python benchmarks/serving.py saved_models/two-tower --protocol both --seconds 60

The server is a process of its own on loopback. Clients ask one after the other over connections
they keep, each for one user at a time, as fast as they are answered: what is timed is the server
when it has as much to do as it can. Every answer is held against what the SavedModel answers that
user when TensorFlow loads it here. Meanwhile copies of the version are dropped in under higher
numbers, and each must take over. The first second warms up: its answers are checked, not timed.

FOLDER is a two-tower export; saved_models/two-tower if it is there, otherwise a small one is made.
Exit code 1 if a request failed, a version did not take over, or p99 is above 5 times p50.
"""

import asyncio
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import AbstractAsyncContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter, process_time
from typing import Any

import click
import httpx
import numpy as np
from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.serving_clients import MODEL, PROTOCOLS, TIMEOUT_S, Ask, Load, Query, client
from kit.console import Command, quiet_tensorflow
from kit.errors import UserError
from kit.exports import version_folder

ROOT = Path(__file__).resolve().parent.parent
TRAINED = ROOT / "saved_models" / "two-tower"
REPORT = ROOT / "reports" / "serving" / "serving.json"
WARM_UP_S = 1.0
MOST_RATIO = 5.0


def small_export(folder: Path) -> Path:
    """Top 100 of 2,000 items for 1,000 users with random vectors: the signature of a two-tower."""
    quiet_tensorflow()
    import tensorflow as tf

    random = np.random.default_rng(0)
    names = tf.lookup.KeyValueTensorInitializer([f"u{n}" for n in range(1000)], tf.range(1000))

    class TwoTower(tf.Module):
        def __init__(self) -> None:
            super().__init__()
            self.rows = tf.lookup.StaticHashTable(names, 1000)
            self.users = tf.Variable(random.normal(size=(1001, 32)).astype(np.float32))
            self.items = tf.Variable(random.normal(size=(2000, 32)).astype(np.float32))
            self.item_ids = tf.constant([f"i{n}" for n in range(2000)])

        @tf.function(input_signature=[tf.TensorSpec([None], tf.string, "user_id")])
        def recommend(self, user_id: Any) -> dict[str, Any]:
            queries = tf.gather(self.users, self.rows.lookup(user_id))
            scores, places = tf.math.top_k(tf.matmul(queries, self.items, transpose_b=True), 100)
            return {"item_id": tf.gather(self.item_ids, places), "score": scores}

    module = TwoTower()
    tf.saved_model.save(module, str(folder), signatures={"serving_default": module.recommend})
    return folder


def users_of(version: Path) -> list[str]:
    """Users the export was recorded with; the first ones of the small export."""
    recorded = version / "assets.extra" / "recorded.json"
    if not recorded.is_file():
        return [*(f"u{n}" for n in range(100)), "nobody"]
    found = json.loads(recorded.read_text()).get("serving_default", {}).get("inputs", {})
    if "user_id" not in found:
        raise UserError(
            "This export does not recommend to users.",
            where=str(recorded),
            expected="recorded inputs user_id of serving_default, as kit train two-tower writes",
        )
    return list(map(str, found["user_id"]))


def expected(version: Path, users: Sequence[str]) -> list[tuple[list[str], list[float]]]:
    """What the SavedModel answers each user alone."""
    quiet_tensorflow()
    import tensorflow as tf

    function = tf.saved_model.load(str(version)).signatures["serving_default"]
    answers = [function(user_id=tf.constant([user])) for user in users]
    return [
        ([i.decode() for i in a["item_id"].numpy()[0]], a["score"].numpy()[0].tolist())
        for a in answers
    ]


@dataclass(frozen=True)
class Serving:
    """A running `kit serve`."""

    process: int
    ports: dict[str, int]

    def cpu_seconds(self) -> float:
        """What the process has used so far."""
        fields = Path(f"/proc/{self.process}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def serving(folder: Path) -> Iterator[Serving]:
    """`kit serve` on free ports; what it says on standard error ends the benchmark."""
    command = [sys.executable, "-m", "kit", "serve", str(folder)]
    with (folder.parent / "errors").open("w+") as errors:
        process = subprocess.Popen(
            [*command, "--rest-port", "0", "--grpc-port", "0", "--log-level", "error"],
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            cwd=ROOT,
            # This process has asked TensorFlow to be quiet in its own way.
            env={k: v for k, v in os.environ.items() if k != "TF_CPP_MIN_LOG_LEVEL"},
        )
        assert process.stdout is not None
        try:
            output = ""
            while not (found := re.search(r"http://[^:]+:(\d+).*\ngRPC +[^:]+:(\d+)\n", output)):
                line = process.stdout.readline()
                if not line:
                    raise RuntimeError(f"kit serve ended: {Path(errors.name).read_text()}")
                output += line
            yield Serving(process.pid, {"rest": int(found[1]), "grpc": int(found[2])})
        finally:
            process.send_signal(signal.SIGTERM)
            code = process.wait(60)
            process.stdout.close()
        if said := Path(errors.name).read_text():
            raise RuntimeError(f"kit serve wrote to standard error: {said[-2000:]}")
        if code:
            raise RuntimeError(f"kit serve ended with exit code {code}")


async def swap(folder: Path, port: int, times: Sequence[float], load: Load) -> None:
    """Drop in copies of the newest version at these times, and wait until each answers."""
    address = f"http://127.0.0.1:{port}/v1/models/{MODEL}"
    source = version_folder(folder)
    async with httpx.AsyncClient() as asking:
        for number, at in enumerate(times, int(source.name) + 1):
            await asyncio.sleep(at - perf_counter())
            draft = folder / f".draft-{number}"
            await asyncio.to_thread(shutil.copytree, source, draft)
            renamed = perf_counter()
            draft.rename(folder / str(number))
            try:
                while not await _serves(asking, address, number):
                    if perf_counter() > renamed + TIMEOUT_S:
                        raise TimeoutError(f"Version {number} did not take over.")
                    await asyncio.sleep(0.05)
            except (TimeoutError, httpx.HTTPError) as error:
                load.errors[f"{type(error).__name__}: {error}"[:200]] += 1
                return
            load.swaps[number] = (renamed, perf_counter())


async def _serves(asking: httpx.AsyncClient, address: str, number: int) -> bool:
    """Whether requests for the newest version are answered by this one."""
    answer = await asking.get(f"{address}/metadata", timeout=TIMEOUT_S)
    return bool(answer.json()["model_spec"]["version"] == str(number))


def measure(
    version: Path, protocol: str, clients: int, seconds: float, swaps: int
) -> dict[str, Any]:
    """Figures of one protocol."""
    request, read, connection = PROTOCOLS[protocol]
    users = users_of(version)
    answers = expected(version, users)
    queries = [
        Query(request(user), items, scores)
        for user, (items, scores) in zip(users, answers, strict=True)
    ]
    load_before = os.getloadavg()[0]
    with TemporaryDirectory() as scratch:
        folder = Path(scratch) / "models" / MODEL
        shutil.copytree(version, folder / "1")
        with serving(folder.parent) as server:
            load = Load()

            async def run() -> float:
                begin = perf_counter()
                gap = seconds / (swaps + 1)
                times = [begin + WARM_UP_S + gap * (n + 1) for n in range(swaps)]
                end = begin + WARM_UP_S + seconds

                def connect() -> AbstractAsyncContextManager[Ask]:
                    return connection(server.ports[protocol])

                await asyncio.gather(
                    swap(folder, server.ports["rest"], times, load),
                    *(client(n, connect, queries, read, end, load) for n in range(clients)),
                )
                return begin

            cpu = process_time(), server.cpu_seconds()
            begin = asyncio.run(run())
            used = process_time() - cpu[0], server.cpu_seconds() - cpu[1]
    found = figures(load, begin + WARM_UP_S, seconds)
    return {
        "protocol": protocol,
        "clients": clients,
        "seconds": seconds,
        **found,
        "clients_cpu_share": round(used[0] / sum(used), 3),
        "server_cores": round(used[1] / (seconds + WARM_UP_S), 2),
        "load_average": [round(load_before, 1), round(os.getloadavg()[0], 1)],
    }


def figures(load: Load, begin: float, seconds: float) -> dict[str, Any]:
    """Summary of a load; milliseconds."""
    timed = [(at, 1000 * length) for at, length in load.times if at >= begin]
    lengths = np.array([length for _, length in timed] or [np.nan])
    p50, p99 = np.percentile(lengths, [50, 99])
    near = [
        length
        for at, length in timed
        # Requests under way when the version was renamed, up to one second after it answered.
        if any(at + length / 1000 >= start and at <= end + 1 for start, end in load.swaps.values())
    ]
    return {
        "requests": len(load.times),
        "rate": round(len(timed) / seconds, 1),
        "p50_ms": round(float(p50), 2),
        "p99_ms": round(float(p99), 2),
        "ratio": round(float(p99 / p50), 2),
        "max_ms": round(float(lengths.max()), 1),
        "swaps": len(load.swaps),
        "swap_seconds": [round(end - start, 2) for start, end in load.swaps.values()],
        "max_near_swap_ms": round(max(near), 1) if near else None,
        "errors": sum(load.errors.values()),
        "kinds_of_errors": dict(load.errors),
    }


ROWS = {
    "requests": "requests, each checked",
    "rate": "answers a second",
    "p50_ms": "p50, ms",
    "p99_ms": "p99, ms",
    "ratio": "p99 / p50",
    "max_ms": "slowest, ms",
    "swaps": "versions that took over",
    "max_near_swap_ms": "slowest near a swap, ms",
    "errors": "errors",
    "clients_cpu_share": "clients' share of the CPU",
    "server_cores": "cores the server used",
}


def table_of(runs: Sequence[dict[str, Any]], name: str) -> Table:
    clients, seconds = runs[0]["clients"], runs[0]["seconds"]
    title = f"kit serve, {name}: {clients} clients, {seconds:g} s, one row a request"
    table = Table(title=title, title_justify="left")
    table.add_column("")
    for run in runs:
        table.add_column({"rest": "REST", "grpc": "gRPC"}[run["protocol"]], justify="right")
    for key, heading in ROWS.items():
        table.add_row(heading, *("-" if run[key] is None else f"{run[key]:,}" for run in runs))
    return table


def failures(run: dict[str, Any], swaps: int) -> list[str]:
    """What was not as it must be."""
    found = [f"{count} times {kind}" for kind, count in run["kinds_of_errors"].items()]
    if run["swaps"] != swaps:
        found.append(f"{run['swaps']} of {swaps} versions took over")
    if not run["ratio"] <= MOST_RATIO:
        found.append(f"p99 is {run['ratio']} times p50, at most {MOST_RATIO:g} was wanted")
    return [f"{run['protocol']}: {what}" for what in found]


@click.command(
    "serving",
    cls=Command,
    help=__doc__,
    context_settings={"max_content_width": 100},
    example="python benchmarks/serving.py --seconds 10 --protocol both",
)
@click.argument("folder", required=False, type=click.Path(path_type=Path))
@click.option("--protocol", type=click.Choice(["rest", "grpc", "both"]), default="rest")
@click.option("--clients", type=click.IntRange(min=1), default=32, show_default=True)
@click.option("--seconds", type=click.FloatRange(min=1), default=60.0, show_default=True)
@click.option("--swaps", type=click.IntRange(min=0), default=5, show_default=True)
@click.option("--json", "path", type=click.Path(path_type=Path), default=REPORT, help="Figures.")
@click.pass_context
def main(
    context: click.Context,
    folder: Path | None,
    protocol: str,
    clients: int,
    seconds: float,
    swaps: int,
    path: Path,
) -> None:
    with TemporaryDirectory() as scratch:
        if folder is None and not TRAINED.is_dir():
            version, name = small_export(Path(scratch) / "1"), "a small export"
        else:
            version = version_folder(folder or TRAINED)
            name = version.resolve().parent.name
        chosen = ["rest", "grpc"] if protocol == "both" else [protocol]
        runs = [measure(version, one, clients, seconds, swaps) for one in chosen]
    Console(width=100).print(table_of(runs, name))
    loads = ", ".join("{} to {}".format(*run["load_average"]) for run in runs)
    print(f"Load average {loads} on {os.cpu_count()} cores, shared by the server and its clients.")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"model": name, "runs": runs}, indent=1) + "\n")
    wrong = [line for run in runs for line in failures(run, swaps)]
    for line in wrong:
        click.secho(f"Failed: {line}", fg="red", err=True)
    context.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()

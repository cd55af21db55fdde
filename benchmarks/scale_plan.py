"""What benchmarks/scale.py measures, and the processes that do it."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
DIM, BATCH, TABLES = 32, 1024, 2
WARM_UP, STEPS = 10, 120
# Copies of a table at a peak: ours its weights and two slots, and room; stock its temporaries too.
COPIES = {"ours": 4, "stock": 12}
USABLE = 0.85
TIMEOUT_S = 900


@dataclass(frozen=True)
class Setting:
    """Processes that train one model.

    Args:
        name: in tables.
        workers: that take steps.
        servers: that hold the parameters.
        peers: that are measured.
    """

    name: str
    workers: int
    servers: int
    peers: tuple[str, ...]


SETTINGS = {
    "one": Setting("1 worker", 1, 0, ("ours", "stock")),
    "two": Setting("2 workers in step", 2, 0, ("ours", "stock")),
    "servers": Setting("2 workers, 2 servers", 2, 2, ("ours",)),
}


@dataclass(frozen=True)
class Plan:
    """What a process is to do.

    Args:
        file: where to write what was found, JSON.
        blocks: peers and rows, one after the other.
        stock_fit: tell how stock `fit` ends instead.
    """

    file: str
    blocks: Sequence[tuple[str, int]]
    stock_fit: bool = False


def steps_of(peer: str, rows: int) -> int:
    """Steps to take, with the warm-up; the stock step takes seconds at millions of rows.

    Example:

    >>> steps_of("ours", 4_000_000), steps_of("stock", 100_000), steps_of("stock", 4_000_000)
    (130, 40, 18)
    """
    return WARM_UP + (STEPS if peer == "ours" else max(8, min(30, 12_000_000 // rows)))


def bytes_needed(setting: Setting, peer: str, rows: int) -> int:
    """Memory that all processes of a block want at their peak."""
    holders = 1 if setting.servers else setting.workers
    return holders * COPIES[peer] * TABLES * rows * DIM * 4


def bytes_free() -> int:
    """Memory that can be had without swapping."""
    lines = Path("/proc/meminfo").read_text().splitlines()
    (kilobytes,) = (line.split()[1] for line in lines if line.startswith("MemAvailable:"))
    return 1024 * int(kilobytes)


def split_by_memory(
    setting: Setting, rows: Sequence[int], free: int
) -> tuple[list[tuple[str, int]], list[tuple[str, int]]]:
    """Blocks that fit into the free memory, peers side by side, and those that do not.

    Example:

    >>> fit, left = split_by_memory(SETTINGS["two"], [1_000_000], free=5 * 10**9)
    >>> fit, left
    ([('ours', 1000000)], [('stock', 1000000)])
    """
    blocks = [(peer, count) for count in rows for peer in setting.peers]
    fits = [bytes_needed(setting, *block) <= USABLE * free for block in blocks]
    return (
        [block for block, is_fit in zip(blocks, fits, strict=True) if is_fit],
        [block for block, is_fit in zip(blocks, fits, strict=True) if not is_fit],
    )


@cache
def own_loopback() -> list[str]:
    """What runs a command with a loopback that carries nobody else's bytes, where Linux lets us."""
    command = ["unshare", "--map-root-user", "--net", "sh", "-c"]
    up = "ip link set lo up"
    try:
        subprocess.run([*command, up], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        return []
    return [*command, f'{up} && exec "$@"', "sh"]


def run(setting: Setting, blocks: Sequence[tuple[str, int]], *, stock_fit: bool = False) -> Any:
    """Start the processes of a setting and return what their first one found.

    Raises:
        RuntimeError: they failed.
    """
    with TemporaryDirectory() as folder:
        file = Path(folder) / "found.json"
        plan = json.dumps(asdict(Plan(str(file), blocks, stock_fit)))
        command = [sys.executable, "-m", "benchmarks.scale_worker", plan]
        if setting.workers > 1 or setting.servers:
            counts = ["--workers", str(setting.workers), "--servers", str(setting.servers)]
            launch = [sys.executable, "-m", "kit", "launch", *counts, "--restarts", "0"]
            command = [*own_loopback(), *launch, "--", *command]
        ended = subprocess.run(
            command,
            cwd=ROOT,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=TIMEOUT_S,
        )
        if ended.returncode or not file.exists():
            raise RuntimeError(f"{setting.name} failed:\n{ended.stdout[-3000:]}")
        return json.loads(file.read_text())

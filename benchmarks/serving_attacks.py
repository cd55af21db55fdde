"""Hostile requests against `kit serve`, under a memory limit, while another model is asked.

\b
    python benchmarks/serving_attacks.py FOLDER --probe two-tower
    python benchmarks/serving_attacks.py FOLDER --probe two-tower --only images --memory-gib 4

FOLDER holds exports: a two-tower (probed and attacked with strings), and for the attacks on images
and on time an image-classification, a text-classification and a translation export. The server is a
process of its own, in a cgroup with the limit where this machine lets one be made (root, version 1
of cgroups); elsewhere the address space is limited instead.

Each attack runs to its end while the probed model is asked twice a second. Exit code 1 if the
server died, or an answer to the probe failed or took more than 5 s.
"""

import json
import os
import re
import resource
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event, Thread
from time import perf_counter, sleep

import click
import httpx
from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.serving_attack_requests import ATTACKS, Target
from kit.console import Command

ROOT = Path(__file__).resolve().parent.parent
CGROUP = Path("/sys/fs/cgroup/memory")
MOST_SECONDS = 5.0


@dataclass
class Outcome:
    """What one attack did.

    Args:
        answers: codes of the hostile requests, and how often each came.
        slowest: seconds of an answer to the probe.
        failed: probes without an answer in time.
        peak_mib: resident memory at its highest.
        seconds: until the attack and what it left behind were over.
    """

    answers: dict[str, int]
    slowest: float
    failed: int
    peak_mib: int
    seconds: float


@contextmanager
def limited(gib: float) -> Iterator[Callable[[], None]]:
    """What a child process calls to be limited."""
    group = CGROUP / f"kit-serving-attacks-{os.getpid()}"
    size = round(gib * 1024**3)
    try:
        group.mkdir()
        (group / "memory.limit_in_bytes").write_text(str(size))
    except OSError:
        with suppress(OSError):
            group.rmdir()
        # TensorFlow reserves addresses it never touches.
        bound = size + 12 * 1024**3
        yield lambda: resource.setrlimit(resource.RLIMIT_AS, (bound, bound))
        return
    try:
        yield lambda: (group / "cgroup.procs").write_text(str(os.getpid())) and None
    finally:
        sleep(0.5)
        with suppress(OSError):
            group.rmdir()


@contextmanager
def serving(folder: Path, gib: float, options: tuple[str, ...]) -> Iterator[tuple[int, int, int]]:
    """`kit serve` on free ports: process, REST port, gRPC port."""
    command = [sys.executable, "-m", "kit", "serve", str(folder), *options]
    with limited(gib) as limit, TemporaryDirectory() as scratch:
        file = Path(scratch) / "errors"
        with file.open("w") as errors:
            process = subprocess.Popen(
                [*command, "--rest-port", "0", "--grpc-port", "0"],
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                cwd=ROOT,
                preexec_fn=limit,
            )
            assert process.stdout is not None
            try:
                output = ""
                while not (found := re.search(r"http://.*:(\d+)/.*\ngRPC +.*:(\d+)\n", output)):
                    if not (line := process.stdout.readline()):
                        raise RuntimeError("kit serve ended: " + file.read_text())
                    output += line
                yield process.pid, int(found[1]), int(found[2])
            finally:
                process.send_signal(signal.SIGTERM)
                with suppress(subprocess.TimeoutExpired):
                    process.wait(40)
                process.kill()


def resident_mib(process: int) -> int:
    """Resident memory of a process; 0 when it is gone."""
    with suppress(OSError):
        if found := re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{process}/status").read_text()):
            return int(found[1]) // 1024
    return 0


def attacked(attack: Callable[[Target], list[str]], target: Target, probe: str) -> Outcome:
    """Run an attack, asking the probed model meanwhile, and until it is quick again."""
    over, answers = Event(), list[str]()

    def run() -> None:
        try:
            answers.extend(attack(target))
        finally:
            over.set()

    since = perf_counter()
    Thread(target=run, daemon=True).start()
    times, failed, peak, quick = [0.0], 0, 0, 0
    while not over.is_set() or quick < 3:
        began = perf_counter()
        try:
            answer = httpx.post(
                f"http://127.0.0.1:{target.rest}/v1/models/{probe}:predict",
                content=b'{"instances": [{"user_id": "1"}]}',
                timeout=MOST_SECONDS,
            )
            answer.raise_for_status()
            times.append(perf_counter() - began)
            quick = quick + 1 if times[-1] < 1 else 0
        except httpx.HTTPError as error:
            print(f"probe: {type(error).__name__}: {error}", file=sys.stderr)
            failed += 1
            quick = 0
        peak = max(peak, resident_mib(target.process))
        if not resident_mib(target.process) or perf_counter() - since > 180:
            break
        sleep(0.5)
    counts = {code: answers.count(code) for code in sorted(set(answers))}
    return Outcome(counts, max(times), failed, peak, perf_counter() - since)


@click.command(
    "serving-attacks",
    cls=Command,
    help=__doc__,
    context_settings={"max_content_width": 100},
    example="python benchmarks/serving_attacks.py saved_models --probe two-tower",
)
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--probe", default="two-tower", show_default=True, help="The model that is asked.")
@click.option("--image", default="image-classification", show_default=True, help="A model's name.")
@click.option("--text", default="text-classification", show_default=True, help="A model's name.")
@click.option("--translation", default="translation", show_default=True, help="A model's name.")
@click.option("--memory-gib", type=click.FloatRange(min=1), default=6.0, show_default=True)
@click.option("--only", default="", help="Attacks whose name contains this.")
@click.option("--json", "path", type=click.Path(path_type=Path), help="Where the figures go.")
@click.pass_context
def main(
    context: click.Context,
    folder: Path,
    probe: str,
    image: str,
    text: str,
    translation: str,
    memory_gib: float,
    only: str,
    path: Path | None,
) -> None:
    table = Table("attack", "answers", "probe, slowest s", "failed", "peak MiB", "s")
    found: dict[str, Outcome] = {}
    with serving(folder, memory_gib, ()) as (process, rest, grpc):
        target = Target(process, rest, grpc, probe, image, text, translation)
        # The first request of a model takes longer.
        for _ in range(3):
            attacked(lambda target: [], target, probe)
        for name, attack in ATTACKS.items():
            if only not in name:
                continue
            outcome = found[name] = attacked(attack, target, probe)
            codes = ", ".join(f"{count} {code}" for code, count in outcome.answers.items())
            cells = f"{outcome.slowest:.2f}", str(outcome.failed), str(outcome.peak_mib)
            table.add_row(name, codes, *cells, f"{outcome.seconds:.0f}")
            print(name, codes, *cells, f"{outcome.seconds:.0f} s", flush=True)
            if not resident_mib(process):
                break
        died = not resident_mib(process)
    Console(width=140).print(table)
    if path is not None:
        path.write_text(json.dumps({name: vars(one) for name, one in found.items()}, indent=1))
    wrong = [name for name, one in found.items() if one.failed or one.slowest > MOST_SECONDS]
    if died:
        wrong.append("The server died.")
    for line in wrong:
        click.secho(f"Failed: {line}", fg="red", err=True)
    context.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()

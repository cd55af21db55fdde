"""Kill training at random, also during saves, and see that nothing is lost.

    python benchmarks/chaos.py --kills 20
    python benchmarks/chaos.py --kills 4 --recipe all

Trains a two-tower model with dropout and drawn negatives once undisturbed and once killed (kill -9)
again and again, in one process and in two; two are supervised by `kit launch`. Every loss that any
attempt printed has to equal that of the undisturbed run to the bit, and so have the weights.
Prints how many steps were done twice and how long it took until a new step was done.

With --recipe the commands of the recipes are killed instead, one or all of them, each on few
built-in data; see chaos_recipes.py.
"""

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import click
import numpy as np

TRAINING = [sys.executable, "-m", "benchmarks.chaos_training"]
LAUNCH = [sys.executable, "-m", "kit", "launch", "--workers", "2", "--restarts", "1000", "--"]
ROOT = Path(__file__).parent.parent


def start(folder: Path, processes: int, steps: int) -> subprocess.Popen[bytes]:
    folder.mkdir(exist_ok=True)
    command = [*(LAUNCH if processes > 1 else []), *TRAINING, str(folder), str(steps)]
    with (folder / "output").open("ab") as output:
        return subprocess.Popen(command, stdout=output, stderr=output, cwd=ROOT)


def written(folder: Path, process: int = 0) -> list[tuple[int, str]]:
    """Every step that any attempt did, and its loss."""
    found = []
    with suppress(FileNotFoundError):
        for line in (folder / f"worker-{process}.losses").read_text().splitlines():
            if line.count(" ") == 1 and line[-1] != " ":
                step, loss = line.split()
                found.append((int(step), loss))
    return found


def losses(folder: Path, process: int = 0) -> dict[int, set[str]]:
    """Every loss that any attempt had at each step."""
    found: dict[int, set[str]] = {}
    for step, loss in written(folder, process):
        found.setdefault(step, set()).add(loss)
    return found


def newest(folder: Path) -> int:
    """The last step that was done."""
    return max(losses(folder), default=-1)


def kill(folder: Path, victim: int) -> bool:
    with suppress(FileNotFoundError, ValueError, ProcessLookupError):
        os.kill(int((folder / f"worker-{victim}.pid").read_text()), signal.SIGKILL)
        return True
    return False


def during_a_save(folder: Path, process: subprocess.Popen[bytes]) -> bool:
    """Wait until a checkpoint is being written."""
    while process.poll() is None:
        if any((folder / "checkpoints").glob("partial-*")):
            return True
    return False


def killed(
    folder: Path, processes: int, steps: int, kills: int, seed: int
) -> dict[str, list[float]]:
    """Train and kill; steps lost and seconds to the next new step, of each kill."""
    rng = np.random.default_rng(seed)
    process = start(folder, processes, steps)
    found: dict[str, list[float]] = {"lost": [], "seconds": [], "saving": []}
    for number in range(kills):
        goal = newest(folder) + int(rng.integers(5, max(6, steps // (kills + 1))))
        while process.poll() is None and newest(folder) < goal:
            time.sleep(0.02)
        saving = number % 2 == 0 and during_a_save(folder, process)
        if process.poll() is not None or not kill(folder, int(rng.integers(processes))):
            break
        begin = time.perf_counter()
        if processes == 1:
            process.wait()
        time.sleep(0.05)  # the other process may still do a step
        before = written(folder)
        if processes == 1:
            process = start(folder, processes, steps)
        while process.poll() is None and newest(folder) <= max(before)[0]:
            time.sleep(0.02)
        found["seconds"].append(time.perf_counter() - begin)
        after = written(folder)
        new = {step for step, _ in after} - {step for step, _ in before}
        found["lost"].append(len(after) - len(before) - len(new))
        found["saving"].append(saving)
    if process.wait():
        raise SystemExit((folder / "output").read_text()[-3000:])
    return found


def differences(whole: Path, other: Path, processes: int) -> list[str]:
    told = []
    for n in range(processes):
        expected, found = losses(whole, n), losses(other, n)
        told += [
            f"process {n}, step {step}: {sorted(found.get(step, []))} for "
            f"{sorted(expected.get(step, []))}"
            for step in sorted({*expected, *found})
            if found.get(step) != expected.get(step)
        ]
        with np.load(whole / f"worker-{n}.npz") as a, np.load(other / f"worker-{n}.npz") as b:
            # As bytes: of numbers 0.0 equals -0.0.
            told += [f"process {n}, weight {k}" for k in a if a[k].tobytes() != b[k].tobytes()]
    left = list((other / "checkpoints").glob("partial-*"))
    return told + [f"left behind: {path.name}" for path in left]


def quartiles(values: list[float]) -> str:
    low, middle, high = np.quantile(values, [0.25, 0.5, 0.75])
    return f"{middle:.1f} ({low:.1f} to {high:.1f}), at most {max(values):.1f}"


def recipes(name: str, kills: int, seed: int) -> bool:
    """Kill recipes and print a table; whether one of them failed."""
    # Imported before the attempts are forked.
    from benchmarks.chaos_recipes import RECIPES, chaos

    if name != "all" and name not in RECIPES:
        raise click.BadParameter(f"{name!r} is none of all, {', '.join(RECIPES)}.")
    head = ["recipe", "steps", "kills", "during a save", "steps done twice", "equal to the bit"]
    print(" | ".join(head), flush=True)
    failed = False
    for recipe in RECIPES if name == "all" else [name]:
        with TemporaryDirectory() as root:
            row, told = chaos(Path(root), recipe, kills, seed)
        failed |= bool(told)
        print(" | ".join(row), *told[:5], sep="\n  ", flush=True)
    return failed


@click.command()
@click.option(
    "--kills",
    type=click.IntRange(min=2),
    default=20,
    show_default=True,
    help="Half of them on two processes; with --recipe of each recipe.",
)
@click.option("--steps", type=click.IntRange(min=20), default=1_000, show_default=True)
@click.option("--seed", default=0, show_default=True)
@click.option("--recipe", metavar="NAME|all", help="Kill this recipe, or every one.")
def main(kills: int, steps: int, seed: int, recipe: str | None) -> None:
    """Kill training at random and compare it with an undisturbed one."""
    if recipe is not None:
        sys.exit(recipes(recipe, kills, seed))
    failed = False
    with TemporaryDirectory() as root:
        for processes in (1, 2):
            whole, other = Path(root) / f"whole-{processes}", Path(root) / f"killed-{processes}"
            if start(whole, processes, steps).wait():
                raise SystemExit((whole / "output").read_text()[-3000:])
            found = killed(other, processes, steps, kills // 2, seed)
            told = differences(whole, other, processes)
            failed |= bool(told)
            number = len(found["lost"])
            print(
                f"{processes} process{'es' if processes > 1 else ''}: {number} kills, "
                f"{int(sum(found['saving']))} during a save; {len(losses(whole))} steps; "
                f"{'all losses and weights equal to the bit' if not told else told[:5]}"
            )
            print(f"  steps done twice    {quartiles(found['lost'])}")
            print(f"  seconds to recover  {quartiles(found['seconds'])}", flush=True)
    sys.exit(failed)


if __name__ == "__main__":
    main()

"""The recipes that chaos.py kills, each as its command on few built-in data.

Every attempt is a process of its own, forked from this one after the imports, which would
otherwise be most of its time. It ends after training: what follows is the same without kills.
"""

import os
import signal
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.chaos import differences, losses, written

SAVES = "--checkpoint-steps 5 --checkpoint-minutes 999 --quiet"
LOG = "--data online-retail --limit 12000 --dim 8 --batch-size 32"
TEXTS = "--dim 16 --heads 2 --layers 1 --hidden 32 --vocabulary 500"
# Name to its command and how many models it trains.
RECIPES = {
    "two-tower": (f"two-tower {LOG} --epochs 8", 1),
    "sequential": (f"sequential {LOG} --epochs 8 --layers 1", 1),
    "sequential --time-gaps": (f"sequential {LOG} --epochs 8 --layers 1 --time-gaps", 1),
    "two-stage": (f"two-stage {LOG} --epochs 8 --candidates 50 --top 20", 3),
    "ranking": ("ranking --data in-vehicle-coupon --limit 2000 --epochs 10", 1),
    "image-classification": (
        "image-classification --data fashion-mnist-part --limit 1000 --dim 8 --epochs 10",
        1,
    ),
    "object-detection": (
        "object-detection --data bccd --limit 30 --size 64 --dim 8 --batch-size 4 --epochs 12",
        1,
    ),
    "text-classification": (
        "text-classification --data sentiment-labelled-sentences --limit 800 --dim 16 --epochs 4",
        1,
    ),
    "summarization": (
        f"summarization --data scitldr-part --limit 200 {TEXTS} --batch-size 8 --epochs 4",
        1,
    ),
    "summarization --mode abstractive": (
        f"summarization --data scitldr-part --limit 200 {TEXTS} --batch-size 800 --epochs 4 "
        "--mode abstractive --target-length 24",
        1,
    ),
    "translation": (
        f"translation --data tatoeba-eng-fra-part --limit 600 {TEXTS} --batch-size 256 --epochs 4",
        1,
    ),
}


class Forked:
    """A process that runs a function; as much of `Popen` as is needed."""

    def __init__(self, run: Callable[[], None], output: Path) -> None:
        self.returncode: int | None = None
        self.pid = os.fork()
        if self.pid:
            return
        try:
            handle = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
            os.dup2(handle, 1)
            os.dup2(handle, 2)
            run()
        except BaseException:
            traceback.print_exc()
        os._exit(1)

    def poll(self) -> int | None:
        if self.returncode is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.returncode = os.waitstatus_to_exitcode(status)
        return self.returncode

    def wait(self) -> int:
        if self.returncode is None:
            self.returncode = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        return self.returncode

    def kill(self) -> None:
        os.kill(self.pid, signal.SIGKILL)
        self.wait()


def begin(folder: Path, recipe: str) -> Forked:
    """One attempt at a recipe."""
    line, stages = RECIPES[recipe]
    folder.mkdir(exist_ok=True)
    places = f"--report {folder / 'report'} --output {folder / 'model'}"
    arguments = ["train", *f"{line} {SAVES} {places}".split()]
    return Forked(lambda: _train(arguments, folder, stages), folder / "output")


def _train(arguments: list[str], folder: Path, stages: int) -> None:
    import kit.cli
    import kit.training
    from benchmarks.chaos_training import Log

    real, trained = kit.training.fit, []

    def fit(model: Any, batches: Any, **how: Any) -> Any:
        stage = len(trained)
        log = Log(folder / f"worker-{stage}.losses")
        trained.append(real(model, batches, **how, callbacks=[log]))
        np.savez(folder / f"worker-{stage}.npz", *model.get_weights())
        if len(trained) == stages:
            os._exit(0)
        return trained[-1]

    kit.training.fit = fit
    kit.cli.main(arguments)


def steps_done(folder: Path, stages: int) -> int:
    """Different steps of all models."""
    return sum(len(losses(folder, stage)) for stage in range(stages))


def is_saving(folder: Path) -> bool:
    """Whether a checkpoint is being written."""
    return any((folder / "report" / "checkpoints").rglob("partial-*"))


def killed(folder: Path, recipe: str, steps: int, kills: int, seed: int) -> dict[str, int]:
    """Train and kill; how often, how often during a save, and how many steps were done twice."""
    stages = RECIPES[recipe][1]
    rng = np.random.default_rng(seed)
    found = {"kills": 0, "saving": 0}
    process = begin(folder, recipe)
    for number in range(kills):
        goal = steps_done(folder, stages) + int(rng.integers(3, max(4, steps // kills)))
        while process.poll() is None and steps_done(folder, stages) < goal:
            time.sleep(0.01)
        saving = False
        while number % 2 == 0 and not saving and process.poll() is None:
            saving = is_saving(folder)
        if process.poll() is not None:
            break
        process.kill()
        found["kills"] += 1
        found["saving"] += saving
        process = begin(folder, recipe)
    if process.wait():
        raise SystemExit((folder / "output").read_text()[-3000:])
    every = sum(len(written(folder, stage)) for stage in range(stages))
    return {**found, "twice": every - steps_done(folder, stages)}


def chaos(root: Path, recipe: str, kills: int, seed: int) -> tuple[list[str], list[str]]:
    """A row of the table, and what is not equal to the bit."""
    stages = RECIPES[recipe][1]
    whole, other = root / "whole", root / "killed"
    if begin(whole, recipe).wait():
        raise SystemExit((whole / "output").read_text()[-3000:])
    steps = steps_done(whole, stages)
    found = killed(other, recipe, steps, kills, seed)
    told = differences(whole, other, stages)
    numbers = [steps, found["kills"], found["saving"], found["twice"]]
    return [recipe, *map(str, numbers), "no" if told else "yes"], told

"""One trained and exported two-tower model for every test that asks for it."""

import fcntl
import gc
import os
import signal
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

# A shell that runs the tests in the background has them ignore Ctrl-C, and with them every process
# they start, among these the ones that are tested for how they take it.
signal.signal(signal.SIGINT, signal.default_int_handler)

# What is imported lives as long as the process, so there is nothing to be found in between.
gc.disable()


def pytest_collection_finish() -> None:
    """Spare the garbage collector what was imported."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)
    gc.enable()


USERS, ITEMS = 150, 60
DAY = 86_400


@dataclass(frozen=True)
class Trained:
    """What `kit train two-tower` was given and what it left.

    Args:
        data: the interactions; user ids are "shopper-000" and so on.
        items: title, category and price of the items.
        model: the folder of versions.
        report: the report's folder.
        output: what the command printed.
    """

    data: Path
    items: Path
    model: Path
    report: Path
    output: str

    @property
    def version(self) -> Path:
        return self.model / "1"


def write_shop(folder: Path) -> tuple[Path, Path]:
    """Interactions of two tastes, and a table of the items."""
    random = np.random.default_rng(0)
    rows = []
    for user in range(USERS):
        taste = np.arange(user % 2, ITEMS, 2)
        chosen = [*random.choice(taste, 9, replace=False), random.integers(ITEMS)]
        times = 1_600_000_000 + random.integers(0, 90 * DAY, len(chosen))
        rows += [
            f"shopper-{user:03d},i{item},{time},{1 + item % 3}"
            for item, time in zip(chosen, times, strict=True)
        ]
    data, items = folder / "shop.csv", folder / "items.csv"
    data.write_text("\n".join(["user_id,item_id,timestamp,amount", *rows]) + "\n")
    table = [f"i{n},{'Red cup' if n % 2 else 'Blue plate'} {n},k{n % 2},{n / 2}" for n in range(60)]
    items.write_text("\n".join(["item_id,title,category,price", *table]) + "\n")
    return data, items


def shared(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], object]) -> Path:
    """A folder that is made once, also where several processes run the tests.

    Args:
        factory: of the session's temporary folders.
        name: of the folder.
        make: fills the empty folder. Tests must not change it afterwards.
    """
    root = factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        root = root.parent
    folder, done = root / name, root / f"{name}.done"
    with (root / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            folder.mkdir(exist_ok=True)
            make(folder)
            done.touch()
    return folder


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Paths of interactions and items."""
    folder = shared(tmp_path_factory, "shop", write_shop)
    return folder / "shop.csv", folder / "items.csv"


@pytest.fixture(scope="session")
def trained(shop: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Trained:
    data, items = shop
    folder = shared(tmp_path_factory, "trained", lambda folder: train_two_tower(shop, folder))
    output = (folder / "output.txt").read_text()
    return Trained(data, items, folder / "model", folder / "report", output)


def train_two_tower(shop: tuple[Path, Path], folder: Path) -> None:
    from kit.cli import main
    from tests.exporting.parts import c_library_only

    data, items = shop
    options = f"--data {data} --items {items} --epochs 5 --dim 8 --top 20 --weight-column amount"
    places = f"--output {folder / 'model'} --report {folder / 'report'}"
    with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
        warnings.simplefilter("default")
        c_library_only(patch)
        run = CliRunner().invoke(main, f"train two-tower {options} {places}".split())
    assert run.exit_code == 0, run.output
    (folder / "output.txt").write_text(run.stdout)

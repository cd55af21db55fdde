"""Run by test_several_processes in each process of a cluster: python -m ... WHAT FOLDER."""

import os
import signal
import sys
from pathlib import Path

import keras
import numpy as np

from kit.cluster import cluster_of_environment, is_chief, serve_cluster
from kit.layers import Embedding
from kit.models import RetrievalLoss, TwoTower
from kit.optimizers import LazyAdam
from kit.training import Checkpoints, copy_to_host, fit, strategy
from tests.training.few import ITEMS, USERS, batches, model

STEPS, EPOCHS = 120, 60
CLUSTER = cluster_of_environment()
NAME = f"{CLUSTER.job}-{CLUSTER.index}" if CLUSTER else "alone"


class Log(keras.callbacks.Callback):
    """Write the loss of every step to the bit, and end processes at some of them, but only once."""

    def __init__(self, folder: Path, ends: dict[int, str]) -> None:
        super().__init__()
        self.folder, self.ends = folder, ends
        self.file = (folder / f"{NAME}.losses").open("a", buffering=1)

    def on_train_batch_end(self, batch, logs=None):
        self.file.write(f"{batch} {float((logs or {}).get('loss', 0)).hex()}\n")
        name = self.ends.get(batch)
        done = self.folder / f"{batch}.ended"
        if name is not None and not done.exists():
            done.touch()
            os.kill(int((self.folder / f"{name}.pid").read_text()), signal.SIGKILL)

    def on_train_end(self, logs=None):
        self.file.close()


def pairs() -> keras.Model:
    """A Keras model that is not of the kit, on two tables that are."""
    user, item = keras.Input((), dtype="int32"), keras.Input((), dtype="int32")
    score = keras.layers.Dot(1)([Embedding(USERS, 4)(user), Embedding(ITEMS, 4)(item)])
    return keras.Model([user, item], keras.layers.Dense(1)(score))


def equal(folder: Path) -> None:
    """What is trained does not depend on how many processes train it."""
    keras.utils.set_random_seed(1)
    with strategy("auto").scope():
        two_tower = TwoTower(USERS, ITEMS, 4, loss=RetrievalLoss("full"))
        two_tower.build()
        two_tower.compile(LazyAdam(0.01), jit_compile=False)
        other = pairs()
        other.compile(LazyAdam(0.01), "mse", metrics=["mae"], jit_compile=False)
    log = Log(folder, {})
    fit(two_tower, batches(), measure=lambda: 0.0, epochs=12, quiet=True, callbacks=[log])
    rng = np.random.default_rng(0)
    x = [rng.integers(0, size, 160).astype("int32") for size in (USERS, ITEMS)]
    y = rng.normal(size=160).astype("float32")
    # Plain Keras: Keras shards the arrays by worker.
    history = other.fit(x, y, batch_size=8, shuffle=False, epochs=1, verbose=0)
    measured = other.evaluate(x, y, batch_size=8, verbose=0)
    if is_chief():
        other.export(folder / "exported", verbose=False)
    weights = [*two_tower.get_weights(), *other.get_weights()]
    numbers = [*history.history["loss"], *history.history["mae"], *measured]
    np.savez(folder / f"{NAME}.npz", *weights, numbers=numbers)


def killed(folder: Path, ends: dict[int, str]) -> None:
    """Training with dropout and drawn negatives, ended now and then."""
    keras.utils.set_random_seed(1)
    with strategy("auto").scope():
        two_tower = model("sampled")
    found = fit(
        two_tower,
        batches(),
        measure=lambda: float(np.abs(two_tower.item_vectors()).sum()),
        epochs=EPOCHS,
        quiet=True,
        checkpoints=Checkpoints(folder / "checkpoints", {}, every_steps=10),
        callbacks=[Log(folder, ends)],
    )
    two_tower = copy_to_host(two_tower)
    np.savez(
        folder / f"{NAME}.npz",
        *two_tower.get_weights(),
        metric=[row["valid NDCG@10"] for row in found.history],
        losses=[row["loss"] for row in found.history],
        resumed=found.resumed_step,
    )


def main() -> None:
    what, folder = sys.argv[1], Path(sys.argv[2])
    folder.mkdir(exist_ok=True)
    (folder / f"{NAME}.pid").write_text(str(os.getpid()))
    serve_cluster()
    if what == "equal":
        equal(folder)
    else:
        ends = [end.split("=") for end in sys.argv[3:]]
        killed(folder, {int(step): name for step, name in ends})


if __name__ == "__main__":
    main()

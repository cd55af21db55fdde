"""The training that chaos.py kills: python -m benchmarks.chaos_training FOLDER STEPS."""

import os
import sys
from pathlib import Path

import keras
import numpy as np

from kit.cluster import cluster_of_environment
from kit.data import Histories
from kit.errors import PEER_LOST, PeerLost
from kit.models import RetrievalLoss, TwoTower
from kit.optimizers import LazyAdamW
from kit.training import Checkpoints, fit, shutdown_barrier, strategy
from kit.training.batches import UserBatches

USERS, ITEMS, EACH, BATCH = 5_000, 20_000, 20, 250


class Log(keras.callbacks.Callback):
    """The loss of every step to the bit, as it is known."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.file = path.open("a", buffering=1)

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        self.file.write(f"{batch} {float((logs or {})['loss']).hex()}\n")


def main() -> None:
    folder, steps = Path(sys.argv[1]), int(sys.argv[2])
    cluster = cluster_of_environment()
    name = f"worker-{cluster.index}" if cluster else "worker-0"
    (folder / f"{name}.pid").write_text(str(os.getpid()))
    keras.utils.set_random_seed(1)
    rng = np.random.default_rng(0)
    owned = rng.integers(0, ITEMS, USERS * EACH).astype(np.int32)
    histories = Histories(np.arange(0, USERS * EACH + 1, EACH), owned)
    batches = UserBatches(
        histories, batch_size=BATCH, length=16, targets=4, hidden_share=0.5, seed=0
    )
    with strategy().scope():
        model = TwoTower(USERS, ITEMS, 32, loss=RetrievalLoss("sampled", uniform_negatives=512))
        model.build()
        model.compile(LazyAdamW(0.01, weight_decay=0.1), jit_compile=False)
    fit(
        model,
        batches,
        measure=lambda: float(np.abs(model.item_vectors()).sum()),
        epochs=steps // batches.steps_per_epoch,
        quiet=True,
        checkpoints=Checkpoints(folder / "checkpoints", {}, every_steps=20),
        callbacks=[Log(folder / f"{name}.losses")],
    )
    np.savez(folder / f"{name}.npz", *model.get_weights())
    shutdown_barrier(model.distribute_strategy)


if __name__ == "__main__":
    try:
        main()
    except PeerLost:
        sys.exit(PEER_LOST)

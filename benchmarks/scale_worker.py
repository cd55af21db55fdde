"""One process of benchmarks/scale.py: trains models of several sizes, tells how long steps took.

\b
    python -m benchmarks.scale_worker '{"file": "steps.json", "blocks": [["ours", 100000]]}'

It is what TF_CONFIG makes of it: alone, a worker in step with others, or a part of a cluster with
parameter servers. The first process writes the file.
"""

import gc
import json
import os
import sys
import time
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import tensorflow as tf

from benchmarks.scale_plan import BATCH, DIM, WARM_UP, Plan, steps_of
from kit.cluster import cluster_of_environment, is_chief, serve_cluster
from kit.layers import Embedding
from kit.optimizers import LazyAdam
from kit.training import fit, strategy
from kit.training.batches import WHOLE, Shard

PEERS = {
    "ours": (Embedding, LazyAdam),
    "stock": (keras.layers.Embedding, keras.optimizers.Adam),
}
# Workers that do not wait for one another end steps in bursts: only the time of several counts.
BURST = 10


class Pairs:
    """Users, items and marks drawn anew for every batch: `kit.training.batches.Batches`.

    Args:
        rows: of each table.
        steps: batches of an epoch.
        workers: that share a batch.
    """

    def __init__(self, rows: int, steps: int, workers: int) -> None:
        self.rows, self.steps_per_epoch = rows, steps
        self.batch_size = BATCH * workers
        self.examples_per_epoch = self.batch_size * steps
        self.content = {"rows": rows}

    def stream(self, start_step: int = 0, shard: Shard = WHOLE) -> tf.data.Dataset:
        part = shard.rows(self.batch_size)

        def batch(number: tf.Tensor) -> Any:
            ids = tf.random.stateless_uniform(
                [2, self.batch_size], [self.rows, number], 0, self.rows, tf.int32
            )[:, part]
            marks = tf.random.stateless_uniform([self.batch_size, 1], [1, number])[part]
            return (ids[0], ids[1]), marks, tf.ones_like(marks)

        return tf.data.Dataset.counter(start_step).map(batch).prefetch(4)


class Clock(keras.callbacks.Callback):
    """When each step was over, and what this process and loopback had done by then."""

    def __init__(self) -> None:
        super().__init__()
        self.ends: list[float] = []
        self.carried: list[int] = []
        self.worked: list[float] = []

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self.note()

    def note(self) -> None:
        self.ends.append(time.perf_counter())
        self.carried.append(loopback_bytes())
        self.worked.append(time.process_time())

    def times(self, burst: int) -> list[float]:
        """Milliseconds of a step, each from so many of them, after the warm-up."""
        marks = self.ends[WARM_UP - 1 :: burst]
        return [1000 * (end - start) / burst for start, end in pairwise(marks)]

    def bytes_a_step(self) -> float:
        return _growth(self.carried)

    def processor_ms(self) -> float:
        """Of this process, all its threads, for a step."""
        return 1000 * _growth(self.worked)


def _growth(counted: Sequence[float]) -> float:
    after = counted[WARM_UP - 1 :]
    return (after[-1] - after[0]) / (len(after) - 1)


def loopback_bytes() -> int:
    """What loopback has carried since it is up, of everybody on it."""
    lines = Path("/proc/net/dev").read_text().splitlines()
    (counts,) = (line.partition(":")[2] for line in lines if line.strip().startswith("lo:"))
    return int(counts.split()[8])


def build(peer: str, rows: int) -> keras.Model:
    """Dot product of two looked-up vectors, with a squared error."""
    embedding, optimizer = PEERS[peer]
    user, item = (keras.Input((), dtype="int32", name=name) for name in ("user", "item"))
    score = keras.layers.Dot(1)([embedding(rows, DIM)(user), embedding(rows, DIM)(item)])
    model = keras.Model([user, item], score)
    model.compile(optimizer(0.001), "mse", jit_compile=False)
    return model


def own_loop(model: keras.Model, pairs: Pairs, devices: tf.distribute.Strategy) -> Clock:
    """Train stock Keras by a loop of its own, as its `fit` fails in several processes."""
    clock = Clock()

    def of_worker(inputs: Any, marks: tf.Tensor, weights: tf.Tensor) -> None:
        with tf.GradientTape() as tape:
            error = tf.square(model(inputs, training=True) - marks)
            loss = tf.reduce_sum(weights * error) / pairs.batch_size
        variables = model.trainable_variables
        model.optimizer.apply(tape.gradient(loss, variables), variables)

    @tf.function
    def step(batch: Any) -> None:
        devices.run(of_worker, args=batch)

    def part(context: tf.distribute.InputContext) -> tf.data.Dataset:
        return pairs.stream(shard=Shard(context.input_pipeline_id, context.num_input_pipelines))

    stream = iter(devices.distribute_datasets_from_function(part))
    for _ in range(pairs.steps_per_epoch):
        step(next(stream))
        clock.note()
    return clock


def measure(peer: str, rows: int, devices: tf.distribute.Strategy) -> dict[str, Any]:
    """Train one model and tell how long its steps took."""
    # Without a peer to wait for, each worker's batch is one of its own.
    pairs = Pairs(rows, steps_of(peer, rows), devices.num_replicas_in_sync)
    with devices.scope():
        model = build(peer, rows)
    if peer == "stock" and devices.num_replicas_in_sync > 1:
        clock = own_loop(model, pairs, devices)
    elif peer == "stock":
        clock = Clock()
        steps = pairs.steps_per_epoch
        model.fit(pairs.stream(), steps_per_epoch=steps, verbose=0, callbacks=[clock])
    else:
        clock = Clock()
        nothing = {"measure": lambda: float("nan"), "epochs": 1, "quiet": True}
        fit(model, pairs, **nothing, callbacks=[clock])
    cluster = cluster_of_environment()
    asynchronous = cluster is not None and cluster.has_servers
    times = clock.times(BURST if asynchronous else 1)
    # While one worker takes a step the others take theirs.
    at_once = len(cluster.addresses["worker"]) if cluster is not None and asynchronous else 1
    return {
        "peer": peer,
        "rows": rows,
        "milliseconds": [round(at_once * each, 3) for each in times],
        # In step, all workers' batches are in one.
        "bytes": round(clock.bytes_a_step() / devices.num_replicas_in_sync),
        "processor_ms": round(clock.processor_ms(), 3),
    }


def how_stock_fit_ends(rows: int) -> str:
    """What stock `fit` says in several processes, the first line and the last."""
    devices = tf.distribute.MultiWorkerMirroredStrategy()
    pairs = Pairs(rows, 5, devices.num_replicas_in_sync)
    with devices.scope():
        model = build("stock", rows)
    try:
        model.fit(pairs.stream(), steps_per_epoch=pairs.steps_per_epoch, verbose=0)
    except Exception as error:  # Whatever it is, it is what is asked for.
        first, *rest = str(error).strip().splitlines()
        last = f" ... {rest[-1].strip()}" if rest else ""
        return f"{type(error).__name__}: {first.strip()}{last}"
    return "it runs"


def main(plan: Plan) -> None:
    serve_cluster()
    if plan.stock_fit:
        found: Any = how_stock_fit_ends(plan.blocks[0][1])
    else:
        devices = strategy("auto")
        found = []
        for peer, rows in plan.blocks:
            found.append(measure(peer, rows, devices))
            keras.backend.clear_session()
            gc.collect()
    if is_chief():
        Path(plan.file).write_text(json.dumps(found))


if __name__ == "__main__":
    main(Plan(**json.loads(sys.argv[1])))

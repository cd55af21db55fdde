"""What many users and items ask of a cluster: the figures of docs/scale.md.

    python -m benchmarks.scale_arithmetic

Prints the page's tables. Every figure is computed from `Inputs`; GB are 10^9 bytes.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from benchmarks.scale_tables import Table, expected_bytes, markdown_table
from kit.evaluation import affordable_users

FLOAT = 4
GB = 1e9
DIMS = (64, 128)
ADAM, ROW_WISE = "LazyAdam", "LazyAdagrad(row_wise=True)"
# Values an optimizer keeps for each of a table, beside the table.
OPTIMIZERS = {ADAM: lambda dim: 2.0, ROW_WISE: lambda dim: 1 / dim}


@dataclass(frozen=True)
class Inputs:
    """What the arithmetic starts from.

    Args:
        users: rows of the users' table.
        items: rows of the items' table.
        interactions: of an epoch over the data.
        batch: pairs of a worker's step.
        step_ms: of one worker alone.
        server_step_ms: of a worker with two servers.
        chief_ms: processor time of the chief for a batch that it hands out.
        machine_gb: memory of a server, small and large.
        usable: share of the memory that parameters may take.
        gbits: of the network, small and large, each way of each machine.
        disk_gb_s: that a machine writes a second.
        index_share: memory of an index with int8 lists over that of its vectors.
        index_seconds: to build one.
        index_rows: over how many vectors.
        id_bytes: of an id as a string.
        log_gib: memory to open and split a log of CSV.
        log_seconds: time for it.
        log_rows: its rows.
        steps_a_measurement: of valid, at the most.
        gflops: that the chief multiplies matrices with.
        chief_copies: of the tables in the chief's memory while it takes the model over.
    """

    users: int = 100_000_000
    items: int = 10_000_000
    interactions: int = 2_000_000_000
    batch: int = 1024
    step_ms: float = 2.3
    server_step_ms: float = 24.5
    chief_ms: float = 4.6
    machine_gb: tuple[int, int] = (64, 128)
    usable: float = 0.8
    gbits: tuple[int, int] = (10, 25)
    disk_gb_s: float = 1.0
    index_share: float = 1.33
    index_seconds: float = 37.2
    index_rows: int = 1_000_000
    id_bytes: int = 16
    log_gib: float = 1.7
    log_seconds: float = 8
    log_rows: int = 10_000_000
    steps_a_measurement: int = 500
    gflops: float = 100
    chief_copies: float = 7


def table_bytes(rows: int, dim: int) -> int:
    """Memory of a float32 table.

    Example:

    >>> table_bytes(100_000_000, 64) / GB
    25.6
    """
    return rows * dim * FLOAT


def state_bytes(inputs: Inputs, dim: int, optimizer: str) -> float:
    """Memory of both tables with what their optimizer keeps.

    Example:

    >>> state_bytes(Inputs(), 64, "LazyAdam") / GB
    84.48
    """
    both = table_bytes(inputs.users + inputs.items, dim)
    return both * (1 + OPTIMIZERS[optimizer](dim))


def checkpoint_bytes(inputs: Inputs, dim: int, optimizer: str) -> float:
    """A checkpoint: the state, and the tables of the best measurement."""
    both = table_bytes(inputs.users + inputs.items, dim)
    return state_bytes(inputs, dim, optimizer) + both


def peak_bytes(inputs: Inputs, dim: int, optimizer: str) -> float:
    """Memory while a checkpoint is written: a save copies the state, then writes the copy."""
    return checkpoint_bytes(inputs, dim, optimizer) + state_bytes(inputs, dim, optimizer)


def servers(inputs: Inputs, dim: int, optimizer: str, machine_gb: int) -> int:
    """Parameter servers that hold it.

    Example:

    >>> servers(Inputs(), 64, "LazyAdam", 64)
    4
    """
    return ceil(peak_bytes(inputs, dim, optimizer) / (inputs.usable * machine_gb * GB))


def wire_ms(count: float, gbit: float) -> float:
    """Milliseconds that so many bytes take.

    Example:

    >>> wire_ms(1_250_000, gbit=10)
    1.0
    """
    return 8 * count / gbit / 1e6


def batches_a_second(inputs: Inputs, step_ms: float, dim: int, gbit: int) -> float:
    """Of one worker with servers, when a batch is computed and then on the network."""
    return 1000 / (step_ms + wire_ms(expected_bytes(1, 1, dim, inputs.batch), gbit))


def handed_out(inputs: Inputs) -> float:
    """Batches a second that the chief hands out to all workers together, with one core."""
    return 1000 / inputs.chief_ms


def workers_fed(inputs: Inputs, rate: float) -> int:
    """Workers that take what the chief hands out, each this many batches a second."""
    return ceil(handed_out(inputs) / rate)


def pass_hours(inputs: Inputs) -> float:
    """An epoch over the data with as many workers as the chief feeds."""
    return inputs.interactions / inputs.batch / handed_out(inputs) / 3600


def index_minutes(inputs: Inputs) -> float:
    """To build an index over all items; k-means compares rows with lists, 4 sqrt(rows) of them."""
    return inputs.index_seconds * (inputs.items / inputs.index_rows) ** 1.5 / 60


def input_table(inputs: Inputs) -> Table:
    """Where each input comes from."""
    small, large = inputs.machine_gb
    slow, fast = inputs.gbits
    measured = "[results/scale](../results/scale/scale.md)"
    rows = [
        ["users, items", f"{inputs.users:,}, {inputs.items:,}", "the question"],
        ["interactions of an epoch", f"{inputs.interactions:,}", "assumed, 20 a user"],
        ["batch", f"{inputs.batch:,} pairs a worker", "as measured"],
        ["step, one worker", f"{inputs.step_ms:.1f} ms", f"{measured}, 4M rows, dim 32"],
        ["step with 2 servers", f"{inputs.server_step_ms:.1f} ms", f"{measured}, the same"],
        ["chief, a batch", f"{inputs.chief_ms:.1f} ms of a core", f"{measured}, the same"],
        ["machine", f"{small} or {large} GB, {inputs.usable:.0%} for parameters", "assumed"],
        ["network", f"{slow} or {fast} Gbit/s", "assumed, not measured"],
        ["disk", f"{inputs.disk_gb_s:g} GB/s a machine", "assumed"],
        [
            "index, int8 lists",
            f"{inputs.index_share} of its vectors, {inputs.index_seconds} s a million",
            "[results/search](../results/search/clustered.md)",
        ],
        [
            "a log of CSV, opened and split",
            f"{inputs.log_gib} GiB, {inputs.log_seconds:g} s for {inputs.log_rows:,} rows",
            "`data_preparation.py`, [results](results.md#speed)",
        ],
        ["steps between two measurements", f"{inputs.steps_a_measurement}", "`kit.training.fit`"],
        ["matrix products of the chief", f"{inputs.gflops:g} GFLOP/s", "assumed"],
        [
            "the chief takes the model over",
            f"{inputs.chief_copies:g} times its tables",
            "`copy_to_host`, once: 16 GB for a table of 2.2 GB in two shards",
        ],
        ["an id as a string", f"{inputs.id_bytes} bytes", "assumed"],
    ]
    return "Inputs", ["input", "value", "from"], rows


def memory_table(inputs: Inputs) -> Table:
    """Bytes of the parameters, and machines for them."""
    small, large = inputs.machine_gb
    rows = []
    for dim in DIMS:
        for optimizer in OPTIMIZERS:
            case = (inputs, dim, optimizer)
            sizes = (state_bytes(*case), checkpoint_bytes(*case), peak_bytes(*case))
            tables = table_bytes(inputs.users + inputs.items, dim)
            counts = (servers(*case, small), servers(*case, large))
            sizes_told = [f"{size / GB:.1f}" for size in (tables, *sizes)]
            rows.append([f"{dim}", f"`{optimizer}`", *sizes_told, *map(str, counts)])
    headings = ["dim", "optimizer", "tables, GB", "with slots, GB", "a checkpoint, GB"]
    headings += ["peak while saving, GB", f"servers of {small} GB", f"servers of {large} GB"]
    return "Memory", headings, rows


def rate_table(inputs: Inputs) -> Table:
    """Bytes and rates with parameter servers."""
    rows = []
    for dim in DIMS:
        count = expected_bytes(1, 1, dim, inputs.batch)
        for gbit in inputs.gbits:
            quick, seen = (
                batches_a_second(inputs, step, dim, gbit)
                for step in (inputs.step_ms, inputs.server_step_ms)
            )
            rows.append(
                [
                    f"{dim}",
                    f"{gbit}",
                    f"{count / 1e6:.2f}",
                    f"{wire_ms(count, gbit):.2f}",
                    f"{seen:.0f} to {quick:.0f}",
                    f"{workers_fed(inputs, quick)} to {workers_fed(inputs, seen)}",
                    f"{pass_hours(inputs):.1f}",
                    f"{1000 / wire_ms(count, gbit):,.0f}",
                ]
            )
    headings = ["dim", "Gbit/s", "MB a batch", "ms on the network", "batches/s a worker"]
    headings += ["workers that one chief feeds", "hours an epoch with them"]
    headings += ["batches/s through one server's network"]
    return "Rate", headings, rows


def exchange_table(inputs: Inputs, workers: Sequence[int] = (2, 8, 32)) -> Table:
    """What each worker receives at a step when all train synchronously."""
    rows = []
    for dim in DIMS:
        for count in workers:
            received = expected_bytes(count, 0, dim, inputs.batch)
            times = [f"{wire_ms(received, gbit):.2f}" for gbit in inputs.gbits]
            updated = f"{2 * inputs.batch * count:,}"
            rows.append([f"{dim}", f"{count}", f"{received / 1e6:.2f}", *times, updated])
    headings = ["dim", "workers", "MB received a step"]
    headings += [f"ms at {gbit} Gbit/s" for gbit in inputs.gbits]
    return "Synchronous workers", [*headings, "rows each worker updates"], rows


def after_table(inputs: Inputs) -> Table:
    """What comes before and after a step, for each dim."""
    slow, machine = inputs.gbits[0], inputs.machine_gb[1]
    valid, test = (affordable_users(inputs.items, times) for times in (1, 4))
    measurements = inputs.interactions / inputs.batch / inputs.steps_a_measurement
    cells: list[list[str]] = []
    for dim in DIMS:
        catalogue, users = table_bytes(inputs.items, dim), table_bytes(inputs.users, dim)
        saved, writers = checkpoint_bytes(inputs, dim, ADAM), servers(inputs, dim, ADAM, machine)
        flops = 2 * inputs.items * dim
        tables_gb = table_bytes(inputs.users + inputs.items, dim) / GB
        cells.append(
            [
                f"{saved / GB:.1f} GB; {saved / GB / inputs.disk_gb_s / writers:.0f} s, {writers} "
                "servers write",
                f"{wire_ms(saved, slow) / 1000:.0f} s",
                f"{tables_gb:.1f} GB, at the peak {inputs.chief_copies * tables_gb:.0f} GB",
                f"{valid * flops / 1e12:.1f} and {test * flops / 1e12:.1f} TFLOP",
                f"{measurements * valid * flops / 1e9 / inputs.gflops / 3600:.0f} hours",
                f"{catalogue / GB:.2f} GB",
                f"{catalogue / FLOAT / GB:.2f} GB",
                f"{2 * inputs.index_share * catalogue / GB:.1f} GB",
                f"{index_minutes(inputs):.0f} minutes",
                f"{users / GB:.1f} GB",
                f"{inputs.users * inputs.id_bytes / GB:.1f} GB",
                f"{users / 10 / GB:.2f} GB",
                f"{inputs.log_gib * inputs.interactions / inputs.log_rows:.0f} GiB, "
                f"{inputs.log_seconds * inputs.interactions / inputs.log_rows / 60:.0f} minutes",
            ]
        )
    names = [
        "a checkpoint of `LazyAdam`",
        f"it restored, at {slow} Gbit/s through the chief",
        "the model in the chief's memory when training is over",
        f"full ranking of {valid:,} users of valid and {test:,} of test",
        f"the {measurements:,.0f} measurements of valid in an epoch",
        "item vectors, float32",
        "their lists, int8",
        "the index with int8 lists, twice in an export",
        "to build it, 2 cores, at its measured time times rows to the power of 1.5",
        "users' table in an export",
        "their ids in it, at least",
        "the users' table hashed to a tenth of the rows",
        "the log opened by one process",
    ]
    rows = [list(row) for row in zip(names, *cells, strict=True)]
    return "Before and after training", ["what", *(f"dim {dim}" for dim in DIMS)], rows


def tables(inputs: Inputs) -> list[Table]:
    """All tables of the page."""
    makers = (input_table, memory_table, rate_table, exchange_table, after_table)
    return [make(inputs) for make in makers]


if __name__ == "__main__":
    print("\n".join(markdown_table(*table) for table in tables(Inputs())))

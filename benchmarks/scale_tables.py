"""What scale.json says, as tables and sentences."""

import statistics
from itertools import chain
from typing import Any

from benchmarks.scale_plan import BATCH, DIM, SETTINGS, TABLES

Table = tuple[str, list[str], list[list[str]]]
ID_BYTES = 4  # int32, as they are looked up
Place = tuple[str, str, int]  # setting, peer, rows
Spread = tuple[float, float, float]


def expected_bytes(workers: int, servers: int, dim: int = DIM, batch: int = BATCH) -> int:
    """What the rows of one worker's batch put on the network, payload alone.

    In step, each worker sends its gradients to all others: the looked-up rows' and their ids, with
    repetitions. With servers it sends ids, gets rows, and sends gradients and ids back.

    Example:

    >>> expected_bytes(workers=2, servers=0), expected_bytes(workers=2, servers=2)
    (270336, 540672)
    """
    if servers:
        return TABLES * batch * 2 * (dim * 4 + ID_BYTES)
    return (workers - 1) * TABLES * batch * (dim * 4 + ID_BYTES)


def blocks_of(run: dict[str, Any], place: Place) -> list[dict[str, Any]]:
    """What each round found there."""
    return [
        block
        for block in run["blocks"]
        if (block["setting"], block["peer"], block["rows"]) == place
    ]


def times_of(run: dict[str, Any], place: Place) -> Spread | None:
    """Quartiles of the milliseconds of all steps, or None where it did not run."""
    times = [*chain(*(block["milliseconds"] for block in blocks_of(run, place)))]
    if not times:
        return None
    low, middle, high = statistics.quantiles(times, n=4, method="inclusive")
    return low, middle, high


def ratio(run: dict[str, Any], above: Place, below: Place) -> Spread | None:
    """Median over rounds of one's time over the other's, with the least and the most."""
    over, under = (
        {x["round"]: statistics.median(x["milliseconds"]) for x in blocks_of(run, place)}
        for place in (above, below)
    )
    found = [over[number] / under[number] for number in sorted({*over} & {*under})]
    return (min(found), statistics.median(found), max(found)) if found else None


def told(found: Spread | None) -> str:
    """A middle with what it lies between, or that there is none."""
    return "not run" if found is None else "{1:.1f} ({0:.1f} to {2:.1f})".format(*found)


def tables(run: dict[str, Any]) -> list[Table]:
    """Title, headings and rows of what is told about a run."""
    return [
        ("Milliseconds of a step, median (quartiles)", *_step_table(run)),
        ("Ratios of times of a step, median over rounds (least to most)", *_ratios(run)),
        (f"A batch of {BATCH:,}, ours", *_batch_table(run)),
    ]


def _step_table(run: dict[str, Any]) -> tuple[list[str], list[list[str]]]:
    columns = [(name, peer) for name, setting in SETTINGS.items() for peer in setting.peers]
    headings = ["rows a table", *(f"{SETTINGS[name].name}, {peer}" for name, peer in columns)]
    rows = [
        [f"{count:,}", *(told(times_of(run, (*column, count))) for column in columns)]
        for count in run["rows"]
    ]
    return headings, rows


def _ratios(run: dict[str, Any]) -> tuple[list[str], list[list[str]]]:
    fewest = min(run["rows"])
    headings = ["processes", "rows a table", "stock / ours", f"ours / ours of {fewest:,} rows"]
    rows = []
    for name, setting in SETTINGS.items():
        for count in run["rows"]:
            ours = (name, "ours", count)
            pairs = [((name, "stock", count), ours), (ours, (name, "ours", fewest))]
            pairs.append((ours, ("one", "ours", count)))
            cells = [
                "" if above == below else told(ratio(run, above, below)) for above, below in pairs
            ]
            rows.append([setting.name, f"{count:,}", *cells])
    return [*headings, "ours / ours of 1 worker"], rows


def _batch_table(run: dict[str, Any]) -> tuple[list[str], list[list[str]]]:
    headings = ["processes", "rows a table", "payload, bytes computed", "bytes on loopback"]
    rows = []
    for name, setting in SETTINGS.items():
        for count in run["rows"]:
            found = blocks_of(run, (name, "ours", count))
            if found and setting.workers > 1:
                payload = expected_bytes(setting.workers, setting.servers)
                least = min(block["bytes"] for block in found)
                work = statistics.median(block["processor_ms"] for block in found)
                cells = [f"{payload:,}", f"{least:,}", f"{work:.1f}"]
                rows.append([setting.name, f"{count:,}", *cells])
    return [*headings, "processor time of the first process, ms"], rows


def protocol(run: dict[str, Any]) -> str:
    """How a run was measured, in a sentence."""
    loopback = "a loopback of its own" if run["own_loopback"] else "everybody on loopback"
    return (
        f"{TABLES} tables of the rows shown, dim {DIM}, float32, squared error of a dot product, "
        f"{BATCH:,} pairs a worker and step, ids drawn anew for every step; ours is "
        "kit.layers.Embedding with kit.optimizers.LazyAdam through kit.training.fit, stock "
        "keras.layers.Embedding with keras.optimizers.Adam through Keras fit, with 2 workers "
        f"through a loop of its own; {run['rounds']} rounds of processes started anew, in each of "
        "them peers side by side; quartiles over all steps; with servers workers do not wait for "
        "one another, a step is the time one of them takes, from the rate of both, and the first "
        f"process is the chief; bytes are the least of a round's mean, those of {loopback}; "
        f"load average {run['load_average'][0]:.1f} before and {run['load_average'][1]:.1f} after, "
        f"on {run['cores']} cores"
    )


def markdown_table(title: str, headings: list[str], rows: list[list[str]]) -> str:
    """A table with its title and an empty line after it."""
    lines = [f"| {' | '.join(row)} |" for row in (headings, *rows)]
    return "\n".join([f"**{title}**", "", lines[0], f"|{'---|' * len(headings)}", *lines[1:], ""])


def markdown(run: dict[str, Any]) -> str:
    """Tables, protocol and what was left out."""
    lines = ["# Scale", "", *(markdown_table(*table) for table in tables(run))]
    lines += [f"Protocol: {protocol(run)}.", "", *(f"{line}." for line in remarks(run)), ""]
    return "\n".join([*lines, "![time of a step against rows](scale.png)", ""])


def remarks(run: dict[str, Any]) -> list[str]:
    """How stock `fit` ended, and what was left out."""
    said = [f"Stock `fit` with 2 workers: `{run['stock_fit']}`"] if run["stock_fit"] else []
    left = [f"{SETTINGS[name].name}, {peer}, {rows:,} rows" for name, peer, rows in run["left_out"]]
    return said + ([f"Left out for want of memory: {'; '.join(left)}"] if left else [])

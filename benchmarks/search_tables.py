"""What search.json says, as tables and sentences."""

import os
from collections.abc import Sequence
from typing import Any

from benchmarks.search_measure import MODES

Table = tuple[str, list[str], list[list[str]]]


def protocol(run: dict[str, Any]) -> str:
    """How a run was measured, in a sentence."""
    busy = max(point[mode]["threads_used"] for point in run["points"] for mode in MODES)
    return (
        f"{run['size']:,} x {run['dim']}, {run['about']}; {run['queries']:,} held-out queries, "
        f"{run['tuning_queries']:,} others to tune with; dot product, k 10 and 100; searched in "
        f"{run['threads']} thread (at most {busy:.2f} cores busy), built in {os.cpu_count()}; "
        f"batches of {run['batch']}; rates are medians of {run['sweep_rounds']} rounds, ratios "
        f"medians (quartiles) of {run['rounds']}, each {run['seconds_a_round']:g} s or one search; "
        f"load average {run['load_average'][0]} "
        f"before and {run['load_average'][1]} after, on {os.cpu_count()} cores"
    )


def tables(run: dict[str, Any]) -> list[Table]:
    """Title, headings and rows of what is told about a run."""
    name = f"{run['data']}, {run['size']:,} x {run['dim']}"
    target = run["recall_at_least"]
    return [
        (f"{name}: indexes", *_index_table(run)),
        (f"{name}: the fastest setting with recall at least {target}", *_rate_table(run)),
        (f"{name}: the kit's rate over a peer's, recall of both at least {target}", *_ratios(run)),
    ]


def _index_table(run: dict[str, Any]) -> tuple[list[str], list[list[str]]]:
    headings = ["index", "built with", "build, s", "memory / vectors", "lists / vectors"]
    headings += ["default", "recall@10"]
    rows = []
    for built in run["built"]:
        default, recall = "", ""
        if "default" in built:
            found = built["default"]
            default = found["setting"]
            recall = f"{found['recall@10']:.3f} (s.e. {found['standard_error']:.3f})"
        ratios = [f"{built[x]:.2f}" for x in ("memory_over_vectors", "lists_over_vectors")]
        rows.append(
            [
                built["name"],
                built["built_with"],
                f"{built['build_seconds']:.1f}",
                *ratios,
                default,
                recall,
            ]
        )
    return headings, rows


def _rate_table(run: dict[str, Any]) -> tuple[list[str], list[list[str]]]:
    rows, target = [], run["recall_at_least"]
    for k in sorted({point["k"] for point in run["points"]}):
        for name in dict.fromkeys(point["name"] for point in run["points"]):
            cells = []
            for mode in MODES:
                reach = [
                    p
                    for p in run["points"]
                    if (p["name"], p["k"]) == (name, k) and p["recall"] >= target
                ]
                if not reach:
                    cells += ["not reached", "", ""]
                    continue
                best = max(reach, key=lambda p: p[mode]["queries_per_second"])
                cells += [
                    best["setting"],
                    f"{best['recall']:.3f}",
                    f"{best[mode]['queries_per_second']:,.0f}",
                ]
            rows.append([f"@{k}", name, *cells])
    single, batch = ["single: setting", "recall", "queries/s"], ["batch: setting", "recall"]
    return ["k", "index", *single, *batch, "queries/s"], rows


def _ratios(run: dict[str, Any]) -> tuple[list[str], list[list[str]]]:
    told = {
        (x["peer"], f"@{x['k']} {x['mode']}", x["ours"]): _with_quartiles(x) for x in run["ratios"]
    }
    ours = list(dict.fromkeys(name for _, _, name in told))
    lines = dict.fromkeys((peer, case) for peer, case, _ in told)
    rows = [[*line, *(told.get((*line, name), "not reached") for name in ours)] for line in lines]
    return ["peer", "case", *ours], sorted(rows)


def _with_quartiles(ratio: dict[str, Any]) -> str:
    low, high = ratio["quartiles"]
    return f"{ratio['ratio']:.2f} ({low:.2f} to {high:.2f})"


def markdown(runs: Sequence[dict[str, Any]]) -> str:
    """The tables and protocols of all runs."""
    lines = ["# Search", ""]
    for run in runs:
        for title, headings, rows in tables(run):
            lines += [f"**{title}**", "", f"| {' | '.join(headings)} |"]
            lines += [f"|{'---|' * len(headings)}", *(f"| {' | '.join(row)} |" for row in rows), ""]
        lines += [f"Protocol: {protocol(run)}.", ""]
        lines += [f"Left out: {name}, {reason}." for name, reason in run["left_out"].items()]
        lines += ["", f"![recall against rate]({image_name(run)})", ""]
    return "\n".join(lines)


def image_name(run: dict[str, Any]) -> str:
    return f"search-{run['data']}-{run['size']}.png"

"""SLURM's short forms of lists.

`tf.distribute.cluster_resolver.SlurmClusterResolver` reads them too, but fails on nodes without a
GPU and numbers the tasks by the names of the nodes, not in the order SLURM does.
"""

import re


def hosts_of(nodes: str) -> list[str]:
    """The hosts of a list of nodes, in its order.

    Source: hostlist expressions of SLURM's scontrol manual.

    Example:

    >>> hosts_of("n[01-02,07],gpu1,rack[1-2]-[3-4]")
    ['n01', 'n02', 'n07', 'gpu1', 'rack1-3', 'rack1-4', 'rack2-3', 'rack2-4']
    """
    # Commas part hosts, but within brackets they part ranges.
    hosts = re.findall(r"(?:[^,\[]|\[[^\]]*\])+", nodes)
    return [host for pattern in hosts for host in _expanded(pattern)]


def _expanded(pattern: str) -> list[str]:
    found = re.search(r"\[([^\]]*)\]", pattern)
    if found is None:
        return [pattern]
    numbers = [number for part in found[1].split(",") for number in _numbers(part)]
    ends = _expanded(pattern[found.end() :])
    return [pattern[: found.start()] + number + end for number in numbers for end in ends]


def _numbers(part: str) -> list[str]:
    first, _, last = part.partition("-")
    return [str(n).zfill(len(first)) for n in range(int(first), int(last or first) + 1)]


def tasks_of(counts: str) -> list[int]:
    """Tasks of each node.

    Example:

    >>> tasks_of("2(x3),1")
    [2, 2, 2, 1]
    """
    found = re.findall(r"(\d+)(?:\(x(\d+)\))?", counts)
    return [int(count) for count, times in found for _ in range(int(times or 1))]

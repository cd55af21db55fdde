"""How much memory this process can still take."""

from pathlib import Path

_GROUPS = Path("/sys/fs/cgroup")
_MEMORY = Path("/proc/meminfo")
_OWN = Path("/proc/self/cgroup")


def available_memory() -> int | None:
    """Bytes that the machine and the limits of this process's control groups leave, or None.

    Example:

    >>> (available_memory() or 1) > 0
    True
    """
    found = [limit for limit in (_of_machine(), *_of_groups()) if limit is not None]
    return max(0, min(found)) if found else None


def _of_machine() -> int | None:
    for line in _lines(_MEMORY):
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) * 1024
    return None


def _of_groups() -> list[int]:
    left = []
    for line in _lines(_OWN):
        _, kinds, place = line.split(":", 2)
        if not kinds:  # version 2
            root, most, used, cache = _GROUPS, "memory.max", "memory.current", "inactive_file"
        elif "memory" in kinds.split(","):
            root, cache = _GROUPS / "memory", "total_inactive_file"
            most, used = "memory.limit_in_bytes", "memory.usage_in_bytes"
        else:
            continue
        own = root / place.lstrip("/")
        for group in (own, *own.parents):
            limit, usage = _number(group / most), _number(group / used)
            if limit is not None and usage is not None:
                # Pages of files that were read count as used and are given up on demand.
                stat = dict(line.split(" ", 1) for line in _lines(group / "memory.stat"))
                left.append(limit - usage + int(stat.get(cache, 0)))
            if group == root:
                break
    return left


def _number(file: Path) -> int | None:
    lines = _lines(file)
    return int(lines[0]) if lines and lines[0].isdigit() else None


def _lines(file: Path) -> list[str]:
    try:
        return file.read_text().splitlines()
    except OSError:
        return []

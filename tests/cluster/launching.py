"""`kit launch` as a process, and small programs for it to run."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path

from kit.cluster import own_network

ROOT = Path(__file__).parents[2]
# What each program begins with: who it is, how often it was started, and signs by files.
PREAMBLE = """
import json, os, signal, sys, time
from pathlib import Path

def sign(name, text=""):
    (here / name).write_text(text)

def wait_for(name):
    while not (here / name).exists():
        time.sleep(.01)

here = Path(sys.argv[1])
task = json.loads(os.environ["TF_CONFIG"])["task"]
me = f"{task['type']} {task['index']}"
start = 1
while (here / f"{me}, start {start}").exists():
    start += 1
sign(f"{me}, start {start}", os.environ["TF_CONFIG"])
"""
# So that a test does not wait, and a busy machine has time to end well what ends by itself; tests
# that are about a time set it.
SETTINGS = {"PEERS_S": 0.4, "TICK_S": 0.01, "FINISH_S": 60, "TERMINATE_S": 60}


def start(folder: Path, program: str, *options: str, **settings: float) -> "subprocess.Popen[str]":
    """Start `kit launch` of a program, with other times than usual."""
    (folder / "program.py").write_text(PREAMBLE + program)
    command = [sys.executable, "-S", str(folder / "program.py"), str(folder)]
    return launch(*options, "--", *command, **settings)


@cache
def has_namespaces() -> bool:
    """Whether the system gives this user a network of its own, as `kit launch` wants it."""
    try:
        with own_network(1):
            return True
    except OSError:
        return False


def launch(
    *arguments: str, stdout: int = subprocess.PIPE, **settings: float
) -> "subprocess.Popen[str]":
    changed = "; ".join(f"s.{name} = {value}" for name, value in (SETTINGS | settings).items())
    code = f"from kit.cluster import _supervisor as s; {changed}; from kit.cli import main; main()"
    network = [] if has_namespaces() else ["--allow-network"]
    return subprocess.Popen(
        [sys.executable, "-c", code, "launch", *network, *arguments],
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
        errors="surrogateescape",
        start_new_session=True,  # as from a terminal: a group of its own
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )


def run(folder: Path, program: str, *options: str, **settings: float) -> tuple[int, str, str]:
    """Its exit code, and what it printed."""
    return finish(start(folder, program, *options, **settings))


def finish(process: "subprocess.Popen[str]", timeout: float = 120) -> tuple[int, str, str]:
    try:
        out, err = process.communicate(timeout=timeout)
    finally:
        process.kill()
    return process.returncode, out, err


def wait_until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not true():
        assert time.monotonic() < end
        time.sleep(0.01)


def is_alive(number: int) -> bool:
    """Whether a process runs: it may be dead and nobody has asked for its exit code."""
    try:
        return Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def starts(folder: Path, name: str) -> int:
    """How often a process was started."""
    return len(list(folder.glob(f"{name}, start *")))

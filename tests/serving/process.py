"""`kit serve` as a process, and what it holds."""

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

KIT = [sys.executable, "-c", "from kit.cli import main; main()"]
ROOT = Path(__file__).parents[2]
# A command that ran in this process has asked TensorFlow to be quiet in its own way.
# Tests that look at standard error look for what is not logged on purpose.
QUIET = ("--log-level", "error")
LOUD = ("TF_CPP_MIN_LOG_LEVEL", "GRPC_VERBOSITY")


@dataclass
class Serving:
    """A running `kit serve`."""

    process: "subprocess.Popen[str]"
    folder: Path
    rest: str
    grpc: str
    output: str

    @property
    def rest_port(self) -> int:
        return int(self.rest.rpartition(":")[2])

    def status(self, name: str) -> int:
        """A number from the kernel's account of the process, such as VmRSS in KiB or Threads."""
        text = Path(f"/proc/{self.process.pid}/status").read_text()
        found = re.search(rf"^{name}:\s+(\d+)", text, re.MULTILINE)
        assert found
        return int(found[1])

    def files(self) -> int:
        """Open files and connections."""
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))


def launch(folder: Path, *options: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [*KIT, "serve", str(folder), "--rest-port", "0", "--grpc-port", "0", *QUIET, *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={k: v for k, v in os.environ.items() if k not in LOUD},
    )


def start(folder: Path, *options: str) -> Serving:
    """Start it and wait until it answers."""
    process = launch(folder, *options)
    output = ""
    assert process.stdout is not None
    while not output.rpartition("\n")[0].rpartition("\n")[2].startswith("gRPC"):
        line = process.stdout.readline()
        assert line, f"it ended: {process.communicate()}"
        output += line
    rest = re.search(r"http://127\.0\.0\.1:\d+", output)
    grpc = re.search(r"gRPC  (\S+)", output)
    assert rest
    assert grpc
    return Serving(process, folder, rest[0], grpc[1], output)

import os
import sys
import time

import pytest

from kit.cluster import Cluster, Process
from tests.cluster.launching import is_alive, wait_until

TASK = Cluster({"worker": ["a:1", "b:1"]}, "worker", 1, "here")


def started(program: str) -> Process:
    return Process([sys.executable, "-S", "-c", program], TASK, os.environ, "cyan")


def has_ended(process: Process) -> bool:
    process.poll()
    return process.code is not None


def ended(program: str) -> Process:
    process = started(program)
    wait_until(lambda: has_ended(process))
    return process


@pytest.mark.parametrize(
    ("program", "code", "ending"),
    [
        ("pass", 0, "ended with exit code 0"),
        ("raise SystemExit(75)", 75, "ended with exit code 75"),
        ("import os; os.kill(os.getpid(), 9)", -9, "was killed by SIGKILL"),
        ("import os; os.kill(os.getpid(), 40)", -40, "was killed by signal 40"),
    ],
)
def test_how_it_ended(program, code, ending):
    begin = time.monotonic()
    process = ended(program)
    assert (process.name, process.code, process.ending) == ("worker 1", code, ending)
    assert 0 < process.seconds < time.monotonic() - begin


def test_what_it_printed_comes_out_under_its_name(capfd):
    ended(
        "import sys; print('one\\ntwo'); print('a mistake', file=sys.stderr);"
        "sys.stdout.flush(); sys.stdout.buffer.write(b'10 %\\r\\xff no end')"
    )
    out, err = capfd.readouterr()
    assert out == "[worker 1] one\n[worker 1] two\n[worker 1] � no end\n"
    # gRPC may tell of the fork, if an earlier test of this process used it.
    assert err.endswith("[worker 1] a mistake\n")


def test_it_has_no_terminal_and_its_own_group():
    program = "import os, sys; sys.exit(sys.stdin.read() != '' or os.getpgid(0) != os.getpid())"
    assert ended(program).code == 0


@pytest.mark.parametrize("seconds", [0, 60])
def test_what_it_started_ends_with_it(seconds, tmp_path):
    process = started(
        "import subprocess, time; from pathlib import Path; p = subprocess.Popen(['sleep', '60'])\n"
        f"Path({str(tmp_path / 'id')!r}).write_text(str(p.pid)); time.sleep({seconds})"
    )
    written = tmp_path / "id"
    if seconds:
        wait_until(lambda: written.exists() and written.read_text() != "")
        process.kill()
    else:
        wait_until(lambda: has_ended(process))
    number = int(written.read_text())
    wait_until(lambda: not is_alive(number))


def test_a_daemon_that_holds_its_pipe_is_not_waited_for(capfd, tmp_path):
    program = (
        "import subprocess; from pathlib import Path\n"
        "p = subprocess.Popen(['sleep', '60'], start_new_session=True)\n"
        f"Path({str(tmp_path / 'id')!r}).write_text(str(p.pid)); print('off', end='')"
    )
    process = ended(program)
    assert process.outputs[0].closed
    assert capfd.readouterr().out == "[worker 1] off\n"
    os.kill(int((tmp_path / "id").read_text()), 9)

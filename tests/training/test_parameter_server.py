import sys
import threading
from types import SimpleNamespace

import pytest

from kit.training import stop_coordinator
from tests.cluster.launching import finish, launch


@pytest.mark.slow
def test_slots_lie_with_their_variables_without_checkpoints_too():
    command = [sys.executable, "-m", "tests.training.on_servers"]
    process = launch("--workers", "1", "--servers", "1", "--restarts", "0", "--", *command)
    code, out, err = finish(process, timeout=180)
    assert code == 0, err[-3000:]
    assert "[chief 0] slots lie with their variables" in out


def test_a_coordinator_whose_threads_stand_still_keeps_nobody_from_ending():
    lock, stopped = threading.Lock(), []

    def stop():
        with lock:
            stopped.append(True)

    coordinator = SimpleNamespace(_cluster=SimpleNamespace(stop=stop))
    stop_coordinator(coordinator)
    assert stopped == [True]
    coordinator = SimpleNamespace(_cluster=SimpleNamespace(stop=stop))
    with lock:
        stop_coordinator(coordinator, seconds=0.1)
        # What the destructor calls.
        coordinator._cluster.stop()
    assert len(stopped) <= 2

import sys

import pytest

from tests.cluster.launching import finish, launch


@pytest.mark.slow
def test_slots_lie_with_their_variables_without_checkpoints_too():
    command = [sys.executable, "-m", "tests.training.on_servers"]
    process = launch("--workers", "1", "--servers", "1", "--restarts", "0", "--", *command)
    code, out, err = finish(process, timeout=180)
    assert code == 0, err[-3000:]
    assert "[chief 0] slots lie with their variables" in out

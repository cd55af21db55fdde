"""What `kit launch` does when a process ends."""

import pytest

from tests.cluster.launching import run, starts

TWO = ["--workers", "2"]
WITH_SERVER = ["--workers", "2", "--servers", "1"]
KILLED = "os.kill(os.getpid(), signal.SIGKILL)"


def test_without_servers_all_are_started_again_on_the_same_ports(tmp_path):
    program = f"""
if start == 1:
    if me == "worker 1":
        wait_for("worker 0, start 1")
        {KILLED}
    time.sleep(60)
"""
    code, _, err = run(tmp_path, program, *TWO)
    assert code == 0
    assert "worker 1 was killed by SIGKILL; all are started again (restart 1 of 10)." in err
    for name in ("worker 0", "worker 1"):
        assert starts(tmp_path, name) == 2
        first, second = ((tmp_path / f"{name}, start {n}").read_text() for n in (1, 2))
        assert first == second


def test_with_servers_a_worker_is_started_again_alone(tmp_path):
    program = """
if me == "chief 0":
    for name in ("worker 1, start 2", "worker 0, start 1", "ps 0, start 1"):
        wait_for(name)
elif (me, start) == ("worker 1", 1):
    raise SystemExit(1)
else:
    time.sleep(60)
"""
    code, _, err = run(tmp_path, program, *WITH_SERVER)
    assert code == 0
    assert "worker 1 ended with exit code 1; it is started again (restart 1 of 10)." in err
    assert starts(tmp_path, "worker 1") == 2
    assert all(starts(tmp_path, name) == 1 for name in ("chief 0", "worker 0", "ps 0"))


@pytest.mark.parametrize("dying", ["chief 0", "ps 0"])
def test_with_servers_all_are_started_again_for_the_chief_and_the_servers(dying, tmp_path):
    program = f"""
for name in ("chief 0", "worker 0", "worker 1", "ps 0"):
    wait_for(f"{{name}}, start {{start}}")
if start == 1 and me == "{dying}":
    {KILLED}
if start == 1 or me != "chief 0":
    time.sleep(60)
"""
    code, _, err = run(tmp_path, program, *WITH_SERVER)
    assert code == 0
    assert f"{dying} was killed by SIGKILL; all are started again" in err
    assert all(starts(tmp_path, name) == 2 for name in ("chief 0", "worker 0", "worker 1", "ps 0"))


def test_the_one_that_died_is_named_and_not_those_that_lost_it(tmp_path):
    program = f"""
if start == 1:
    if me == "worker 1":
        wait_for("lost")
        time.sleep(.1)
        {KILLED}
    sign("lost")
    raise SystemExit(75)
"""
    code, _, err = run(tmp_path, program, *TWO, PEERS_S=60)
    assert code == 0
    assert "worker 1 was killed by SIGKILL; all are started again" in err


def test_a_mistake_is_not_repeated(tmp_path):
    program = """
if me == "worker 1":
    wait_for("worker 0, start 1")
    raise SystemExit(2)
time.sleep(60)
"""
    code, _, err = run(tmp_path, program, *TWO)
    assert code == 2
    assert "worker 1 ended with exit code 2, a mistake to mend; all are stopped." in err
    assert starts(tmp_path, "worker 1") == starts(tmp_path, "worker 0") == 1


@pytest.mark.parametrize("way", ["raise SystemExit(130)", "os.kill(os.getpid(), signal.SIGINT)"])
def test_an_interrupted_process_interrupts_the_others(way, tmp_path):
    program = f"""
try:
    sign(f"{{me}} is ready")
    wait_for("worker 1 is ready")
    if me == "worker 0":
        {way}
    time.sleep(60)
except KeyboardInterrupt:
    print("saved")
    raise
"""
    code, out, err = run(tmp_path, program, *TWO)
    assert code == 130
    assert "[worker 1] saved" in out
    assert "an interruption; all are stopped" in err
    assert starts(tmp_path, "worker 0") == 1


def test_it_gives_up_after_the_restarts(tmp_path):
    program = "if me == 'worker 1': raise SystemExit(1)\ntime.sleep(60)"
    code, _, err = run(tmp_path, program, *TWO, "--restarts", "1")
    assert code == 1
    assert "worker 1 ended with exit code 1 and the restarts (1) are used up; given up" in err
    assert starts(tmp_path, "worker 1") == 2


def test_it_gives_up_on_what_dies_at_every_start(tmp_path):
    code, _, err = run(tmp_path, "raise SystemExit(1)", *TWO, PEERS_S=60)
    assert code == 1
    assert "ended with exit code 1 within 10 s of its start for the third time in a row" in err
    assert starts(tmp_path, "worker 0") == 3


def test_kills_from_outside_do_not_count_as_that(tmp_path):
    program = f"""
if start <= 4:
    if me == "worker 1":
        wait_for(f"worker 0, start {{start}}")
        {KILLED}
    time.sleep(60)
"""
    code, _, err = run(tmp_path, program, *TWO)
    assert code == 0
    assert "(restart 4 of 10)" in err


def test_it_does_not_while_processes_live_for_a_while(tmp_path):
    program = "if start < 5: raise SystemExit(1)"
    code, _, err = run(tmp_path, program, *TWO, EARLY_S=0)
    assert code == 0
    assert "(restart 4 of 10)" in err


def test_when_the_chief_has_finished_the_others_finish_too(tmp_path):
    program = """
if me == "worker 1":
    sign("ready")
    wait_for("over")
    time.sleep(.3)
    print("finished")
else:
    wait_for("ready")
    sign("over")
"""
    code, out, err = run(tmp_path, program, *TWO)
    assert code == 0
    assert out == "[worker 1] finished\n"
    assert "again" not in err


def test_those_that_do_not_finish_after_the_chief_are_ended(tmp_path):
    program = """
if me == "worker 1":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(print("told")))
    sign("ready")
    time.sleep(600)
wait_for("ready")
"""
    code, out, err = run(tmp_path, program, *TWO, FINISH_S=0.3)
    assert code == 0
    assert out == "[worker 1] told\n"
    assert "again" not in err


def test_when_the_chief_has_finished_the_servers_are_ended(tmp_path):
    program = """
if me != "chief 0":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(print("told") or 7))
    sign(f"{me} is ready")
    time.sleep(60)
for name in ("worker 0", "ps 0"):
    wait_for(f"{name} is ready")
"""
    code, out, _ = run(tmp_path, program, "--workers", "1", "--servers", "1")
    assert code == 0
    assert sorted(out.splitlines()) == ["[ps 0] told", "[worker 0] told"]


def test_a_worker_that_finishes_before_the_chief_is_not_started_again(tmp_path):
    program = "if me == 'worker 0': wait_for('worker 1, start 1'); time.sleep(.3)"
    code, _, err = run(tmp_path, program, *TWO)
    assert code == 0
    assert starts(tmp_path, "worker 1") == 1
    assert "again" not in err

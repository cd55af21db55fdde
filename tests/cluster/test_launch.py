"""What the processes of `kit launch` are given, and how it ends."""

import json
import os
import re
import signal

import pytest

from kit.cluster import launch
from kit.errors import UserError
from tests.cluster.launching import finish, is_alive, run, start, starts, wait_until


@pytest.mark.parametrize(
    ("options", "jobs"),
    [
        (["--workers", "3"], {"worker": 3}),
        (["--workers", "2", "--servers", "1"], {"chief": 1, "worker": 2, "ps": 1}),
    ],
)
def test_each_process_has_its_place(options, jobs, tmp_path):
    program = """
if me in ("chief 0", "worker 0"):
    for job, tasks in json.loads(os.environ["TF_CONFIG"])["cluster"].items():
        for index in range(len(tasks)):
            wait_for(f"{job} {index}, start 1")
"""
    assert run(tmp_path, program, *options)[0] == 0
    configs = [json.loads(path.read_text()) for path in tmp_path.glob("*, start 1")]
    places = {(config["task"]["type"], config["task"]["index"]) for config in configs}
    assert places == {(job, index) for job, count in jobs.items() for index in range(count)}
    addresses = configs[0]["cluster"]
    assert all(config["cluster"] == addresses for config in configs)
    assert {job: len(tasks) for job, tasks in addresses.items()} == jobs
    flat = [address for tasks in addresses.values() for address in tasks]
    assert len({*flat}) == len(flat)
    assert all(re.fullmatch(r"127\.0\.0\.1:\d+", address) for address in flat)


def test_the_environment(tmp_path, monkeypatch):
    monkeypatch.setenv("SLURM_STEP_NUM_TASKS", "4")
    monkeypatch.setenv("MINE", "kept")
    monkeypatch.setenv("no_proxy", "here.test")
    names = ["SLURM_STEP_NUM_TASKS", "MINE", "no_grpc_proxy", "PYTHONUNBUFFERED"]
    program = f"print([os.environ.get(name) for name in {names}])"
    _, out, _ = run(tmp_path, program, "--workers", "2")
    seen = "[None, 'kept', 'here.test,127.0.0.1', '1']"
    assert sorted(out.splitlines()) == [f"[worker 0] {seen}", f"[worker 1] {seen}"]


def test_lines_of_different_processes_do_not_mix(tmp_path):
    program = """
for n in range(300):
    text = f"{n} " + me[-1] * 5000
    for end in range(0, len(text), 900):
        sys.stdout.write(text[end:end + 900])
        sys.stdout.flush()
    print()
"""
    code, out, _ = run(tmp_path, program, "--workers", "3")
    assert code == 0
    lines = out.splitlines()
    for index in range(3):
        expected = [f"[worker {index}] {n} {str(index) * 5000}" for n in range(300)]
        assert [line for line in lines if line.startswith(f"[worker {index}]")] == expected
    assert len(lines) == 900


INTERRUPTIBLE = """
def save(number, frame):
    print("saves", number, flush=True)
    time.sleep(.2)
    print("saved", flush=True)
    raise SystemExit(130)

signal.signal(signal.SIGINT, save)
signal.signal(signal.SIGTERM, save)
sign(f"{me} is ready")
time.sleep(60)
"""


def started(folder, program, *options, processes=2, **settings):
    process = start(folder, program, *options, **settings)
    wait_until(lambda: len(list(folder.glob("* is ready"))) == processes)
    return process


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_lets_the_workers_save(number, tmp_path):
    process = started(tmp_path, INTERRUPTIBLE, "--workers", "2")
    os.killpg(process.pid, number)  # as a terminal does: each is told once
    code, out, err = finish(process)
    assert code == 130
    for name in ("worker 0", "worker 1"):
        assert out.count(f"[{name}] saves {int(number)}\n") == out.count(f"[{name}] saved\n") == 1
        assert starts(tmp_path, name) == 1
    assert f"{number.name} is passed on to worker 0, worker 1" in err


def test_a_signal_ends_the_servers_after_the_chief(tmp_path):
    process = started(tmp_path, INTERRUPTIBLE, "--workers", "1", "--servers", "1", processes=3)
    process.send_signal(signal.SIGINT)
    code, out, _ = finish(process)
    assert code == 130
    assert out.startswith("[chief 0] saves 2\n[chief 0] saved\n")
    assert out.count("saves 15\n") == 2


def test_a_second_signal_kills(tmp_path):
    process = started(tmp_path, INTERRUPTIBLE.replace(".2", "60"), "--workers", "2")
    process.send_signal(signal.SIGINT)
    assert process.stderr is not None
    while "is passed on" not in process.stderr.readline():
        pass
    process.send_signal(signal.SIGTERM)
    code, out, _ = finish(process)
    assert code == 130
    assert "saved" not in out


def test_those_that_do_not_end_are_killed(tmp_path):
    program = INTERRUPTIBLE.replace(".2", "60")
    process = started(tmp_path, program, "--workers", "2", SAVE_S=0.3, TERMINATE_S=0.1)
    process.send_signal(signal.SIGINT)
    code, _, err = finish(process)
    assert code == 130
    assert "worker 1 has not ended in 0.3 s and is killed" in err


def test_no_process_outlives_the_launcher(tmp_path):
    process = started(tmp_path, INTERRUPTIBLE, "--workers", "2")
    process.kill()
    _, _, err = finish(process)
    numbers = [int(number) for number in re.findall(r"is process (\d+)", err)]
    assert len(numbers) == 2
    wait_until(lambda: not any(map(is_alive, numbers)))


def test_one_worker_is_no_cluster():
    with pytest.raises(UserError, match="no cluster") as raised:
        launch(["kit"], workers=1)
    assert "Leave `kit launch` out" in raised.value.remedy

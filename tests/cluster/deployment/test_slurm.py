import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from kit.cluster.deployment import slurm
from kit.cluster.deployment._plan import SAVE_SECONDS
from kit.cluster.deployment._slurm import CHIEF_IS_DONE, MISTAKE_OF_ALL
from tests.cluster.deployment.parts import plan

# As the manual of sbatch spells them (22.05 and later).
KNOWN = {
    "job-name": r"\S+",
    "ntasks": r"\d+",
    "cpus-per-task": r"\d+",
    "mem-per-cpu": r"\d+[KMGT]",
    "gpus-per-task": r"(\w+:)?\d+",
    "time": r"\d+(:\d+){0,2}|\d+-\d+(:\d+){0,2}",
    "partition": r"\S+",
    "output": r"\S+",
    "open-mode": "append|truncate",
    "signal": r"(R:|B:|RB:)?\w+(@\d+)?",
    "requeue": "",
}

# Stands for srun: each task's words are written down, and the highest code of all is given back.
SRUN = """\
import json, os, subprocess, sys
words = sys.argv[1:]
first = next(n for n, word in enumerate(words) if not word.startswith("--"))
codes = []
for task in range(int(os.environ["TASKS"])):
    environment = {**os.environ, "SLURM_PROCID": str(task)}
    codes.append(subprocess.run(words[first:], env=environment).returncode)
print(json.dumps({"options": words[:first], "codes": codes}), file=open("srun.json", "w"))
sys.exit(max(codes))
"""


def options(script: str) -> dict[str, str]:
    lines = script.splitlines()
    # sbatch stops looking at the first line that is a command.
    head = lines[: next(n for n, line in enumerate(lines) if line and not line.startswith("#"))]
    assert sum(line.startswith("#SBATCH") for line in lines) == sum("#SBATCH" in h for h in head)
    given = [line.removeprefix("#SBATCH --") for line in head if line.startswith("#SBATCH")]
    return {name: value for name, _, value in (line.partition("=") for line in given)}


@pytest.fixture
def cluster(tmp_path, monkeypatch):
    """A folder to stand in, with an srun and an scontrol of its own."""
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "srun.py").write_text(SRUN)
    (programs / "srun").write_text(f'#!/bin/sh\nexec {sys.executable} {programs}/srun.py "$@"\n')
    (programs / "scontrol").write_text('#!/bin/sh\necho "$@" >> requeued\n')
    for program in ("srun", "scontrol"):
        (programs / program).chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    monkeypatch.setenv("SLURM_JOB_ID", "42")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(asked, **environment: str) -> subprocess.CompletedProcess[str]:
    Path("train.sbatch").write_text(slurm(asked))
    Path("requeued").unlink(missing_ok=True)
    return subprocess.run(
        ["bash", "train.sbatch"],
        env={**os.environ, "TASKS": str(asked.processes), **environment},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("asked", [plan(), plan(servers=2, gpus=1, partition="gpu,long")])
def test_options_are_those_sbatch_has(asked):
    script = slurm(asked)
    subprocess.run(["bash", "-n", "-c", script], check=True)
    for name, value in options(script).items():
        assert re.fullmatch(KNOWN[name], value), name


def test_a_task_for_each_process():
    without = options(slurm(plan(servers=0)))
    assert (without["ntasks"], without["cpus-per-task"], without["mem-per-cpu"]) == (
        "3",
        "4",
        "1500M",
    )
    assert "gpus-per-task" not in without
    assert "partition" not in without
    more = options(slurm(plan(servers=2, gpus=1, partition="gpu", memory=6001)))
    assert (more["ntasks"], more["gpus-per-task"], more["partition"]) == ("6", "1", "gpu")
    assert more["mem-per-cpu"] == "1501M"
    assert (more["time"], more["signal"]) == ("12:00:00", f"TERM@{SAVE_SECONDS}")


@pytest.mark.parametrize("servers", [0, 2])
def test_tasks_know_how_many_of_them_are_servers(cluster, servers):
    show = ("sh", "-c", 'echo "KIT_SERVERS is $KIT_SERVERS, TF_CONFIG is ${TF_CONFIG-unset}"')
    ended = run(plan(servers=servers, command=show), TF_CONFIG="{}")
    assert f"KIT_SERVERS is {servers}, TF_CONFIG is unset\n" in ended.stdout
    recorded = Path("srun.json").read_text()
    for option in ("--kill-on-bad-exit=1", "--distribution=block", "--cpus-per-task=4"):
        assert option in recorded


AWKWARD = ["it's", '"', "$HOME $(date) `date`", "*", "a\nb", "\\", "", "-x", "é#!", "task", ";&|<>"]


def test_any_command_arrives_unchanged(cluster):
    show = "import json, sys; print(json.dumps(sys.argv[1:]))"
    ended = run(plan(workers=1, command=(sys.executable, "-c", show, *AWKWARD)))
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.strip() == json.dumps(AWKWARD)


@settings(deadline=None)
@given(st.lists(st.text(st.characters(exclude_characters="\0", codec="utf-8"))))
@example(AWKWARD)
def test_the_words_of_a_command_stay_apart(words):
    script = slurm(plan(command=("program", *words)))
    line = script.partition('bash -c "$task" task \\\n')[2].partition("\ncode=$?\n\n[")[0]
    assert shlex.split(line) == ["program", *words]


def task_that_ends(codes: dict[int, int]) -> tuple[str, ...]:
    """A command that ends with these codes by task, else with 0."""
    cases = " ".join(f"{task}) exit {code};;" for task, code in codes.items())
    return ("sh", "-c", f"case $SLURM_PROCID in {cases} *) exit 0;; esac")


@pytest.mark.parametrize(
    ("servers", "codes", "code", "again"),
    [
        (0, {}, 0, False),
        (0, {1: 1}, 1, True),
        (0, {0: 130, 1: 130, 2: 137}, 137, True),
        # Those that srun stops because of the mistake end with higher codes.
        (0, {0: 143, 1: 2, 2: 130}, 2, False),
        (1, {0: 75, 1: 2, 2: 143}, 2, False),
        (0, {0: 143, 1: 127}, 2, False),
        # The chief is done: the others are stopped.
        (1, {0: 0, 1: 130, 4: 143}, 0, False),
        (1, {0: 75, 1: 130, 4: 143}, 143, True),
    ],
)
def test_what_is_started_again(cluster, servers, codes, code, again):
    ended = run(plan(servers=servers, command=task_that_ends(codes)))
    assert ended.returncode == code, ended.stderr
    assert Path("requeued").exists() == again
    if again:
        assert Path("requeued").read_text() == "requeue 42\n"


def test_it_is_not_started_again_for_ever(cluster):
    for count, again in (("6", True), ("7", False)):
        ended = run(plan(restarts=7, command=task_that_ends({0: 1})), SLURM_RESTART_COUNT=count)
        assert (ended.returncode, Path("requeued").exists()) == (1, again)


def test_codes_that_decide_are_higher_than_those_of_signals():
    assert 128 + signal.NSIG < MISTAKE_OF_ALL < CHIEF_IS_DONE < 256


def test_a_task_that_is_told_to_stop_waits_for_its_command_to_save(cluster):
    saves = (
        "import pathlib, signal, sys, time\n"
        "def save(*_):\n"
        "    time.sleep(.2)\n"
        "    pathlib.Path('saved').touch()\n"
        "    sys.exit(130)\n"
        "signal.signal(signal.SIGTERM, save)\n"
        "pathlib.Path('ready').touch()\n"
        "time.sleep(60)\n"
    )
    task = re.search(r"task='\n(.*?)'\n", slurm(plan()), re.DOTALL)
    assert task is not None
    process = subprocess.Popen(
        ["bash", "-c", task[1], "task", sys.executable, "-c", saves], start_new_session=True
    )
    try:
        deadline = time.monotonic() + 30
        while not Path("ready").exists() and time.monotonic() < deadline:
            time.sleep(0.02)
        # As SLURM does: to every process of the task.
        os.killpg(process.pid, signal.SIGTERM)
        assert process.wait(timeout=30) == 130
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    assert Path("saved").exists()

"""A batch script for SLURM."""

import math
import shlex

from kit.cluster._environment import SERVERS_UNDER_SLURM
from kit.cluster.deployment._plan import MARK, MISTAKE, SAVE_SECONDS, Plan

# `srun` ends with the highest code of its tasks, and those it stops itself count (130, 137, 143).
# These two are higher than any other code, so that what decides is not lost among them.
MISTAKE_OF_ALL, CHIEF_IS_DONE = 254, 255


def slurm(plan: Plan) -> str:
    """A script for `sbatch` that starts the command as often as the plan has processes."""
    options = {
        "job-name": plan.name,
        "ntasks": plan.processes,
        "cpus-per-task": plan.cpus,
        "mem-per-cpu": f"{math.ceil(plan.memory / plan.cpus)}M",
        **({"gpus-per-task": plan.gpus} if plan.gpus else {}),
        "time": plan.time,
        **({"partition": plan.partition} if plan.partition else {}),
        "output": f"{plan.name}-%j.log",
        "open-mode": "append",
        "signal": f"TERM@{SAVE_SECONDS}",
    }
    lines = "".join(f"#SBATCH --{name}={value}\n" for name, value in options.items())
    return f"""\
#!/bin/bash
# {MARK} sbatch train.sbatch
{lines}#SBATCH --requeue

export {SERVERS_UNDER_SLURM}={plan.servers}
export PYTHONUNBUFFERED=1
# sbatch brings the variables of the shell it is typed in; who trains is SLURM's to say.
unset TF_CONFIG

# Told to stop ({SAVE_SECONDS} seconds before the limit, or where another task failed), this shell
# waits for the command, which saves; without the trap it would end before it.
task='
trap : TERM
"$@"
code=$?
{_codes(plan)}exit $code'

# By blocks: that is how the tasks find each other's addresses.
srun --kill-on-bad-exit=1 --cpus-per-task={plan.cpus} --distribution=block --label \\
    bash -c "$task" task \\
    {shlex.join(plan.command)}
code=$?

{_outcomes(plan)}\
# All tasks are started again, also after the limit, and resume from their checkpoint.
if [ "$code" -ne 0 ] && [ "${{SLURM_RESTART_COUNT:-0}}" -lt {plan.restarts} ]; then
    scontrol requeue "$SLURM_JOB_ID"
fi
exit "$code"
"""


def _codes(plan: Plan) -> str:
    """Lines of the task: codes that decide become higher than any other."""
    codes = f"""\
# A mistake in the command or its data, or no such program: it would be repeated.
case $code in {MISTAKE} | 126 | 127) exit {MISTAKE_OF_ALL} ;; esac
"""
    if plan.servers:
        codes += f"""\
# Workers and servers never end by themselves: the chief that is done ends the step.
[ "$SLURM_PROCID.$code" = 0.0 ] && exit {CHIEF_IS_DONE}
"""
    return codes


def _outcomes(plan: Plan) -> str:
    """Lines of the script that read those codes back."""
    outcomes = f'[ "$code" -eq {MISTAKE_OF_ALL} ] && exit {MISTAKE}\n'
    if plan.servers:
        outcomes += f'[ "$code" -eq {CHIEF_IS_DONE} ] && exit 0\n'
    return outcomes

"""The page that goes with the files."""

from textwrap import fill

from kit.cluster.deployment._kubeflow import MOUNTED_AT, PORT
from kit.cluster.deployment._plan import MARK, MISTAKE, SAVE_SECONDS, Plan

NOT_RUN = (
    "No Kubernetes cluster was run with these files: its files were validated "
    "by the models of Kubeflow Trainer 2 and the strict schemas of Kubernetes, in the kit's tests. "
    "train.sbatch was run under SLURM 22.05 on one machine that stood for two nodes."
)


def readme(plan: Plan, notes: list[str]) -> str:
    """README.md: how to start, watch, stop and resume, and what was checked."""
    jobs = ", ".join(f"{count} {job}" for job, count in plan.jobs.items())
    ending = (
        "A process that is told to stop (SIGTERM) has "
        f"{SAVE_SECONDS} seconds to write its checkpoint. A training that is started again reads "
        "it and goes on from there, so the command must write its checkpoints where all processes "
        f"of all nodes read them. Exit code {MISTAKE} is a mistake in the command or its data: "
        "nothing is started again, the log says what to mend. After anything else all "
        f"processes are started again together, at most {plan.restarts} times."
    )
    if plan.servers:
        ending += (
            " Kubernetes starts a worker that is lost again alone; SLURM starts everything again."
        )
    paragraphs = "\n\n".join(_filled(text) for text in (ending, *notes, NOT_RUN))
    return f"""\
<!-- {MARK} -->
# {plan.name}

{plan.processes} processes ({jobs}), each with {plan.cpus} CPUs and {plan.memory} MiB.

{_kubeflow(plan) if plan.image else ""}\
{_slurm(plan)}
## What ends and what goes on

{paragraphs}
"""


def _kubeflow(plan: Plan) -> str:
    return f"""\
## Kubernetes with Kubeflow Trainer 2

Needed once: a PersistentVolumeClaim `{plan.storage}` (ReadWriteMany if pods may be on several
nodes) that user 1000 may write. It is `{MOUNTED_AT}` in every pod, and the command runs there:
paths in it are within the claim.

- Start: `kubectl apply -f networkpolicy.yaml -f runtime.yaml`, then
  `kubectl apply -f trainjob.yaml`.
- Watch: `kubectl get trainjob {plan.name}`, and `kubectl get pods` or
  `kubectl logs -f --prefix --max-log-requests {plan.processes}`, both with
  `-l jobset.sigs.k8s.io/jobset-name={plan.name}`.
- Stop: `kubectl delete -f trainjob.yaml`.
- Resume: `kubectl apply -f trainjob.yaml`.

TensorFlow's servers have no authentication: whoever reaches port {PORT} of a pod runs code in it.
`networkpolicy.yaml` lets only the pods of this training in, where the cluster's network plugin
enforces policies.

"""


def _slurm(plan: Plan) -> str:
    return f"""\
## SLURM

Submit from the folder the command's paths start from, on a file system that all nodes share, with
the environment active that has its program.

- Start: `sbatch PATH/train.sbatch`.
- Watch: `squeue --name {plan.name}` and `tail -f {plan.name}-*.log`.
- Stop: `scancel --name {plan.name}`. The time to save is SLURM's KillWait then, 30 seconds
  where nobody changed it.
- Resume: submit again.

The processes listen on all interfaces of their nodes, without authentication: whoever reaches a
port runs code as you. Use a partition whose nodes only the cluster reaches, and nobody whom you do
not trust shares.

At the limit of {plan.time} it is put into the queue again and goes on when its turn comes.
"""


def _filled(paragraph: str) -> str:
    return fill(paragraph, 100, break_long_words=False, break_on_hyphens=False)

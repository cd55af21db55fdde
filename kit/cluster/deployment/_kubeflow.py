"""Manifests for Kubeflow Trainer 2: a TrainingRuntime and the TrainJob that runs it.

Trainer has no plugin for TensorFlow, so the runtime itself says in TF_CONFIG who trains together.
"""

import json
import re

from kit.cluster._cluster import CHIEF, SERVER, WORKER
from kit.cluster.deployment._plan import MARK, MISTAKE, SAVE_SECONDS, Plan

PORT = 2222
MOUNTED_AT = "/storage"
INDEX_OF_POD = "metadata.annotations['batch.kubernetes.io/job-completion-index']"

# The names of jobs in a JobSet: Trainer's own tools look for the workers under "node".
NAMES = {CHIEF: "chief", WORKER: "node", SERVER: "ps"}

# A worker of parameter servers is lost without harm, and started again alone.
WORKER_RESTARTS = 10

# GPUs of one process exchange gradients there, and 64 MiB, as containers have it, are too few.
_SHARED_MOUNT = """\
                        - name: shared-memory
                          mountPath: /dev/shm
"""
_SHARED_VOLUME = """\
                    - name: shared-memory
                      emptyDir:
                        medium: Memory
"""


def train_job(plan: Plan) -> str:
    """One training. Its name is part of the addresses in the runtime."""
    return f"""\
# {MARK} kubectl apply -f trainjob.yaml
apiVersion: trainer.kubeflow.org/v1alpha1
kind: TrainJob
metadata:
  # Also in the addresses of runtime.yaml: not to be changed here alone.
  name: {plan.name}
spec:
  runtimeRef:
    apiGroup: trainer.kubeflow.org
    kind: TrainingRuntime
    name: {plan.name}
"""


def training_runtime(plan: Plan) -> str:
    """Who trains, what each runs, and what happens when one of them ends."""
    jobs = "".join(_replicated_job(plan, job) for job in plan.jobs)
    return f"""\
# {MARK} kubectl apply -f runtime.yaml
apiVersion: trainer.kubeflow.org/v1alpha1
kind: TrainingRuntime
metadata:
  name: {plan.name}
  labels:
    trainer.kubeflow.org/framework: tensorflow
spec:
  mlPolicy:
    # As many as TF_CONFIG says: not to be changed here alone.
    numNodes: {plan.workers}
  template:
    spec:
      network:
        # They look for each other before they are ready.
        publishNotReadyAddresses: true
{_success_policy(plan)}\
      failurePolicy:
        # All are started again together, none before the last of the old ones has ended, and
        # resume from their checkpoint.
        maxRestarts: {plan.restarts}
        restartStrategy: BlockingRecreate
        rules:
          # A mistake in the command or its data (exit code {MISTAKE}): it would be repeated.
          - name: mistake
            action: FailJobSet
            onJobFailureReasons: [PodFailurePolicy]
      replicatedJobs:
{jobs}"""


def network_policy(plan: Plan) -> str:
    """Who reaches the pods: they each other, and nobody else."""
    return f"""\
# {MARK} kubectl apply -f networkpolicy.yaml
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: {plan.name}
spec:
  # TensorFlow's servers have no authentication and run whatever they are asked for. Enforced by
  # network plugins that know policies, such as Calico and Cilium; others ignore it.
  podSelector:
    matchLabels: &pods
      jobset.sigs.k8s.io/jobset-name: {plan.name}
  policyTypes: [Ingress]
  ingress:
    # On all ports: besides {PORT}, GPUs choose theirs to exchange gradients.
    - from:
        - podSelector:
            matchLabels: *pods
"""


def _success_policy(plan: Plan) -> str:
    if not plan.servers:
        return ""
    return f"""\
      successPolicy:
        # Workers and servers never end by themselves.
        operator: All
        targetReplicatedJobs: [{NAMES[CHIEF]}]
"""


def _replicated_job(plan: Plan, job: str) -> str:
    alone = job == WORKER and bool(plan.servers)
    # What a TrainJob changes by its `trainer` field is changed in the job of this label.
    ancestor = """\
                trainer.kubeflow.org/trainjob-ancestor-step: trainer
"""
    return f"""\
        - name: {NAMES[job]}
          replicas: 1
          template:
            metadata:
              labels:
                app.kubernetes.io/component: {job}
{ancestor if job == WORKER else ""}\
            spec:
              parallelism: {plan.jobs[job]}
              completions: {plan.jobs[job]}
              completionMode: Indexed
              backoffLimit: {WORKER_RESTARTS if alone else 0}
              podFailurePolicy:
                rules:
                  - action: FailJob
                    onExitCodes:
                      containerName: node
                      operator: In
                      values: [{MISTAKE}]
              template:
                spec:
                  restartPolicy: Never
                  # SIGTERM comes first, and so long after it the process is killed.
                  terminationGracePeriodSeconds: {SAVE_SECONDS}
                  automountServiceAccountToken: false
                  securityContext:
                    runAsNonRoot: true
                    runAsUser: 1000
                    runAsGroup: 1000
                    fsGroup: 1000
                    fsGroupChangePolicy: OnRootMismatch
                    seccompProfile:
                      type: RuntimeDefault
                  containers:
                    - name: node
                      image: {plan.image}
                      workingDir: {MOUNTED_AT}
                      command: {_command(plan.command)}
                      env:
                        # Kubernetes sets it too, but behind the others, where TF_CONFIG could not
                        # refer to it.
                        - name: JOB_COMPLETION_INDEX
                          valueFrom:
                            fieldRef:
                              fieldPath: {INDEX_OF_POD}
                        - name: TF_CONFIG
                          value: '{_tf_config(plan, job)}'
                        # TensorFlow counts the machine's processors, not those it may use.
                        - name: TF_NUM_INTRAOP_THREADS
                          value: "{plan.cpus}"
                        - name: TF_NUM_INTEROP_THREADS
                          value: "{plan.cpus}"
                        - name: PYTHONUNBUFFERED
                          value: "1"
                        - name: HOME
                          value: /tmp
                      resources:
                        requests: {_resources(plan, job)}
                        limits: {_resources(plan, job)}
                      securityContext:
                        allowPrivilegeEscalation: false
                        capabilities:
                          drop: [ALL]
                      volumeMounts:
                        - name: storage
                          mountPath: {MOUNTED_AT}
{_SHARED_MOUNT if plan.gpus > 1 else ""}\
                  volumes:
                    # You make this claim; every process reads and writes it.
                    - name: storage
                      persistentVolumeClaim:
                        claimName: {plan.storage}
{_SHARED_VOLUME if plan.gpus > 1 else ""}"""


def _tf_config(plan: Plan, job: str) -> str:
    # As JobSet names its hosts: JobSet, job, its replica, its pod, and the subdomain.
    addresses = {
        each: [f"{plan.name}-{NAMES[each]}-0-{pod}.{plan.name}:{PORT}" for pod in range(count)]
        for each, count in plan.jobs.items()
    }
    config = json.dumps({"cluster": addresses, "task": {"type": job, "index": 0}})
    return config.replace('"index": 0', '"index": $(JOB_COMPLETION_INDEX)')


def _resources(plan: Plan, job: str) -> str:
    gpus = plan.gpus and job != SERVER
    amounts = {
        "cpu": str(plan.cpus),
        "memory": f"{plan.memory}Mi",
        **({"nvidia.com/gpu": str(plan.gpus)} if gpus else {}),
    }
    return json.dumps(amounts)


def _command(command: tuple[str, ...]) -> str:
    """The words in the YAML that JSON is, with nothing left that Kubernetes would replace."""
    words = json.dumps([word.replace("$", "$$") for word in command], ensure_ascii=False)
    # JSON leaves these as they are, YAML takes them only escaped.
    return re.sub(
        r"[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]", lambda it: f"\\u{ord(it[0]):04x}", words
    )

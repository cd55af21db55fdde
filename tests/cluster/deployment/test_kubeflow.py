import json
import re

import kubernetes_validate
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from kubeflow_trainer_api.models import TrainerV1alpha1TrainingRuntime as TrainingRuntime
from kubeflow_trainer_api.models import TrainerV1alpha1TrainJob as TrainJob

from kit.cluster import cluster_of_environment
from kit.cluster.deployment import network_policy, train_job, training_runtime
from kit.cluster.deployment._plan import SAVE_SECONDS
from tests.cluster.deployment.parts import COMMAND, plan

PLANS = [plan(), plan(servers=2), plan(gpus=2, servers=1), plan(workers=1)]
# The oldest that Trainer 2 was made for.
OLDEST, NEWEST = "1.31", kubernetes_validate.latest_version()


def jobs(asked):
    """Templates of Jobs by their names in the JobSet."""
    runtime = yaml.safe_load(training_runtime(asked))
    spec = runtime["spec"]["template"]["spec"]
    return spec, {job["name"]: job["template"] for job in spec["replicatedJobs"]}


def container(template):
    (only,) = template["spec"]["template"]["spec"]["containers"]
    return only


def replaced(text, variables):
    """What Kubernetes makes of a value or a word of a command: $(NAME) is replaced, $$ is a $."""

    def value(found):
        return "$" if found[0] == "$$" else variables.get(found[1], found[0])

    return re.sub(r"\$\$|\$\(([^)]*)\)", value, text)


def surroundings(asked, template, index):
    """Environment of one pod."""
    known = {}
    for variable in container(template)["env"]:
        if "value" in variable:
            known[variable["name"]] = replaced(variable["value"], known)
        else:
            path = variable["valueFrom"]["fieldRef"]["fieldPath"]
            assert path == "metadata.annotations['batch.kubernetes.io/job-completion-index']"
            known[variable["name"]] = str(index)
    return known


@pytest.mark.parametrize("asked", PLANS)
def test_both_are_what_trainer_reads_and_hold_nothing_else(asked):
    # The models pass over fields they do not know: nothing may be lost on the way.
    runtime = yaml.safe_load(training_runtime(asked))
    assert TrainingRuntime.from_dict(runtime).to_dict() == runtime
    job = yaml.safe_load(train_job(asked))
    assert TrainJob.from_dict(job).to_dict() == job
    assert job["spec"]["runtimeRef"]["name"] == runtime["metadata"]["name"]


@pytest.mark.parametrize("version", [OLDEST, NEWEST])
@pytest.mark.parametrize("asked", PLANS)
def test_only_the_pods_of_a_training_reach_each_other(asked, version):
    policy = yaml.safe_load(network_policy(asked))
    kubernetes_validate.validate(policy, version, strict=True)
    pods = {"matchLabels": {"jobset.sigs.k8s.io/jobset-name": asked.name}}
    assert policy["spec"] == {
        "podSelector": pods,
        "policyTypes": ["Ingress"],
        "ingress": [{"from": [{"podSelector": pods}]}],
    }
    # JobSet labels its pods by its name, which is the TrainJob's.
    assert yaml.safe_load(train_job(asked))["metadata"]["name"] == asked.name


def test_a_field_that_trainer_does_not_know_is_seen():
    runtime = yaml.safe_load(training_runtime(plan()))
    runtime["spec"]["template"]["spec"]["failurePolicy"]["maxRestart"] = 1
    assert TrainingRuntime.from_dict(runtime).to_dict() != runtime


@pytest.mark.parametrize("version", [OLDEST, NEWEST])
@pytest.mark.parametrize("asked", PLANS)
def test_every_job_is_valid_by_the_strict_schemas(asked, version):
    for name, template in jobs(asked)[1].items():
        job = {
            "apiVersion": "batch/v1",
            "kind": "Job",
            "metadata": {"name": name, **template["metadata"]},
            "spec": template["spec"],
        }
        kubernetes_validate.validate(job, version, strict=True)


@pytest.mark.parametrize("asked", PLANS)
def test_what_trainers_webhook_asks_for(asked):
    spec, templates = jobs(asked)
    label = "trainer.kubeflow.org/trainjob-ancestor-step"
    (trained,) = [n for n, t in templates.items() if label in t["metadata"]["labels"]]
    assert (trained, templates[trained]["metadata"]["labels"][label]) == ("node", "trainer")
    assert all(job["replicas"] == 1 for job in spec["replicatedJobs"])
    assert all(container(template)["name"] == "node" for template in templates.values())
    nodes = yaml.safe_load(training_runtime(asked))["spec"]["mlPolicy"]["numNodes"]
    assert nodes == templates["node"]["spec"]["completions"] == asked.workers


@pytest.mark.parametrize("asked", PLANS)
def test_every_pod_knows_who_it_is_and_finds_the_others(asked):
    kinds = {"chief": "chief", "node": "worker", "ps": "ps"}
    spec, templates = jobs(asked)
    assert "subdomain" not in spec["network"]  # then it is the JobSet's name
    hosts, clusters = [], []
    for name, template in templates.items():
        count = template["spec"]["completions"]
        assert template["spec"]["parallelism"] == count
        for pod in range(count):
            hosts.append(f"train-two-tower-{name}-0-{pod}.train-two-tower")
            environment = surroundings(asked, template, pod)
            config = json.loads(environment["TF_CONFIG"])
            assert config["task"] == {"type": kinds[name], "index": pod}
            clusters.append(config["cluster"])
            cluster = cluster_of_environment(environment)
            assert asked.processes == (cluster.size if cluster else 1)
    assert all(cluster == clusters[0] for cluster in clusters)
    addresses = [address for job in clusters[0].values() for address in job]
    assert [address.rpartition(":")[0] for address in addresses] == hosts


def test_without_servers_all_start_again_together():
    spec, templates = jobs(plan())
    assert spec["failurePolicy"]["maxRestarts"] == 7
    assert spec["failurePolicy"]["restartStrategy"] == "BlockingRecreate"
    assert templates["node"]["spec"]["backoffLimit"] == 0
    assert "successPolicy" not in spec


def test_with_servers_a_worker_starts_again_alone_and_the_chief_ends_it():
    spec, templates = jobs(plan(servers=2))
    assert templates["node"]["spec"]["backoffLimit"] > 0
    assert templates["chief"]["spec"]["backoffLimit"] == 0
    assert templates["ps"]["spec"]["backoffLimit"] == 0
    assert spec["successPolicy"] == {"operator": "All", "targetReplicatedJobs": ["chief"]}


@pytest.mark.parametrize("asked", PLANS)
def test_a_mistake_is_not_repeated_and_a_checkpoint_has_its_time(asked):
    spec, templates = jobs(asked)
    (rule,) = spec["failurePolicy"]["rules"]
    assert (rule["action"], rule["onJobFailureReasons"]) == ("FailJobSet", ["PodFailurePolicy"])
    assert re.fullmatch("[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?", rule["name"])
    for template in templates.values():
        (pods,) = template["spec"]["podFailurePolicy"]["rules"]
        assert pods["onExitCodes"]["values"] == [2]
        pod = template["spec"]["template"]["spec"]
        assert pod["restartPolicy"] == "Never"  # as podFailurePolicy demands
        assert pod["terminationGracePeriodSeconds"] == SAVE_SECONDS


def test_resources_and_storage():
    _, templates = jobs(plan(gpus=2, servers=1))
    limits = {
        name: container(template)["resources"]["limits"] for name, template in templates.items()
    }
    assert limits["node"] == {"cpu": "4", "memory": "6000Mi", "nvidia.com/gpu": "2"}
    assert limits["ps"] == {"cpu": "4", "memory": "6000Mi"}
    for template in templates.values():
        only, pod = container(template), template["spec"]["template"]["spec"]
        assert only["image"] == "shop/kit:1.0"
        assert only["resources"]["requests"] == only["resources"]["limits"]
        volumes = {volume["name"]: volume for volume in pod["volumes"]}
        mounts = {mount["name"]: mount["mountPath"] for mount in only["volumeMounts"]}
        assert volumes["storage"]["persistentVolumeClaim"] == {"claimName": "shop"}
        assert mounts["storage"] == only["workingDir"]
        assert set(mounts) == set(volumes)


@settings(deadline=None)
@given(st.lists(st.text(), min_size=1))
def test_any_command_arrives_unchanged(words):
    runtime = training_runtime(plan(command=tuple(words)))
    (line,) = re.findall(r"^ *(command: .*)$", runtime, re.MULTILINE)
    written = yaml.safe_load(line)["command"]
    assert [replaced(word, {"HOME": "no"}) for word in written] == words


def test_a_command_is_not_expanded():
    words = ("echo", "$(JOB_COMPLETION_INDEX)", "$$(HOME)", "$HOME", "a'b\"c", "caf\u00e9\x85\n")
    _, templates = jobs(plan(command=words))
    written = container(templates["node"])["command"]
    known = {"JOB_COMPLETION_INDEX": "1", "HOME": "no"}
    assert tuple(replaced(word, known) for word in written) == words
    assert container(jobs(plan())[1]["node"])["command"] == list(COMMAND)

import json

import pytest

from kit.cluster import cluster_of_environment
from kit.errors import UserError

WORKERS = {"worker": ["a:1", "b:1"]}
STEP = {
    "SLURM_STEP_NUM_TASKS": "4",
    "SLURM_STEP_NODELIST": "n[01-02],gpu7",
    "SLURM_STEP_TASKS_PER_NODE": "1,2,1",
    "SLURM_JOB_ID": "77",
    "SLURM_PROCID": "2",
    "SLURM_LOCALID": "1",
}


def tf_config(cluster, task):
    return {"TF_CONFIG": json.dumps({"cluster": cluster, "task": task})}


@pytest.mark.parametrize("index", [1, "1"])
def test_tf_config(index):
    cluster = cluster_of_environment(tf_config(WORKERS, {"type": "worker", "index": index}))
    assert cluster is not None
    assert (cluster.addresses, cluster.job, cluster.index) == (WORKERS, "worker", 1)


@pytest.mark.parametrize(
    "environment",
    [
        {},
        {"TF_CONFIG": ""},
        {"TF_CONFIG": "{}"},
        tf_config({"worker": ["a:1"]}, {"type": "worker", "index": 0}),
        {"SLURM_JOB_ID": "7", "SLURM_PROCID": "0", "SLURM_STEP_NUM_TASKS": "1"},
        {"SLURM_JOB_ID": "7"},
    ],
)
def test_alone(environment):
    assert cluster_of_environment(environment) is None


@pytest.mark.parametrize(
    ("environment", "reason"),
    [
        ({"TF_CONFIG": "worker:0"}, "no JSON"),
        ({"TF_CONFIG": "[]"}, "no JSON object"),
        (tf_config({"worker": "a:1"}, {"type": "worker", "index": 0}), "not a list of addresses"),
        (tf_config({"worker": ["a"]}, {"type": "worker", "index": 0}), "not a list of addresses"),
        (tf_config({"evaluator": ["a:1"]}, {"type": "evaluator", "index": 0}), "'evaluator'"),
        (tf_config(WORKERS, None), "its task is of no job"),
        (tf_config(WORKERS, {"type": "ps", "index": 0}), "its task is of no job"),
        (tf_config(WORKERS, {"type": "worker", "index": 2}), "no worker 2"),
        (tf_config(WORKERS, {"type": "worker", "index": -1}), "no worker -1"),
        (tf_config(WORKERS, {"type": "worker"}), "no worker None"),
    ],
)
def test_a_tf_config_that_cannot_be_used(environment, reason):
    with pytest.raises(UserError, match=reason) as raised:
        cluster_of_environment(environment)
    assert "TF_CONFIG" in raised.value.where
    assert raised.value.remedy


def test_the_tasks_of_a_slurm_step_are_workers():
    cluster = cluster_of_environment(STEP)
    assert cluster is not None
    assert cluster.addresses == {"worker": ["n01:12077", "n02:12077", "n02:12078", "gpu7:12077"]}
    assert (cluster.job, cluster.index, cluster.is_chief) == ("worker", 2, False)


def test_slurm_with_servers():
    cluster = cluster_of_environment({**STEP, "KIT_SERVERS": "1"})
    assert cluster is not None
    assert {job: len(tasks) for job, tasks in cluster.addresses.items()} == {
        "chief": 1,
        "worker": 2,
        "ps": 1,
    }
    assert (cluster.job, cluster.index) == ("worker", 1)


def test_a_slurm_step_with_more_servers_than_it_can_hold():
    with pytest.raises(UserError, match="4 tasks, too few for 3 servers") as raised:
        cluster_of_environment({**STEP, "KIT_SERVERS": "3"})
    assert "--ntasks=5" in raised.value.remedy

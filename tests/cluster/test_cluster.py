import json

import pytest

from kit.cluster import Cluster

WORKERS = {"worker": ["a:1", "b:1"]}
WITH_SERVERS = {"chief": ["a:1"], "worker": ["b:1", "c:1"], "ps": ["d:1"]}


@pytest.mark.parametrize(
    ("addresses", "job", "index", "expected"),
    [
        (WORKERS, "worker", 0, True),
        (WORKERS, "worker", 1, False),
        (WITH_SERVERS, "chief", 0, True),
        (WITH_SERVERS, "worker", 0, False),
        (WITH_SERVERS, "ps", 0, False),
    ],
)
def test_one_process_is_the_chief(addresses, job, index, expected):
    assert Cluster(addresses, job, index, "here").is_chief is expected


def test_what_it_says_of_itself():
    cluster = Cluster(WITH_SERVERS, "worker", 1, "TF_CONFIG")
    assert str(cluster) == "TF_CONFIG: 1 chief, 1 ps, 2 worker; this is worker 1"
    assert cluster.size == 4
    assert cluster.has_servers
    assert not Cluster(WORKERS, "worker", 1, "TF_CONFIG").has_servers


def test_tf_config_is_what_tensorflow_reads():
    assert json.loads(Cluster(WORKERS, "worker", 1, "here").tf_config()) == {
        "cluster": WORKERS,
        "task": {"type": "worker", "index": 1},
    }

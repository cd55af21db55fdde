import json
import os
import signal

import pytest
import tensorflow as tf

from kit.cluster import serve_cluster

WORKERS = {"worker": ["127.0.0.1:1", "127.0.0.1:2"]}
WITH_SERVER = {**WORKERS, "chief": ["127.0.0.1:3"], "ps": ["127.0.0.1:4"]}
ENVIRONMENT = ("TF_CPP_MIN_LOG_LEVEL", "GRPC_FAIL_FAST")


class Ended(Exception):
    """Stands for the end of a server that waits for work."""


@pytest.fixture
def served(monkeypatch):
    """What servers were asked for; and all that serving changes is put back."""
    asked = []

    class Server:
        def __init__(self, cluster, **settings):
            asked.append((cluster.as_dict(), settings))

        def join(self):
            raise Ended

    monkeypatch.setattr(tf.distribute, "Server", Server)
    for name in ENVIRONMENT:
        # Set first, so that it is also taken away again.
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    handler = signal.getsignal(signal.SIGINT)
    yield asked
    signal.signal(signal.SIGINT, handler)


def be(monkeypatch, cluster, job, index=0):
    task = {"type": job, "index": index}
    monkeypatch.setenv("TF_CONFIG", json.dumps({"cluster": cluster, "task": task}))


@pytest.mark.parametrize(
    ("cluster", "job"), [(None, ""), (WORKERS, "worker"), (WITH_SERVER, "chief")]
)
def test_who_has_work_of_his_own_goes_on_at_once(cluster, job, served, monkeypatch):
    if cluster is not None:
        be(monkeypatch, cluster, job)
    handler = signal.getsignal(signal.SIGINT)
    serve_cluster()
    assert served == []
    assert signal.getsignal(signal.SIGINT) == handler
    assert not {*ENVIRONMENT} & os.environ.keys()


@pytest.mark.parametrize(("job", "index"), [("worker", 1), ("ps", 0)])
def test_the_others_wait_for_work_under_their_address(job, index, served, monkeypatch, capsys):
    be(monkeypatch, WITH_SERVER, job, index)
    with pytest.raises(Ended):
        serve_cluster()
    settings = {"job_name": job, "task_index": index, "protocol": "grpc"}
    assert served == [(WITH_SERVER, settings)]
    assert capsys.readouterr().out == f"{job} {index} waits for work of the chief\n"
    # Ctrl-C is the chief's to answer.
    assert signal.getsignal(signal.SIGINT) == signal.SIG_IGN
    assert os.environ["GRPC_FAIL_FAST"] == "use_caller"


def test_what_the_user_set_stays(served, monkeypatch):
    be(monkeypatch, WITH_SERVER, "ps")
    for name in ENVIRONMENT:
        monkeypatch.setenv(name, "0")
    with pytest.raises(Ended):
        serve_cluster()
    assert {os.environ[name] for name in ENVIRONMENT} == {"0"}

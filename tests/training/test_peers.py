import json

import numpy as np
import pytest
import tensorflow as tf

from kit.errors import PeerLost
from kit.training import (
    _distribution,
    from_chief,
    has_peers,
    is_asynchronous,
    peers_may_be_lost,
    shutdown_barrier,
    summed,
)


@pytest.fixture(scope="module")
def cluster():
    """The strategy of a cluster that has this process alone."""
    return tf.distribute.MultiWorkerMirroredStrategy()


ALONE = tf.distribute.get_strategy()


def test_who_has_peers(cluster):
    assert has_peers(cluster)
    assert not has_peers(ALONE)
    assert not is_asynchronous(cluster)


@pytest.fixture
def second(monkeypatch):
    """Be a process that is not the chief."""
    task = {"type": "worker", "index": 1}
    config = {"cluster": {"worker": ["127.0.0.1:1", "127.0.0.1:2"]}, "task": task}
    monkeypatch.setenv("TF_CONFIG", json.dumps(config))


VALUES = [
    np.array([np.nan, -np.nan, -0.0, 0.0, np.inf, 5e-324]),
    np.array([[-0.0, 1e-45]], np.float32),
    np.array([1.5, -0.0, 6e-8], np.float16),
    np.array([2**63 - 1, -(2**63)]),
    np.frombuffer(b"seven..", np.uint8),
    np.array([True, False, True]),
    np.array(-0.0),
    np.zeros([3, 0], np.float32),
    np.arange(6.0).reshape(2, 3).T,
]


@pytest.mark.parametrize("value", VALUES, ids=[f"{v.dtype}{list(v.shape)}" for v in VALUES])
def test_what_the_chief_has_arrives_to_the_bit(value, cluster):
    for strategy in (cluster, ALONE):
        found = from_chief(strategy, value)
        assert (found.dtype, found.shape) == (value.dtype, value.shape)
        assert found.tobytes() == value.tobytes()


def test_of_the_others_only_shape_and_type_count(cluster, second):
    value = np.full([2, 3], np.nan, np.float16)
    found = from_chief(cluster, value)
    assert (found.dtype, found.shape) == (value.dtype, value.shape)
    assert found.tobytes() == bytes(12)


def test_a_sum_over_one_process_is_what_it_gives(cluster):
    given = np.array([[3, -4]], np.int32)
    np.testing.assert_array_equal(summed(cluster, given), given)
    shutdown_barrier(cluster)


LOST = [
    tf.errors.UnavailableError,
    tf.errors.AbortedError,
    tf.errors.CancelledError,
    tf.errors.DeadlineExceededError,
    tf.errors.InternalError,
]


@pytest.mark.parametrize("kind", LOST)
def test_the_loss_of_a_peer_is_told_with_what_to_do(kind, cluster):
    error = kind(None, None, "Graph execution error:\nCollective ops is aborted by: worker 1\nmore")
    with pytest.raises(PeerLost) as raised, peers_may_be_lost(cluster):
        raise error
    first, remedy = str(raised.value).splitlines()
    assert first.endswith(" was lost: Collective ops is aborted by: worker 1")
    assert remedy.startswith("  remedy: start all processes again")
    assert raised.value.__cause__ is error


@pytest.mark.parametrize(
    ("message", "reason"), [("Socket closed\nmore", "Socket closed"), ("", "UnavailableError")]
)
def test_other_reasons_are_told_too(message, reason, cluster):
    with pytest.raises(PeerLost, match=f"was lost: {reason}\n"), peers_may_be_lost(cluster):
        raise tf.errors.UnavailableError(None, None, message)


def test_what_is_no_loss_of_a_peer_stays_what_it_is(cluster):
    mistake = tf.errors.InvalidArgumentError(None, None, "a mistake")
    with pytest.raises(tf.errors.InvalidArgumentError), peers_may_be_lost(cluster):
        raise mistake
    # Who has no peers has lost none.
    with pytest.raises(tf.errors.CancelledError), peers_may_be_lost(ALONE):
        raise tf.errors.CancelledError(None, None, "")


def test_a_peer_may_be_lost_while_all_wait_for_the_end(cluster, monkeypatch):
    def fail(*_):
        raise tf.errors.UnavailableError(None, None, "gone")

    monkeypatch.setattr(_distribution, "summed", fail)
    with pytest.raises(PeerLost, match="gone"):
        shutdown_barrier(cluster)

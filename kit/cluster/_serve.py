"""Servers, and workers that get their steps from a chief."""

import os
import signal

from kit.cluster._environment import cluster_of_environment


def serve_cluster() -> None:
    """Where parameters lie on servers, be what the cluster asks of this process.

    Servers and workers get their work from the chief and need neither data nor a model: their call
    does not return, they are ended from outside. It returns at once to a chief, to workers of a
    cluster without servers, and where there is no cluster.

    Example:

    >>> serve_cluster()  # no cluster here
    """
    cluster = cluster_of_environment()
    if cluster is None or not cluster.has_servers or cluster.is_chief:
        return
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    # A call to a process that is being started again then fails at once, and is made again.
    os.environ.setdefault("GRPC_FAIL_FAST", "use_caller")
    # On Ctrl-C the chief brings training to an end, and needs the others to do so.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    import tensorflow as tf

    server = tf.distribute.Server(
        tf.train.ClusterSpec(dict(cluster.addresses)),
        job_name=cluster.job,
        task_index=cluster.index,
        protocol="grpc",
    )
    print(f"{cluster.job} {cluster.index} waits for work of the chief", flush=True)
    server.join()

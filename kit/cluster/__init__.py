"""Processes that train together: who they are and how they are started."""

from typing import TYPE_CHECKING

from kit._lazy import lazy_names

if TYPE_CHECKING:
    from kit.cluster import deployment as deployment
    from kit.cluster._cluster import WORKER as WORKER
    from kit.cluster._cluster import Cluster as Cluster
    from kit.cluster._environment import cluster_of_environment as cluster_of_environment
    from kit.cluster._environment import is_chief as is_chief
    from kit.cluster._launch import launch as launch
    from kit.cluster._lines import Lines as Lines
    from kit.cluster._loopback import own_network as own_network
    from kit.cluster._loopback import shared_network as shared_network
    from kit.cluster._ports import held_ports as held_ports
    from kit.cluster._process import Process as Process
    from kit.cluster._serve import serve_cluster as serve_cluster
    from kit.cluster._slurm import hosts_of as hosts_of
    from kit.cluster._slurm import tasks_of as tasks_of

__getattr__, __dir__ = lazy_names(__name__, __file__)

"""Processes that train together: who they are and how they are started."""

from kit.cluster._cluster import WORKER as WORKER
from kit.cluster._cluster import Cluster as Cluster
from kit.cluster._environment import cluster_of_environment as cluster_of_environment
from kit.cluster._environment import is_chief as is_chief
from kit.cluster._launch import launch as launch
from kit.cluster._serve import serve_cluster as serve_cluster

"""Files that train on several machines: for Kubeflow Trainer on Kubernetes, and for SLURM."""

from typing import TYPE_CHECKING

from kit._lazy import lazy_names

if TYPE_CHECKING:
    from kit.cluster.deployment._deploy import TrainingFiles as TrainingFiles
    from kit.cluster.deployment._deploy import deploy_training as deploy_training
    from kit.cluster.deployment._kubeflow import network_policy as network_policy
    from kit.cluster.deployment._kubeflow import train_job as train_job
    from kit.cluster.deployment._kubeflow import training_runtime as training_runtime
    from kit.cluster.deployment._plan import Plan as Plan
    from kit.cluster.deployment._readme import readme as readme
    from kit.cluster.deployment._slurm import slurm as slurm

__getattr__, __dir__ = lazy_names(__name__, __file__)

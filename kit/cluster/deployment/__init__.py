"""Files that train on several machines: for Kubeflow Trainer on Kubernetes, and for SLURM."""

from kit.cluster.deployment._deploy import TrainingFiles as TrainingFiles
from kit.cluster.deployment._deploy import deploy_training as deploy_training

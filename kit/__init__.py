"""An application kit on Keras 3 and TensorFlow, recommenders first.

`import kit` loads neither TensorFlow nor Keras, so that the `kit` command answers at once; the
packages (`kit.layers`, `kit.data`, ...) are imported when they are first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kit import cli as cli
    from kit import cluster as cluster
    from kit import config as config
    from kit import console as console
    from kit import data as data
    from kit import errors as errors
    from kit import evaluation as evaluation
    from kit import exporting as exporting
    from kit import exports as exports
    from kit import layers as layers
    from kit import losses as losses
    from kit import manifests as manifests
    from kit import metrics as metrics
    from kit import models as models
    from kit import optimizers as optimizers
    from kit import pipeline as pipeline
    from kit import planning as planning
    from kit import privacy as privacy
    from kit import progress as progress
    from kit import recipes as recipes
    from kit import report as report
    from kit import retrieval as retrieval
    from kit import serving as serving
    from kit import tasks as tasks
    from kit import tokenizers as tokenizers
    from kit import training as training
    from kit._api import evaluate as evaluate
    from kit._api import export as export
    from kit._api import fit as fit
    from kit._api import load as load
    from kit._api import open as open
    from kit._api import plan as plan
    from kit._api import train as train
    from kit.tasks import compare_exports

    compare = compare_exports
    """Measure two exports on the same rows; see `kit.tasks.compare_exports`."""

__version__ = "0.1.0"

_FUNCTIONS = ["evaluate", "export", "fit", "load", "open", "plan", "train"]

_PACKAGES = [
    "cli",
    "cluster",
    "config",
    "console",
    "data",
    "errors",
    "evaluation",
    "exporting",
    "exports",
    "layers",
    "losses",
    "manifests",
    "metrics",
    "models",
    "optimizers",
    "pipeline",
    "planning",
    "privacy",
    "progress",
    "recipes",
    "report",
    "retrieval",
    "serving",
    "tasks",
    "tokenizers",
    "training",
]


def __getattr__(name: str) -> Any:
    if name == "compare":
        return import_module(f"{__name__}.tasks").compare_exports
    if name in _FUNCTIONS:
        return getattr(import_module(f"{__name__}._api"), name)
    if name not in _PACKAGES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return import_module(f"{__name__}.{name}")


def __dir__() -> list[str]:
    return sorted({*_FUNCTIONS, *_PACKAGES, "compare", "__version__"})

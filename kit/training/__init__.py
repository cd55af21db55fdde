"""Training: devices, precision, checkpoints, callbacks and the one call of Keras `fit`."""

from typing import TYPE_CHECKING

from kit import _backend as _backend
from kit._lazy import lazy_names

if TYPE_CHECKING:
    from kit.training import batches as batches
    from kit.training._callbacks import EvaluateEMA as EvaluateEMA
    from kit.training._callbacks import Progress as Progress
    from kit.training._callbacks import StopOnNaN as StopOnNaN
    from kit.training._callbacks import TensorBoardScalars as TensorBoardScalars
    from kit.training._callbacks import Validation as Validation
    from kit.training._checkpoint import Checkpoints as Checkpoints
    from kit.training._checkpoint import GracefulStop as GracefulStop
    from kit.training._checkpoint_folder import CheckpointFolder as CheckpointFolder
    from kit.training._distribution import STRATEGIES as STRATEGIES
    from kit.training._distribution import Choice as Choice
    from kit.training._distribution import choose_strategy as choose_strategy
    from kit.training._distribution import from_chief as from_chief
    from kit.training._distribution import has_peers as has_peers
    from kit.training._distribution import is_asynchronous as is_asynchronous
    from kit.training._distribution import peers_may_be_lost as peers_may_be_lost
    from kit.training._distribution import shutdown_barrier as shutdown_barrier
    from kit.training._distribution import strategy as strategy
    from kit.training._distribution import summed as summed
    from kit.training._fit import Training as Training
    from kit.training._fit import fit as fit
    from kit.training._history import History as History
    from kit.training._history import VirtualEpochs as VirtualEpochs
    from kit.training._keras_distributed import loss_of_step as loss_of_step
    from kit.training._keras_distributed import patch_multi_worker as patch_multi_worker
    from kit.training._keras_distributed import steps_taken_by as steps_taken_by
    from kit.training._model_state import assign as assign
    from kit.training._model_state import build_metrics as build_metrics
    from kit.training._model_state import copies as copies
    from kit.training._model_state import host_of as host_of
    from kit.training._model_state import metric_variables as metric_variables
    from kit.training._model_state import model_state as model_state
    from kit.training._model_state import restore as restore
    from kit.training._model_state import state_variables as state_variables
    from kit.training._parameter_server import copy_to_host as copy_to_host
    from kit.training._parameter_server import stop_coordinator as stop_coordinator
    from kit.training._precision import Precision as Precision
    from kit.training._precision import cast_to_float32 as cast_to_float32
    from kit.training._precision import choose_precision as choose_precision
    from kit.training._temperature import calibrate as calibrate

__getattr__, __dir__ = lazy_names(__name__, __file__)

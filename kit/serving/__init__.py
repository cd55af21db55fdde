"""A local server that speaks TensorFlow Serving's protocols, and its clients.

What needs TensorFlow is imported when a server starts: asking one over REST does not need it.
"""

from typing import TYPE_CHECKING

from kit._lazy import lazy_names

if TYPE_CHECKING:
    from kit.serving import deployment as deployment
    from kit.serving._batching import Batcher as Batcher
    from kit.serving._budget import Budget as Budget
    from kit.serving._budget import RunGate as RunGate
    from kit.serving._client import RestClient as RestClient
    from kit.serving._client import Taken as Taken
    from kit.serving._client import columns as columns
    from kit.serving._grpc_client import GrpcClient as GrpcClient
    from kit.serving._grpc_client import LocalClient as LocalClient
    from kit.serving._image_size import pixels as pixels
    from kit.serving._json_answers import json_from as json_from
    from kit.serving._json_tensors import parse as parse
    from kit.serving._json_tensors import tensors_from as tensors_from
    from kit.serving._json_values import shown as shown
    from kit.serving._json_values import tensor_from as tensor_from
    from kit.serving._limits import Limits as Limits
    from kit.serving._log import log as log
    from kit.serving._log import log_request as log_request
    from kit.serving._log import log_to_stderr as log_to_stderr
    from kit.serving._metrics import Metrics as Metrics
    from kit.serving._models import Models as Models
    from kit.serving._models import State as State
    from kit.serving._pages import Pages as Pages
    from kit.serving._rest import answer_bytes as answer_bytes
    from kit.serving._server import Server as Server
    from kit.serving._signature import TensorSpec as TensorSpec
    from kit.serving._status import ServingError as ServingError
    from kit.serving._status import from_exception as from_exception
    from kit.serving._status_protos import metadata_of as metadata_of
    from kit.serving._status_protos import refuse_method as refuse_method
    from kit.serving._status_protos import status_of as status_of
    from kit.serving._tensor_protos import protos_from_tensors as protos_from_tensors
    from kit.serving._tensor_protos import tensors_from_protos as tensors_from_protos
    from kit.serving._tensor_protos import values_asked_for as values_asked_for
    from kit.serving._version import load_version as load_version
    from kit.serving._warmup import warm_up as warm_up

__getattr__, __dir__ = lazy_names(__name__, __file__)

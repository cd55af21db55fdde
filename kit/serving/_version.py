"""A version of a model in memory."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from itertools import chain
from math import inf
from pathlib import Path
from threading import Lock
from typing import Any

import tensorflow as tf

from kit.exports import check_operations, register_operations
from kit.serving._batching import Batcher
from kit.serving._budget import Reservation, RunGate
from kit.serving._image_size import DECODERS
from kit.serving._limits import Limits
from kit.serving._pages import Pages
from kit.serving._signature import Signature, Tensors
from kit.serving._status import ServingError


class Version:
    """A loaded SavedModel that knows who still uses it.

    Args:
        number: of the version.
        signatures: by name.
        definitions: every `SignatureDef` of the SavedModel, those that cannot be run included.
        session: holds graph and variables.
    """

    def __init__(
        self,
        number: int,
        signatures: dict[str, Signature],
        definitions: dict[str, Any],
        session: Any,
    ) -> None:
        self.number, self.signatures, self.definitions = number, signatures, definitions
        self._session = session
        self._batchers: dict[str, Batcher] = {}
        self._lock = Lock()
        self._users = 0
        self._retired = False
        self._pages: Pages | None = None

    def serve_with(
        self,
        pool: ThreadPoolExecutor,
        workers: int,
        limits: Limits,
        gate: RunGate,
        ran: Callable[[str, int], None],
    ) -> None:
        """Put a queue before every signature."""
        self._pages = None if limits.max_pages is None else Pages(limits.max_pages)
        for name, signature in self.signatures.items():
            self._batchers[name] = Batcher(
                signature, pool, workers, limits, partial(ran, name), gate
            )

    def submit(
        self,
        signature: str,
        tensors: Tensors,
        deadline: float = inf,
        held: Reservation | None = None,
    ) -> "Future[Tensors]":
        """Run a signature; the version stays in memory until the work is over.

        Args:
            signature: its name.
            tensors: inputs by name.
            deadline: of `time.monotonic`; the work ends soon after it.
            held: what the request holds, until the work is over.

        Raises:
            ServingError: the request does not fit.
        """
        if self._pages is not None:
            self._pages.count(tensors)
        # Whoever waits may give up before the model has finished.
        with self._lock:
            self._users += 1
        if held is not None:
            held.share()

        def done() -> None:
            if held is not None:
                held.release()
            self.release()

        try:
            return self._batchers[signature].submit(tensors, deadline, done)
        except BaseException:
            done()
            raise

    def acquire(self) -> bool:
        """Begin to use it; False if it is on its way out."""
        with self._lock:
            if self._retired:
                return False
            self._users += 1
            return True

    def release(self) -> None:
        """End what `acquire` began."""
        with self._lock:
            self._users -= 1

    def retire(self) -> None:
        """Let nobody new use it."""
        with self._lock:
            self._retired = True

    @property
    def idle(self) -> bool:
        """Whether nobody uses it."""
        with self._lock:
            return self._users == 0

    def close(self) -> None:
        """Free its memory."""
        self._session.close()


def load_version(path: Path, limits: Limits) -> Version:
    """Load a SavedModel as TensorFlow Serving does: its graph into a session.

    Args:
        path: a folder with saved_model.pb, named by its number.
        limits: the server's.

    Raises:
        ServingError: NOT_FOUND where there is no SavedModel.
        UserError: it could do what no export of this kit does, or is not signed by the key of the
            limits, see `check_operations`.
        tf.errors.OpError: TensorFlow cannot load it.
    """
    if not any((path / name).is_file() for name in ("saved_model.pb", "saved_model.pbtxt")):
        raise ServingError(
            "NOT_FOUND",
            f"Could not find SavedModel .pb or .pbtxt at supplied export directory path: {path}",
        )
    check_operations(path, trust=limits.trust, public_key=limits.public_key)
    register_operations(path)
    # Operations run in the thread that asks: in a pool shared by all models one model's long
    # operations would hold up the short ones of another. Threads of the models share the cores.
    config = tf.compat.v1.ConfigProto(intra_op_parallelism_threads=1)
    session = tf.compat.v1.Session(graph=tf.Graph(), config=config)
    try:
        with session.graph.as_default():
            meta_graph = tf.compat.v1.saved_model.load(session, ["serve"], str(path))
        definitions = dict(meta_graph.signature_def)
        decodes_images = _decodes_images(meta_graph.graph_def)
        signatures = {
            name: Signature(name, definition, session, limits, decodes_images=decodes_images)
            for name, definition in definitions.items()
        }
    except BaseException:
        session.close()
        raise
    return Version(int(path.name), signatures, definitions, session)


def _decodes_images(graph: Any) -> bool:
    nodes = chain(graph.node, *(function.node_def for function in graph.library.function))
    return any(node.op in DECODERS for node in nodes)

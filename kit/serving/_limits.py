"""What a server accepts, and how long it waits."""

from dataclasses import dataclass

MIB = 1024 * 1024
# What is cancelled at the end of its grace has so long to be gone.
CANCELLATION_S = 5.0


@dataclass(frozen=True)
class Limits:
    """Bounds of one server.

    Args:
        max_body_bytes: of a REST body and of a gRPC message; of a tensor as well, since a small
            message can ask for a large one.
        max_batch_size: rows of one run, and so of one request.
        batch_timeout_s: how long a request may wait for others to share its run. 0 takes what
            queued while the run before it was under way, so a lone request never waits.
        max_string_bytes: of one string of an input.
        max_pending: requests under way; more are turned away as UNAVAILABLE.
        request_timeout_s: of one request, from its arrival.
        grace_s: how long requests under way may take after the server is told to stop.
        trust: load models also if they could do what no export of this kit does.
    """

    max_body_bytes: int = 16 * MIB
    max_batch_size: int = 1024
    batch_timeout_s: float = 0.0
    max_string_bytes: int = MIB
    max_pending: int = 1024
    request_timeout_s: float = 30.0
    grace_s: float = 10.0
    trust: bool = False

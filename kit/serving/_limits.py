"""What a server accepts, and how long it waits."""

from dataclasses import dataclass
from pathlib import Path

MIB = 1024 * 1024
# What is cancelled at the end of its grace has so long to be gone.
CANCELLATION_S = 5.0


@dataclass(frozen=True)
class Limits:
    """Bounds of one server.

    Args:
        max_body_bytes: of a REST body and of a gRPC message; of the inputs of a request as well,
            as their shapes expand them: a small message can ask for large tensors.
        max_batch_size: rows of one request.
        batch_timeout_s: how long a request may wait for others to share its run. 0 takes what
            queued while the run before it was under way, so a lone request never waits.
        max_string_bytes: of one string of an input.
        max_image_bytes: of one string of an input, where the model decodes images.
        max_image_pixels: width times height of one image, all frames of an animation together;
            the images of a request may have `IMAGES_OF_A_REQUEST` times as many.
        max_row_values: values of one row of an input, along dimensions the signature leaves free,
            such as the items of a history.
        max_memory_bytes: of the requests in flight, beyond the models themselves: half of it for
            bodies, tensors and answers, half for the working memory of runs, which is estimated.
        max_pending: requests under way; more are turned away as UNAVAILABLE. One model may have
            half of them.
        request_timeout_s: of one request, from its arrival.
        grace_s: how long requests under way may take after the server is told to stop.
        max_pages: requests for one user within an hour under rules (items to leave out, filters,
            explanations), which tell of the history page by page; None answers any number.
        trust: load models also if they could do what no export of this kit does.
        public_key: PEM file of the key that has to have signed the models; None serves unsigned
            ones, too.
    """

    max_body_bytes: int = 16 * MIB
    max_batch_size: int = 1024
    batch_timeout_s: float = 0.0
    max_string_bytes: int = MIB
    max_image_bytes: int = 16 * MIB
    max_image_pixels: int = 50_000_000
    max_row_values: int = 100_000
    max_memory_bytes: int = 2048 * MIB
    max_pending: int = 1024
    request_timeout_s: float = 30.0
    grace_s: float = 10.0
    max_pages: int | None = None
    trust: bool = False
    public_key: Path | None = None


IMAGES_OF_A_REQUEST = 4

import grpc
import pytest
import tensorflow as tf

from kit.serving import ServingError, from_exception
from kit.serving._status import HTTP_CODES


def test_every_grpc_code_has_its_http_code():
    assert set(HTTP_CODES) == {code.name for code in grpc.StatusCode}


@pytest.mark.parametrize(
    ("error", "code", "http"),
    [
        (ServingError("NOT_FOUND", "m"), "NOT_FOUND", 404),
        (ServingError("INVALID_ARGUMENT", "m", http=413), "INVALID_ARGUMENT", 413),
        (tf.errors.InvalidArgumentError(None, None, "m"), "INVALID_ARGUMENT", 400),
        (tf.errors.FailedPreconditionError(None, None, "m"), "FAILED_PRECONDITION", 400),
        (TimeoutError(), "DEADLINE_EXCEEDED", 504),
        (MemoryError(), "RESOURCE_EXHAUSTED", 429),
        (KeyError("a secret"), "INTERNAL", 500),
    ],
)
def test_what_a_client_is_told(error, code, http):
    told = from_exception(error)
    assert (told.code, told.http) == (code, http)
    assert "secret" not in told.message

import pytest

from kit.serving.deployment import memory_for
from tests.serving.deployment.parts import plan

# As main.cc of TensorFlow Serving spells them; one it does not know is only reported.
KNOWN = {
    "port",
    "rest_api_port",
    "rest_api_timeout_in_ms",
    "model_config_file",
    "monitoring_config_file",
    "enable_batching",
    "batching_parameters_file",
    "enable_model_warmup",
    "tensorflow_intra_op_parallelism",
    "tensorflow_inter_op_parallelism",
}


def test_memory_grows_with_the_models(tmp_path):
    (model,) = plan().models
    small, large = (type(model)("m", tmp_path, None, n * 2**30, ()) for n in (0, 1))
    assert memory_for((small,)) == 512
    # Two versions of 3.5 times their size on disk, and the answers under way.
    assert memory_for((large,)) - 512 == pytest.approx(8 * 1024, abs=256)
    assert memory_for((large, large)) > memory_for((large,))
    assert memory_for((large,)) % 256 == 0


def test_flags_are_spelled_as_the_server_knows_them():
    assert {flag.removeprefix("--").split("=")[0] for flag in plan().flags} == KNOWN


def test_the_file_of_batching_is_named_only_where_batching_is_on():
    # The server refuses one without the other.
    on, off = (plan(batching=batching).flags for batching in (True, False))
    assert {"--enable_batching=true", "--batching_parameters_file=/config/batching.config"} < set(
        on
    )
    assert not any("batching_parameters_file" in flag for flag in off)

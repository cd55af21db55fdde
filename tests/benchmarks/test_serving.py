import pytest
from click.testing import CliRunner

from benchmarks import serving
from benchmarks.serving_clients import Load


@pytest.fixture(scope="module")
def export(tmp_path_factory):
    return serving.small_export(tmp_path_factory.mktemp("export") / "1")


@pytest.mark.slow
@pytest.mark.parametrize("protocol", ["rest", "grpc"])
def test_a_new_version_takes_over_under_load(export, protocol):
    found = serving.measure(export, protocol, clients=8, seconds=2, swaps=1)
    assert found["kinds_of_errors"] == {}
    assert found["swaps"] == 1
    assert found["max_near_swap_ms"] <= found["max_ms"]
    assert found["p50_ms"] <= found["p99_ms"] <= found["max_ms"]
    assert found["requests"] >= 2 * found["rate"] > 20
    assert 0 < found["clients_cpu_share"] < 1


def test_what_fails_and_what_does_not():
    load = Load(times=[(0.0, 9.0), *((1 + n / 100, 0.01) for n in range(100))])
    load.swaps = {2: (1.5, 1.6)}
    run = {"protocol": "rest", **serving.figures(load, begin=1.0, seconds=1.0)}
    assert (run["rate"], run["p50_ms"], run["ratio"], run["errors"]) == (100, 10, 1, 0)
    assert run["max_ms"] == 10  # the warm-up is not timed
    assert serving.failures(run, 1) == []
    assert serving.failures({**run, "ratio": 5.01}, 1) == [
        "rest: p99 is 5.01 times p50, at most 5 was wanted"
    ]
    assert serving.failures({**run, "ratio": float("nan")}, 1) != []
    assert serving.failures(run, 2) == ["rest: 1 of 2 versions took over"]
    assert serving.failures({**run, "kinds_of_errors": {"503": 2}}, 1) == ["rest: 2 times 503"]


def test_mistakes_are_told(tmp_path):
    for words in ([str(tmp_path)], ["--clients", "0"], ["--protocol", "soap"]):
        result = CliRunner().invoke(serving.main, words)
        assert result.exit_code == 2
        assert "Traceback" not in result.output

from prometheus_client.parser import text_string_to_metric_families

from kit.serving import Metrics


def test_the_page():
    metrics = Metrics()
    metrics.answered("m", "predict", "gRPC", "OK", 0.002)
    metrics.ran("m", "serving_default", 3)
    metrics.serves("m", 7)
    lines = metrics.page().decode().splitlines()
    labels = 'method="predict",model="m",protocol="gRPC"'
    assert f'kit_serving_requests_total{{code="OK",{labels}}} 1.0' in lines
    assert f'kit_serving_request_seconds_bucket{{le="0.0025",{labels}}} 1.0' in lines
    assert f'kit_serving_request_seconds_bucket{{le="0.001",{labels}}} 0.0' in lines
    assert 'kit_serving_batch_rows_sum{model="m",signature="serving_default"} 3.0' in lines
    assert 'kit_serving_loaded_version{model="m"} 7.0' in lines
    metrics.serves("m", None)
    assert "kit_serving_loaded_version{" not in metrics.page().decode()


def test_servers_do_not_share_their_numbers():
    one, other = Metrics(), Metrics()
    one.answered("m", "predict", "REST", "OK", 0.1)
    assert 'model="m"' not in other.page().decode()


def test_the_names_of_tensorflow_serving():
    metrics = Metrics()
    metrics.answered('a "model"', "predict", "REST", "OK", 0.002)
    metrics.answered("m", "predict", "gRPC", "NOT_FOUND", 0.002)
    metrics.answered("m", "status", "REST", "OK", 0.002)
    lines = metrics.page().decode().splitlines()
    assert r':tensorflow:serving:request_count{model_name="a \"model\"",status="OK"} 1' in lines
    assert ':tensorflow:serving:request_count{model_name="m",status="NOT_FOUND"} 1' in lines
    assert not any('status="OK",model_name="m"' in line for line in lines)
    labels = 'API="Predict",entrypoint="GRPC",model_name="m"'
    assert f":tensorflow:serving:request_latency_sum{{{labels}}} 2000.0" in lines
    assert f":tensorflow:serving:request_latency_count{{{labels}}} 1.0" in lines


def test_the_page_is_what_prometheus_reads():
    metrics = Metrics()
    metrics.load_failed("m")
    metrics.answered("m", "predict", "REST", "OK", 0.1)
    families = list(text_string_to_metric_families(metrics.page().decode()))
    samples = {sample.name for family in families for sample in family.samples}
    assert "kit_serving_failed_loads_total" in samples
    # The parser adds what the newer format of the page asks for.
    assert ":tensorflow:serving:request_count_total" in samples
    assert {"process_resident_memory_bytes", "process_cpu_seconds_total"} <= samples

import base64
import shutil
import socket
import subprocess
import sys
import threading
import time

import grpc
import httpx
import numpy as np
import pytest
import tensorflow as tf
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from tensorflow_serving.apis import predict_pb2
from tensorflow_serving.apis.prediction_service_pb2_grpc import PredictionServiceStub

from kit.errors import UserError
from kit.serving import Limits, Server
from tests.serving.parts import (
    SIGNATURES,
    drop_in,
    error_of,
    inputs_of,
    predict,
    save_kinds,
    together,
    url,
    wait_until,
)


@pytest.fixture(scope="module")
def expected(saved):
    """What the loaded SavedModels answer."""
    loaded = {name: tf.saved_model.load(str(saved / name / "1")) for name in ("kinds", "shop")}

    def answers(model, signature):
        inputs = {n: tf.constant(v) for n, v in inputs_of(model, signature).items()}
        outputs = loaded[model].signatures[signature](**inputs)
        return {name: tensor.numpy() for name, tensor in outputs.items()}

    return answers


def as_json(values: np.ndarray):
    if values.dtype == object:
        return np.vectorize(bytes.decode, otypes=[object])(values).tolist()
    return values.tolist()


def same(answer, expected: np.ndarray, name: str) -> None:
    if expected.dtype == object and name.endswith("_bytes"):
        assert [base64.b64decode(value["b64"]) for value in answer] == expected.tolist()
    elif expected.dtype == object:
        assert answer == as_json(expected)
    else:
        # As what the client takes it for, every digit is there.
        np.testing.assert_array_equal(np.array(answer, expected.dtype), expected)


@pytest.mark.parametrize(("model", "signature"), SIGNATURES)
def test_rest_columns_are_what_the_saved_model_answers(server, expected, model, signature):
    inputs = {name: as_json(v) for name, v in inputs_of(model, signature).items()}
    body = {"signature_name": signature, "inputs": inputs}
    answer = predict(server, model, body).json()["outputs"]
    wanted = expected(model, signature)
    answers = answer if len(wanted) > 1 else {next(iter(wanted)): answer}
    assert answers.keys() == wanted.keys()
    for name, values in wanted.items():
        same(answers[name], values, name)


@pytest.mark.parametrize(("model", "signature"), [s for s in SIGNATURES if s[1] != "mixed"])
def test_rest_rows_are_what_the_saved_model_answers(server, expected, model, signature):
    inputs = {name: as_json(v) for name, v in inputs_of(model, signature).items()}
    count = len(next(iter(inputs.values())))
    instances = [{name: values[row] for name, values in inputs.items()} for row in range(count)]
    body = {"signature_name": signature, "instances": instances}
    rows = predict(server, model, body).json()["predictions"]
    for name, values in expected(model, signature).items():
        alone = len(expected(model, signature)) == 1
        same([row if alone else row[name] for row in rows], values, name)
    if len(inputs) == 1:
        plain = {"signature_name": signature, "instances": next(iter(inputs.values()))}
        assert predict(server, model, plain).json()["predictions"] == rows


@pytest.mark.parametrize(("model", "signature"), SIGNATURES)
def test_grpc_is_what_the_saved_model_answers(server, expected, model, signature):
    request = predict_pb2.PredictRequest()
    request.model_spec.name, request.model_spec.signature_name = model, signature
    for name, values in inputs_of(model, signature).items():
        request.inputs[name].CopyFrom(tf.make_tensor_proto(values))
    with grpc.insecure_channel(f"127.0.0.1:{server.grpc_port}") as channel:
        response = PredictionServiceStub(channel).Predict(request, 10)
    assert response.model_spec.version.value == 1
    assert response.model_spec.signature_name == signature
    wanted = expected(model, signature)
    assert response.outputs.keys() == wanted.keys()
    for name, values in wanted.items():
        answer = tf.make_ndarray(response.outputs[name])
        assert answer.dtype == values.dtype
        np.testing.assert_array_equal(answer, values)


def test_a_new_version_takes_over_without_a_lost_request(saved, tmp_path):
    first = drop_in(saved / "kinds" / "1", _folder(tmp_path, "m") / "1")
    stop, failed, seen = threading.Event(), [], set()
    with Server(tmp_path) as server:

        def ask(place: int) -> None:
            with httpx.Client() as client:
                while not stop.is_set():
                    answer = client.post(
                        url(server, "/v1/models/m:predict"), json={"instances": [[1, 1]]}
                    )
                    if answer.status_code != 200:
                        failed.append(answer.text)
                    seen.add(answer.json()["predictions"][0][0])

        asking = threading.Thread(target=together, args=(ask, 4))
        asking.start()
        try:
            wait_until(lambda: 2.0 in seen)
            save_kinds(tmp_path / "m" / "2", factor=5.0)
            wait_until(lambda: 5.0 in seen)
            drop_in(first, tmp_path / "m" / "10")  # newer than 2 as a number, not as a name
            seen.clear()
            wait_until(lambda: server.models() == {"m": 10})
            time.sleep(0.2)
        finally:
            stop.set()
            asking.join()
        assert failed == []
        assert predict(server, "m", {"instances": [[1, 1]]}).json() == {"predictions": [[2, 2]]}
        assert predict(server, "m", {"instances": [[1, 1]]}, version=2).status_code == 404


def test_one_model_folder_is_one_model(saved):
    with Server(saved / "kinds") as server:
        assert server.models() == {"kinds": 1}


def test_what_is_under_way_is_finished(saved):
    server = Server(saved / "kinds").start()
    answers = []
    body = {"signature_name": "slow", "instances": [300_000]}
    asking = threading.Thread(target=lambda: answers.append(predict(server, "kinds", body)))
    asking.start()
    wait_until(lambda: "kit_serving_batch_rows_count" in httpx.get(url(server, "/metrics")).text)
    assert answers == []
    server.stop()
    asking.join()
    assert answers[0].json() == {"predictions": [300_000.0]}
    with pytest.raises(httpx.ConnectError):
        predict(server, "kinds", body)
    server.stop()  # a second time does nothing


def test_a_request_has_its_time(saved):
    with Server(saved / "kinds", limits=Limits(request_timeout_s=0.05)) as server:
        answer = predict(server, "kinds", {"signature_name": "slow", "instances": [300_000]})
        assert answer.status_code == 504
        assert "Deadline" in error_of(answer)


@pytest.mark.parametrize("option", ["rest_port", "grpc_port"])
def test_a_port_in_use_is_the_users_mistake(saved, option):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(UserError, match=f"Cannot listen on 127.0.0.1:{port}"):
            Server(saved, **{option: port}).start()


def test_folders_that_hold_no_models(saved, tmp_path):
    with pytest.raises(UserError, match="no such folder"):
        Server(tmp_path / "nowhere")
    with pytest.raises(UserError, match="single version"):
        Server(saved / "kinds" / "1")


def test_an_address_that_is_not_ours(saved):
    with pytest.raises(UserError, match=r"192\.0\.2\.1"):
        Server(saved, host="192.0.2.1").start()


def _folder(parent, name):
    (parent / name).mkdir()
    return parent / name


@pytest.mark.parametrize("option", ["--rest-port", "--grpc-port"])
@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_a_port_in_use_is_told_before_tensorflow_is_imported(saved, host, option):
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, 0), family=family) as taken:
        port = str(taken.getsockname()[1])
        code = """
import sys
from pathlib import Path
from kit.errors import UserError
from kit.serving import Server
try:
    Server(Path(sys.argv[1]), host=sys.argv[2], **{sys.argv[3]: int(sys.argv[4])}).start()
except UserError as error:
    print(error, "tensorflow" in sys.modules)
"""
        name = option.removeprefix("--").replace("-", "_")
        answer = subprocess.run(
            [sys.executable, "-c", code, str(saved), host, name, port],
            capture_output=True,
            text=True,
            check=True,
        )
    assert answer.stdout.endswith("False\n")
    assert f":{port}" in answer.stdout
    assert option in answer.stdout


class Images(tf.Module):
    """The size of encoded images."""

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, "image")])
    def sizes(self, image):
        def size(content):
            return tf.shape(tf.io.decode_image(content, expand_animations=False))[:2]

        return {"size": tf.map_fn(size, image, fn_output_signature=tf.TensorSpec([2], tf.int32))}


def png(side: int) -> bytes:
    return tf.io.encode_png(tf.zeros([side, side, 1], tf.uint8)).numpy()


def test_images_are_bounded_in_pixels_and_not_as_texts(tmp_path):
    module = Images()
    signatures = {"serving_default": module.sizes}
    tf.saved_model.save(module, str(tmp_path / "m" / "1"), signatures=signatures)
    limits = Limits(max_string_bytes=100, max_image_bytes=50_000, max_image_pixels=10_000)
    noise = np.random.default_rng(0).integers(0, 256, [99, 99, 3], np.uint8)
    ordinary = tf.io.encode_png(noise).numpy()
    assert 10_000 < len(ordinary) < 50_000
    with Server(tmp_path, limits=limits) as server:

        def ask(*contents: bytes) -> httpx.Response:
            rows = [{"b64": base64.b64encode(one).decode()} for one in contents]
            return predict(server, "m", {"instances": rows})

        assert ask(ordinary).json() == {"predictions": [[99, 99]]}
        assert ask(png(100)).json() == {"predictions": [[100, 100]]}
        for contents, message in (
            ((png(101),), "Input image has an image of 10201 pixels, at most 10000 are taken"),
            ((png(9), png(101)), "Input image has an image of 10201 pixels"),
            ((png(99),) * 5, "The images of the request have 49005 pixels together, at most 40000"),
            ((bytes(50_001),), "Input image has a string of 50001 bytes, at most 50000"),
        ):
            answer = ask(*contents)
            assert answer.status_code == 400
            assert error_of(answer).startswith(message)


def test_a_row_has_so_many_values(saved):
    with Server(saved / "shop", limits=Limits(max_row_values=10)) as server:
        for length, code in ((10, 200), (11, 429)):
            body = {"signature_name": "from_history", "inputs": {"history": [["a"] * length]}}
            answer = predict(server, "shop", body)
            assert answer.status_code == code
        assert error_of(answer) == "Input history has 11 values in a row, at most 10 are taken"


def test_work_ends_with_its_deadline_and_others_are_answered(saved):
    """Each row of `slow` takes some seconds, and more than its time in all."""
    limits = Limits(request_timeout_s=1.0)
    with Server(saved, limits=limits) as server:
        body = {"signature_name": "slow", "instances": [30_000] * 64}
        codes = []

        def ask(place: int) -> None:
            codes.append(predict(server, "kinds", body).status_code)

        asking = threading.Thread(target=together, args=(ask, 6))
        asking.start()
        while asking.is_alive():
            since = time.monotonic()
            answer = predict(server, "shop", {"instances": ["u1"]})
            assert answer.status_code == 200
            assert time.monotonic() - since < 5
        asking.join()
        assert set(codes) <= {200, 504}


def test_a_model_that_does_not_answer_is_not_serving(saved, tmp_path):
    shutil.copytree(saved / "kinds", tmp_path / "kinds")
    (tmp_path / "broken" / "1").mkdir(parents=True)
    with Server(tmp_path) as server, grpc.insecure_channel(address(server)) as channel:
        check = health_pb2_grpc.HealthStub(channel).Check
        status = health_pb2.HealthCheckResponse
        expected = {"": status.SERVING, "kinds": status.SERVING, "broken": status.NOT_SERVING}
        for name, wanted in expected.items():
            assert check(health_pb2.HealthCheckRequest(service=name), 10).status == wanted
        with pytest.raises(grpc.RpcError) as caught:
            check(health_pb2.HealthCheckRequest(service="unknown"), 10)
        assert caught.value.code() is grpc.StatusCode.NOT_FOUND
        shutil.rmtree(tmp_path / "kinds" / "1")
        request = health_pb2.HealthCheckRequest(service="kinds")
        wait_until(lambda: check(request, 10).status == status.NOT_SERVING)


def test_services_can_be_listed(server):
    with grpc.insecure_channel(address(server)) as channel:
        stub = reflection_pb2_grpc.ServerReflectionStub(channel)
        asked = [reflection_pb2.ServerReflectionRequest(list_services="")]
        (answer,) = stub.ServerReflectionInfo(iter(asked), timeout=10)
    names = {service.name for service in answer.list_services_response.service}
    assert {"tensorflow.serving.PredictionService", "tensorflow.serving.ModelService"} <= names
    assert "grpc.health.v1.Health" in names


def test_a_compressed_message_is_bounded(server):
    raw = predict_pb2.PredictRequest(model_spec={"name": "kinds"}).SerializeToString()
    with grpc.insecure_channel(address(server)) as channel:
        call = channel.unary_unary("/tensorflow.serving.PredictionService/Predict")
        with pytest.raises(grpc.RpcError) as caught:
            call(raw + bytes(50_000_000), timeout=30, compression=grpc.Compression.Gzip)
    assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED


def address(server: Server) -> str:
    return f"127.0.0.1:{server.grpc_port}"

"""Labels and version policies, over REST and gRPC, as TensorFlow Serving has them."""

import itertools
import threading
import time

import grpc
import httpx
import numpy as np
import pytest
import tensorflow as tf
from tensorflow_serving.apis.get_model_status_pb2 import GetModelStatusRequest
from tensorflow_serving.apis.model_service_pb2_grpc import ModelServiceStub
from tensorflow_serving.apis.predict_pb2 import PredictRequest
from tensorflow_serving.apis.prediction_service_pb2_grpc import PredictionServiceStub

from kit.exports import label_version, remove_label, rollback, set_policy
from kit.serving import Limits, Metrics, Models, Server, ServingError
from tests.serving.parts import error_of, save_kinds, url, wait_until

BODY = {"instances": [[1.0, 2.0]]}


@pytest.fixture(scope="module")
def versions(tmp_path_factory):
    """Version N multiplies by N."""
    folder = tmp_path_factory.mktemp("versions")
    for number in (1, 2, 3):
        save_kinds(folder / str(number), factor=float(number))
    return folder


@pytest.fixture
def model(versions, tmp_path):
    folder = tmp_path / "m"
    folder.mkdir()
    for number in (1, 2, 3):
        (folder / str(number)).symlink_to(versions / str(number))
    return folder


@pytest.fixture
def models(model):
    """Looked at by hand; nothing runs in the background."""
    models = Models(model.parent, Limits(), Metrics())
    yield models
    models.stop()


def loaded(models) -> dict[int, list[str]]:
    models.refresh()
    return models.versions()["m"]


def test_what_labels_and_policy_name_is_loaded(models, model):
    assert loaded(models) == {3: []}
    label_version(model, 1)
    assert loaded(models) == {1: ["stable"]}
    label_version(model, 2, "canary")
    assert loaded(models) == {1: ["stable"], 2: ["canary"]}
    assert models.names() == {"m": 2}
    set_policy(model, "latest:1")
    assert loaded(models) == {1: ["stable"], 2: ["canary"], 3: []}
    set_policy(model, "all")
    remove_label(model, "canary")
    assert loaded(models) == {1: ["stable"], 2: [], 3: []}
    remove_label(model, "stable")
    set_policy(model, "labelled")
    assert loaded(models) == {3: []}


def test_a_label_moves_when_its_version_has_loaded(models, model):
    label_version(model, 1)
    assert loaded(models) == {1: ["stable"]}
    (model / "4").mkdir()
    (model / "4" / "saved_model.pb").write_bytes(b"broken")
    label_version(model, 4)
    assert loaded(models) == {1: ["stable"]}
    with models.use("m", label="stable") as used:
        assert used.number == 1
    assert models.failures()["m"][0] == 4
    assert rollback(model) == (4, 1)
    assert loaded(models) == {1: ["stable"]}


def test_damaged_labels_change_nothing(models, model):
    label_version(model, 1)
    assert loaded(models) == {1: ["stable"]}
    (model / "labels.json").write_text("{")
    assert loaded(models) == {1: ["stable"]}
    (model / "labels.json").unlink()
    assert loaded(models) == {3: []}
    with pytest.raises(ServingError, match="Unrecognized servable version label: stable"):
        models.labelled("m", "stable")


def test_a_label_of_a_version_that_is_gone_is_not_found(models, model):
    label_version(model, 1)
    label_version(model, 2, "canary")
    models.refresh()
    (model / "2").unlink()
    models.refresh()
    with pytest.raises(ServingError, match=r"Specific\(m, 2\)"), models.use("m", label="canary"):
        pass


def test_rest_and_grpc_ask_by_label(model):
    label_version(model, 1)
    label_version(model, 2, "canary")
    with Server(model.parent) as server:
        for place, factor in {
            "": 2,
            "/labels/stable": 1,
            "/labels/canary": 2,
            "/versions/1": 1,
        }.items():
            answer = httpx.post(url(server, f"/v1/models/m{place}:predict"), json=BODY)
            assert answer.json() == {"predictions": [[factor, 2 * factor]]}, place
            spec = httpx.get(url(server, f"/v1/models/m{place}/metadata")).json()["model_spec"]
            assert spec["version"] == str(factor)
        status = httpx.get(url(server, "/v1/models/m/labels/stable")).json()
        (state,) = status["model_version_status"]
        assert (state["version"], state["state"]) == ("1", "AVAILABLE")
        assert len(httpx.get(url(server, "/v1/models/m")).json()["model_version_status"]) == 2
        for path in ("/v1/models/m/labels/blue", "/v1/models/m/labels/blue/metadata"):
            answer = httpx.get(url(server, path))
            assert answer.status_code == 400
            assert error_of(answer) == "Unrecognized servable version label: blue"
        assert httpx.post(url(server, "/v1/models/m/versions/3:predict"), json=BODY).is_error

        with grpc.insecure_channel(f"127.0.0.1:{server.grpc_port}") as channel:
            request = PredictRequest()
            request.model_spec.name, request.model_spec.version_label = "m", "stable"
            request.inputs["x"].CopyFrom(tf.make_tensor_proto(np.ones((1, 2), np.float32)))
            answer = PredictionServiceStub(channel).Predict(request, 10)
            assert answer.model_spec.version.value == 1
            assert list(answer.outputs["y"].float_val) == [1, 1]
            asked = GetModelStatusRequest()
            asked.model_spec.CopyFrom(request.model_spec)
            (state,) = ModelServiceStub(channel).GetModelStatus(asked, 10).model_version_status
            assert state.version == 1


@pytest.mark.slow
def test_no_request_is_lost_while_a_label_moves(model):
    label_version(model, 1)
    answers, ended = [], threading.Event()
    with Server(model.parent) as server:

        def ask():
            with httpx.Client() as client:
                while not ended.is_set():
                    path = url(server, "/v1/models/m/labels/stable:predict")
                    answers.append(client.post(path, json=BODY).json()["predictions"][0][0])

        asking = threading.Thread(target=ask)
        asking.start()
        for version in (2, 3):
            label_version(model, version)
            wait_until(lambda version=version: answers and answers[-1] == version, 20)
        rollback(model)
        wait_until(lambda: answers[-1] == 2, 20)
        time.sleep(0.1)
        ended.set()
        asking.join()
    assert set(answers) == {1, 2, 3}
    changes = [answers[0]]
    changes += [b for a, b in itertools.pairwise(answers) if a != b]
    assert changes == [1, 2, 3, 2]

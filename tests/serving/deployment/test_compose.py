import dataclasses
import http.server
import subprocess
import threading
from pathlib import Path

import pytest
import yaml
from check_jsonschema.builtin_schemas import get_builtin_schema
from jsonschema import Draft202012Validator

from kit.serving.deployment import health_check
from kit.serving.deployment._compose import compose
from tests.serving.deployment.parts import plan


def service(**changes):
    document = yaml.safe_load(compose(plan(**changes)))
    Draft202012Validator(get_builtin_schema("vendor.compose-spec")).validate(document)
    return document["services"]["tensorflow-serving"]


def test_it_is_a_compose_file_that_stays_on_loopback_and_writes_nothing():
    found = service()
    assert found["image"] == "tensorflow/serving:2.21.0"
    assert found["command"] == plan().flags
    assert all(port.startswith("127.0.0.1:") for port in found["ports"])
    assert all(mount["read_only"] for mount in found["volumes"])
    assert found["read_only"]
    assert found["user"] == "1000:1000"
    limits = found["deploy"]["resources"]["limits"]
    assert limits == {"cpus": "4", "memory": "1024m"}


@pytest.mark.parametrize("folder", ["saved_models/two_tower", 'a b/it\'s: #1 "x" $HOME/čaj'])
def test_models_are_mounted_where_the_configuration_looks(tmp_path, monkeypatch, folder):
    monkeypatch.chdir(tmp_path)
    Path(folder).mkdir(parents=True)
    (model,) = plan().models
    model = dataclasses.replace(model, folder=Path(folder).resolve())
    mount, config = service(models=(model,))["volumes"]
    assert mount["target"] == "/models/two_tower"
    assert not mount["bind"]["create_host_path"]
    # Compose reads $$ as $ and paths from where its file is.
    source = Path("deploy/two-tower", mount["source"].replace("$$", "$"))
    assert source.resolve() == model.folder
    assert str(tmp_path) not in mount["source"]
    assert (config["source"], config["target"]) == ("./config", "/config")


STATES = {"/v1/models/up": "AVAILABLE", "/v1/models/late": "LOADING"}


class Server(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        state = STATES.get(self.path)
        self.send_response(200 if state else 404)
        self.end_headers()
        self.wfile.write(f'{{"model_version_status": [{{"state": "{state}"}}]}}'.encode())

    def log_message(self, *_):
        pass


@pytest.fixture
def port():
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


def healthy(script: str) -> bool:
    return not subprocess.run(["bash", "-c", script], capture_output=True, timeout=20).returncode


def test_the_health_check_wants_every_model(port):
    assert healthy(health_check(["up"], port))
    assert healthy(health_check(["up", "up"], port))
    assert not healthy(health_check(["up", "late"], port))
    assert not healthy(health_check(["late", "up"], port))
    assert not healthy(health_check(["missing"], port))


def test_the_health_check_fails_where_nothing_listens(port):
    script = health_check(["up"])
    assert service()["healthcheck"]["test"][:3] == ["CMD", "bash", "-c"]
    assert service()["healthcheck"]["test"][3] == health_check(["two_tower"])
    assert "$" not in script
    # Port 1 is nobody's on loopback.
    assert not healthy(health_check(["up"], 1))

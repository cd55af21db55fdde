import os
from importlib.metadata import version
from pathlib import Path

import pytest
import tensorflow as tf
import yaml

from kit.errors import UserError
from kit.serving.deployment import deploy
from tests.exporting.parts import recommender
from tests.serving.deployment.parts import FIXED, HISTORY, saved_model


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A folder with saved_models/fixed and saved_models/two_tower to stand in."""
    monkeypatch.chdir(tmp_path)
    saved_model(tmp_path / "saved_models" / "fixed" / "1", FIXED)
    saved_model(tmp_path / "saved_models" / "two_tower" / "1", HISTORY)
    return tmp_path


def kserve_uris(folder: Path) -> list[str]:
    documents = yaml.safe_load_all((folder / "kserve.yaml").read_text())
    return [document["spec"]["predictor"]["model"]["storageUri"] for document in documents]


def test_defaults_follow_from_the_model(here):
    deployed = deploy(Path("saved_models/fixed"))
    assert deployed.folder == Path("deploy/fixed")
    assert sorted(os.listdir("deploy/fixed")) == [
        "README.md",
        "compose.yaml",
        "config",
        "kserve.yaml",
        "kubernetes.yaml",
    ]
    assert all((deployed.folder / file).is_file() for file in deployed.files)
    assert deployed.image == f"tensorflow/serving:{version('tensorflow-serving-api')}"
    assert deployed.memory == 768
    assert deployed.notes == []
    assert (deployed.folder / "config" / "batching.config").is_file()
    assert kserve_uris(deployed.folder) == ["pvc://fixed-models/fixed"]


def test_nothing_of_this_machine_is_written(here):
    deployed = deploy(Path("saved_models/fixed").resolve())
    for file in deployed.files:
        assert str(here) not in (deployed.folder / file).read_text()


def test_rows_of_any_length_turn_batching_off_unless_it_is_asked_for(here):
    folder = Path("saved_models/two_tower")
    off = deploy(folder)
    assert "config/batching.config" not in off.files
    assert any("Batching is off: two_tower: from_history.history" in note for note in off.notes)
    on = deploy(folder, batching=True)
    assert "config/batching.config" in on.files
    assert any("must begin with the value" in note for note in on.notes)
    asked = deploy(folder, batching=False)
    assert not any("Batching" in note for note in asked.notes)
    assert not (off.folder / "config" / "batching.config").exists()


def test_a_name_kubernetes_does_not_take_is_changed_and_said(here):
    deployed = deploy(Path("saved_models/two_tower"))
    assert deployed.folder == Path("deploy/two-tower")
    assert deployed.models == ["two_tower"]
    assert sum("'two_tower' is no name Kubernetes takes" in note for note in deployed.notes) == 1
    assert "'two-tower'" in (deployed.folder / "README.md").read_text()


def test_a_folder_of_models_is_one_server(here):
    deployed = deploy(Path("saved_models"), storage_uri="gs://bucket/saved_models/")
    assert deployed.models == ["fixed", "two_tower"]
    assert deployed.folder == Path("deploy/saved-models")
    compose = yaml.safe_load((deployed.folder / "compose.yaml").read_text())
    sources = [m["source"] for m in compose["services"]["tensorflow-serving"]["volumes"]]
    assert sources[:2] == ["../../saved_models/fixed", "../../saved_models/two_tower"]
    assert kserve_uris(deployed.folder) == [
        "gs://bucket/saved_models/fixed",
        "gs://bucket/saved_models/two_tower",
    ]


def test_models_whose_names_become_one_are_refused(here):
    saved_model(here / "saved_models" / "two-tower" / "1", FIXED)
    with pytest.raises(UserError, match="same name in Kubernetes"):
        deploy(Path("saved_models"))
    assert not Path("deploy").exists()


def test_settings_are_taken(here):
    deployed = deploy(
        Path("saved_models/fixed/1"),
        Path("out"),
        model_name="shown",
        memory="2Gi",
        image="registry:5000/serving:2.19.1",
        storage_uri="s3://bucket/fixed",
    )
    assert (deployed.models, deployed.memory) == (["shown"], 2048)
    assert kserve_uris(Path("out")) == ["s3://bucket/fixed"]
    assert "versions: 1" in (Path("out") / "config" / "models.config").read_text()
    assert any("One version" in note for note in deployed.notes)


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ({"image": "tensorflow/serving"}, "which version is meant"),
        ({"memory": "2G"}, "no amount of memory"),
    ],
)
def test_a_setting_that_will_not_do_is_refused(here, setting, said):
    with pytest.raises(UserError, match=said):
        deploy(Path("saved_models/fixed"), **setting)
    assert not Path("deploy").exists()


def test_why_batching_is_off():
    """Joined with a longer request, a history is filled up with its own first item."""
    model = recommender(exclude_seen=False)

    def scores(rows):
        return model.from_history(tf.constant(rows))["score"].numpy()

    alone = scores([["plain", "007"]])
    assert abs(scores([["plain", "007", "plain", "plain"]]) - alone).max() > 1e-3
    # What begins with "" is filled up with "".
    led = scores([["", "plain", "007"]])
    assert (scores([["", "plain", "007", "", ""]]) == led).all()
    assert abs(led - alone).max() < 1e-6

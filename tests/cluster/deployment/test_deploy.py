import os
from pathlib import Path

import pytest

from kit.cluster.deployment import deploy_training
from kit.errors import UserError
from tests.cluster.deployment.parts import COMMAND


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_without_an_image_there_are_files_for_slurm_only():
    written = deploy_training(COMMAND)
    assert written.folder == Path("deploy/train-two-tower")
    assert written.processes == {"worker": 2}
    assert sorted(os.listdir(written.folder)) == ["README.md", "train.sbatch"]
    (note,) = written.notes
    assert "--image NAME:VERSION" in note
    assert note.split(":")[0] in " ".join((written.folder / "README.md").read_text().split())


def test_with_an_image_there_are_files_for_kubernetes_which_go_when_it_goes():
    with_image = deploy_training(COMMAND, image="shop/kit:1.0")
    assert sorted(with_image.files) == [
        "README.md",
        "networkpolicy.yaml",
        "runtime.yaml",
        "train.sbatch",
        "trainjob.yaml",
    ]
    assert with_image.notes == []
    assert (
        "claimName: train-two-tower-storage" in Path(with_image.folder, "runtime.yaml").read_text()
    )
    deploy_training(COMMAND)
    assert not Path(with_image.folder, "runtime.yaml").exists()


def test_nothing_of_this_machine_is_written(here):
    written = deploy_training(COMMAND, here / "out", image="shop/kit:1.0")
    for file in written.files:
        assert str(here) not in (written.folder / file).read_text()


@pytest.mark.parametrize(
    ("command", "name"),
    [
        (["kit", "train", "two-tower", "--data", "x"], "train-two-tower"),
        (["python", "-m", "kit", "train", "two-tower", "--data", "x"], "train-two-tower"),
        (["python", "recipes/two_tower.py", "--data", "x"], "train-two-tower"),
        (["run", "--it"], "train-run"),
        (["--odd"], "train"),
    ],
)
def test_a_training_is_called_by_what_it_trains(command, name):
    assert deploy_training(command).name == name


def test_a_name_is_short_enough_for_the_names_of_pods():
    written = deploy_training(COMMAND, name="A_very long.name" * 9, workers=1000)
    assert len(f"{written.name}-node-0-{1000 - 1}-abcde") <= 63
    assert len(f"{written.name}-chief-0-0-abcde") <= 63
    assert not written.name.endswith("-")


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ({"time": "a day"}, "--time"),
        ({"time": "1:2:3:4"}, "--time"),
        ({"partition": "gpu --wrap=x"}, "--partition"),
        ({"partition": "gpu\n#SBATCH --x"}, "--partition"),
        ({"storage": "Shop_1"}, "--storage"),
        ({"image": "shop/kit"}, "--image"),
        ({"memory": "8G"}, "--memory"),
        ({"command": ["kit", "\udcff"]}, "no text"),
    ],
)
def test_a_setting_that_will_not_do_is_refused(setting, said):
    with pytest.raises(UserError, match=said):
        deploy_training(**{"command": COMMAND, **setting})
    assert not Path("deploy").exists()


@pytest.mark.parametrize("time", ["90", "90:30", "12:00:00", "2-12", "2-12:30", "2-12:30:00"])
def test_times_of_slurm_are_taken(time):
    folder = deploy_training(COMMAND, time=time, partition="gpu,long").folder
    assert f"#SBATCH --time={time}\n" in (folder / "train.sbatch").read_text()


def test_servers_with_gpus_are_mentioned():
    written = deploy_training(COMMAND, image="shop/kit:1.0", servers=1, gpus=1)
    assert written.processes == {"chief": 1, "worker": 2, "ps": 1}
    assert any("GPUs" in note for note in written.notes)

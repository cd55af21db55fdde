import os
import re
import stat

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit.errors import UserError
from kit.manifests import kubernetes_name, mebibytes, pinned_image, write

MARK = "Written by a test."

FILES = {"a.yaml": f"# {MARK}\n1\n", "config/b": f"# {MARK}\n2\n"}


def contents(folder):
    found = (f for f in folder.rglob("*") if f.is_file())
    return {str(f.relative_to(folder)): f.read_text() for f in found}


def test_files_are_written_and_written_again(tmp_path):
    folder = tmp_path / "deploy" / "it"
    write(folder, FILES, MARK)
    assert contents(folder) == FILES
    assert stat.S_IMODE(folder.stat().st_mode) == 0o755
    newer = {"a.yaml": f"# {MARK}\nnewer\n"}
    write(folder, newer, MARK)
    assert contents(folder) == newer
    assert [p.name for p in (tmp_path / "deploy").iterdir()] == ["it"]


def test_an_empty_folder_and_a_link_to_one_do(tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "link").symlink_to("empty")
    write(tmp_path / "link", FILES, MARK)
    assert contents(tmp_path / "empty") == FILES
    assert (tmp_path / "link").is_symlink()


@pytest.mark.parametrize("name", ["notes.txt", "compose.yaml", "config/mine"])
def test_what_is_anothers_is_left_alone(tmp_path, name):
    write(tmp_path / "it", FILES, MARK)
    (tmp_path / "it" / name).write_bytes(b"\xffmine")
    before = sorted(p.name for p in tmp_path.rglob("*"))
    with pytest.raises(UserError, match="did not write") as raised:
        write(tmp_path / "it", {"a.yaml": f"# {MARK}\nother\n"}, MARK)
    assert name in str(raised.value)
    assert (tmp_path / "it" / "a.yaml").read_text() == FILES["a.yaml"]
    assert sorted(p.name for p in tmp_path.rglob("*")) == before


def test_a_file_in_the_way_is_told(tmp_path):
    (tmp_path / "it").write_text("mine")
    with pytest.raises(UserError, match="did not write"):
        write(tmp_path / "it", FILES, MARK)
    with pytest.raises(UserError, match="cannot be written"):
        write(tmp_path / "it" / "deeper", FILES, MARK)
    assert (tmp_path / "it").read_text() == "mine"


def test_a_failure_half_way_leaves_nothing_new(tmp_path, monkeypatch):
    def fail(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "rename", fail)
    with pytest.raises(UserError, match="No space left"):
        write(tmp_path / "it", FILES, MARK)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("image", ["tensorflow/serving:2.21.0", "registry:5000/serving:2.19.1"])
def test_an_image_with_a_version_is_taken(image):
    assert pinned_image(image) == image


@pytest.mark.parametrize(
    "image",
    [
        "tensorflow/serving",
        "tensorflow/serving:latest",
        "host:5000/serving",
        "a b:1",
        ":1",
        "x:1\ny",
    ],
)
def test_an_image_without_a_version_is_refused(image):
    with pytest.raises(UserError, match="which version is meant"):
        pinned_image(image)


@pytest.mark.parametrize("memory", ["2", "0Gi", "2G", "-1Gi", "1.5Gi", "lots"])
def test_an_amount_that_is_none_is_refused(memory):
    with pytest.raises(UserError, match="no amount of memory"):
        mebibytes(memory)


LABEL = r"[a-z]([-a-z0-9]*[a-z0-9])?"


@given(st.text())
def test_every_name_becomes_a_label(name):
    label = kubernetes_name(name)
    assert re.fullmatch(LABEL, label)
    assert len(f"{label}-models") <= 63
    assert kubernetes_name(label) == label

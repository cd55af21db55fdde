import hashlib
import json

import pytest

from kit.errors import UserError
from kit.exports import damages, version_folder, write_manifest
from kit.exports._version_folder import MANIFEST


@pytest.fixture
def version(tmp_path):
    folder = tmp_path / "1"
    for name, content in {"saved_model.pb": b"graph", "variables/data ć": b"weights"}.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    (folder / "assets.extra").mkdir()
    write_manifest(folder)
    return folder


def test_it_notes_size_and_sha256_of_every_file_but_itself(version):
    files = json.loads((version / MANIFEST).read_text())["files"]
    assert files == {
        "saved_model.pb": {"bytes": 5, "sha256": hashlib.sha256(b"graph").hexdigest()},
        "variables/data ć": {"bytes": 7, "sha256": hashlib.sha256(b"weights").hexdigest()},
    }
    assert damages(version) == []
    write_manifest(version)
    assert damages(version) == []


def test_a_version_may_move(version, tmp_path):
    assert damages(version.rename(tmp_path / "2")) == []


def test_each_damage_is_one_sentence_that_names_the_file(version):
    (version / "saved_model.pb").unlink()
    (version / "variables" / "data ć").write_bytes(b"Weights")
    (version / "assets").mkdir()
    (version / "assets" / "new").symlink_to("nowhere")
    assert damages(version) == [
        "saved_model.pb is missing",
        "assets/new is not part of the export",
        "variables/data ć was changed after the export",
    ]


def test_another_length(version):
    (version / "saved_model.pb").write_bytes(b"gra")
    assert damages(version) == ["saved_model.pb has 3 bytes, 5 were written"]


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"{}", b'{"files": []}', b'{"files": {"a": 1}}', b"\xff\xfe", b"null"],
)
def test_a_manifest_that_cannot_be_read(version, content):
    (version / MANIFEST).write_bytes(content)
    (damage,) = damages(version)
    assert damage.startswith("assets.extra/manifest.json cannot be read: ")


def test_none_at_all(version):
    (version / MANIFEST).unlink()
    (damage,) = damages(version)
    assert "manifest.json is missing" in damage


def test_a_name_outside_of_the_version_is_never_opened(version):
    fact = {"bytes": 1, "sha256": ""}
    (version / MANIFEST).write_text(json.dumps({"files": {"../2/file": fact}}))
    assert "../2/file is missing" in damages(version)


def versions(folder, *names):
    for name in names:
        (folder / name).mkdir()
        (folder / name / "saved_model.pb").write_text("")
    return folder


def test_the_newest_version_by_number(tmp_path):
    assert version_folder(versions(tmp_path, "9", "11", "10")) == tmp_path / "11"


def test_a_version_is_itself(tmp_path):
    versions(tmp_path, "1", "2")
    assert version_folder(tmp_path / "1") == tmp_path / "1"


def test_what_is_no_version_is_passed_over(tmp_path):
    versions(tmp_path, "3", "4.draft", ".draft-9", "notes")
    (tmp_path / "5").mkdir()
    (tmp_path / "6").write_text("")
    assert version_folder(tmp_path) == tmp_path / "3"


@pytest.mark.parametrize("name", ["missing", "empty", "file"])
def test_where_there_is_none_the_error_says_what_was_expected(tmp_path, name):
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="No exported model here") as raised:
        version_folder(tmp_path / name)
    assert f"where: {tmp_path / name}" in str(raised.value)
    assert "expected: a folder with saved_model.pb" in str(raised.value)
    assert "remedy: Train one" in str(raised.value)

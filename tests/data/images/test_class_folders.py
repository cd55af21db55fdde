import pytest

from kit.data.images import open_images
from kit.errors import UserError
from tests.data.images.files import class_folders


def test_a_folder_is_a_class(tmp_path):
    folder = class_folders(tmp_path, count=2)
    (folder / "dark" / ".DS_Store").write_bytes(b"x")
    (folder / "light" / "more").mkdir()
    (folder / "light" / "more" / "x.png").write_bytes(b"x")
    source = open_images(str(folder))
    assert list(source.labels) == ["dark", "dark", "light", "light", "light"]
    assert source.parts is None


def test_folders_train_and_test_are_a_split(tmp_path):
    for part in ("train", "test"):
        class_folders(tmp_path / part, count=1)
    source = open_images(str(tmp_path))
    assert sorted(source.parts) == ["test", "test", "train", "train"]
    assert set(source.labels) == {"dark", "light"}


def test_a_folder_without_folders_is_refused(tmp_path):
    (tmp_path / "a.png").write_bytes(b"x")
    with pytest.raises(UserError, match=r"holds no folders with files[\s\S]*path,label"):
        open_images(str(tmp_path))

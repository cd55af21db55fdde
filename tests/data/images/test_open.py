import pytest

from kit.data.images import open_images
from kit.errors import UserError


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("fashion-mnist", "Did you mean fashion-mnist-part?"),
        ("no/where", "There is no file, folder or built-in data set"),
        ("", "There is no file"),
    ],
)
def test_unknown_names(name, said):
    with pytest.raises(UserError, match=said):
        open_images(name)


def test_a_file_that_is_no_table(tmp_path):
    (tmp_path / "a.png").write_bytes(b"x")
    with pytest.raises(UserError, match="no table of images"):
        open_images(str(tmp_path / "a.png"))

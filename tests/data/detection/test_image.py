import pytest

from kit.data.detection import DetectionImage
from kit.data.detection._image import Repairs, size_of
from kit.errors import UserError
from tests.data.detection.boxed import image


def test_bytes_come_from_memory_or_a_file(tmp_path):
    content = image()
    file = tmp_path / "a.png"
    file.write_bytes(content)
    assert size_of("a", content) == size_of("a", file) == (40, 30)
    for where in (content, file):
        assert DetectionImage("a", where, (40, 30), None, None).encoded() == content


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"no image at all", "It is not an image"),
        (image()[:300], "The image cannot be decoded"),
        (image(kind="JPEG", mode="CMYK"), "of a kind not known here: JPEG CMYK"),
        (image(kind="TIFF"), "of a kind not known here: TIFF"),
    ],
)
def test_what_cannot_be_decoded_is_named(tmp_path, content, what):
    file = tmp_path / "bad.jpg"
    file.write_bytes(content)
    with pytest.raises(UserError, match=what) as raised:
        size_of("bad", file)
    assert raised.value.where == str(file)
    assert "--on-bad-file skip" in raised.value.remedy


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(UserError, match="no such file") as raised:
        size_of("a", tmp_path / "a.png")
    assert "a.png" in raised.value.where


def test_repairs_name_the_first_places():
    repairs = Repairs()
    for name in "abcdd":
        repairs.note("boxes dropped", name)
    assert repairs.lines() == ["5 boxes dropped: a, b, c ..."]

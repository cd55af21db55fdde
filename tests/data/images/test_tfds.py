import pytest

from kit.data.images import _tfds, open_images
from kit.errors import UserError


def test_a_data_set_without_images_is_refused(monkeypatch):
    class Info:
        features = {"text": None, "label": None}  # noqa: RUF012

    class Builder:
        info = Info()

    monkeypatch.setattr(_tfds, "prepared", lambda name, where: Builder())
    with pytest.raises(UserError, match="has no image") as error:
        open_images("tfds:reviews")
    assert "found: text, label" in error.value.expected

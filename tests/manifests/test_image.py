import pytest

from kit.errors import UserError
from kit.manifests import pinned_image


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

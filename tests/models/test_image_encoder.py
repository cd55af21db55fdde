import pytest

from kit.models import ImageEncoder
from tests.layers.harness import check_layer
from tests.layers.maps import maps


@pytest.mark.parametrize("architecture", ["resnet", "convnext"])
def test_layer_contract(architecture):
    check_layer(
        lambda **k: ImageEncoder(architecture, [4, 6], **k),
        maps(3, 12, 9, 3),
        tolerance=1e-4,
    )


def test_each_stage_halves_what_the_stem_left():
    found = ImageEncoder(widths=[4, 6, 8], stem_strides=2, squeeze=2)(maps(1, 50, 40, 3))
    shapes = {name: tuple(value.shape[1:]) for name, value in found.items()}
    assert shapes == {"stage_1": (13, 10, 4), "stage_2": (7, 5, 6), "stage_3": (4, 3, 8)}


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"architecture": "vgg"}, "resnet or convnext; got 'vgg'"),
        ({"widths": [4, 8], "blocks": [1]}, "2 stages, but blocks for 1"),
    ],
)
def test_settings_that_do_not_fit_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        ImageEncoder(**settings)

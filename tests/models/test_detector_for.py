import sys
import warnings

import numpy as np
import pytest

from kit.data.detection import DetectionData, DetectionImage
from kit.errors import UserError
from kit.models import Detector
from tests.data.detection.boxed import image


def data(height, width):
    """An image of one box."""
    boxes, labels = np.array([[1.0, 2.0, 30.0, 40.0]], np.float32), np.array([0], np.int32)
    one = DetectionImage("a", image(size=(width, height)), (width, height), boxes, labels)
    return DetectionData("here", ["a"], [one], [one], [one], "given", [], "")


def test_without_keras_hub_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "keras_hub", None)
    with pytest.raises(UserError, match="keras-hub, which is not installed"):
        Detector.for_dataset(data(64, 64), backbone="resnet_18_imagenet")


def test_a_folder_with_a_backbone_is_taken_with_its_maps(tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        keras_hub = pytest.importorskip("keras_hub")
        backbone = keras_hub.models.ResNetBackbone(
            input_conv_filters=[64],
            input_conv_kernel_sizes=[7],
            stackwise_num_filters=[64, 8, 8, 8],
            stackwise_num_blocks=[1, 1, 1, 1],
            stackwise_num_strides=[1, 2, 2, 2],
            block_type="basic_block",
        )
        backbone.save_to_preset(str(tmp_path))
        model = Detector.for_dataset(data(64, 96), dim=4, backbone=str(tmp_path))
    logits, _ = model(np.zeros((2, 64, 96, 3), np.uint8))
    assert logits.shape == (2, 8 * 12 + 4 * 6 + 2 * 3, 1)
    assert model.encoder.trainable_weights


@pytest.mark.parametrize("sides", [(None, None, 3), (64, 64, 3)])
def test_of_a_detector_of_keras_hub_the_pyramid_is_taken(tmp_path, sides):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        keras_hub = pytest.importorskip("keras_hub")
        encoder = keras_hub.models.ResNetBackbone(
            input_conv_filters=[64],
            input_conv_kernel_sizes=[7],
            stackwise_num_filters=[64, 8, 8, 8],
            stackwise_num_blocks=[1, 1, 1, 1],
            stackwise_num_strides=[1, 2, 2, 2],
            block_type="basic_block",
            image_shape=sides,
        )
        backbone = keras_hub.models.RetinaNetBackbone(
            image_encoder=encoder, min_level=3, max_level=7, use_p5=False, image_shape=sides
        )
        backbone.save_to_preset(str(tmp_path))
        if sides[0] is not None:
            with pytest.raises(UserError, match="images of 64x64 only"):
                Detector.for_dataset(data(64, 96), dim=4, backbone=str(tmp_path))
            return
        model = Detector.for_dataset(data(64, 96), dim=4, backbone=str(tmp_path))
    logits, _ = model(np.zeros((2, 64, 96, 3), np.uint8))
    assert logits.shape == (2, 8 * 12 + 4 * 6 + 2 * 3, 1)

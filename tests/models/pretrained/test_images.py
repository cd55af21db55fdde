import sys

import numpy as np
import pytest

from kit.errors import UserError
from kit.models import ImageClassifier
from kit.models.pretrained import pretrained_encoder


def save_tiny_resnet(folder, with_converter=True):
    """A backbone as keras-hub writes it, small and not trained."""
    hub = pytest.importorskip("keras_hub", reason="the extra `pretrained` is not installed")
    backbone = hub.models.ResNetBackbone(
        input_conv_filters=[64],
        input_conv_kernel_sizes=[3],
        stackwise_num_filters=[64],
        stackwise_num_blocks=[1],
        stackwise_num_strides=[1],
        block_type="basic_block",
    )
    backbone.save_to_preset(str(folder))
    if with_converter:
        converter = hub.layers.ResNetImageConverter(
            image_size=(16, 16), scale=1 / 127.5, offset=-1.0
        )
        converter.save_to_preset(str(folder))
    return backbone


@pytest.mark.filterwarnings("default")
def test_a_preset_is_loaded_from_a_folder(tmp_path):
    backbone = save_tiny_resnet(tmp_path)
    found = pretrained_encoder(str(tmp_path))
    assert found.size == (16, 16)
    assert found.scale == pytest.approx([1 / 127.5] * 3)
    assert found.offset == [-1.0] * 3
    images = np.ones((2, 16, 16, 3), np.float32)
    np.testing.assert_allclose(found.encoder(images), backbone(images), atol=1e-6)
    model = ImageClassifier(found.encoder, 3, found.scale, found.offset, is_pretrained=True)
    assert model(images).shape == (2, 3)
    model.encoder.trainable = False
    assert [weight.path for weight in model.trainable_weights] == [
        weight.path for weight in model.head.weights
    ]


@pytest.mark.filterwarnings("default")
def test_without_a_converter_values_go_from_0_to_1(tmp_path):
    save_tiny_resnet(tmp_path, with_converter=False)
    found = pretrained_encoder(str(tmp_path))
    assert (found.size, found.scale[0], found.offset[0]) == (None, 1 / 255, 0.0)


@pytest.mark.filterwarnings("default")
def test_a_backbone_of_texts_is_refused(tmp_path):
    hub = pytest.importorskip("keras_hub", reason="the extra `pretrained` is not installed")
    text = hub.models.BertBackbone(
        vocabulary_size=8, num_layers=1, num_heads=1, hidden_dim=4, intermediate_dim=4
    )
    text.save_to_preset(str(tmp_path))
    with pytest.raises(UserError, match="BertBackbone, which takes no images"):
        pretrained_encoder(str(tmp_path))


def test_a_folder_that_is_not_there_or_has_no_preset(tmp_path):
    pytest.importorskip("keras_hub", reason="the extra `pretrained` is not installed")
    with pytest.raises(UserError, match="there is no such folder"):
        pretrained_encoder(str(tmp_path / "no"))
    with pytest.raises(UserError, match="cannot be loaded"):
        pretrained_encoder(str(tmp_path))


def test_without_keras_hub_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "keras_hub", None)
    with pytest.raises(UserError, match=r"pip install keras-application-kit\[pretrained\]"):
        pretrained_encoder("resnet_18_imagenet")

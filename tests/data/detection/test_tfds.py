import numpy as np
import pytest
import tensorflow_datasets as tfds

from kit.data.detection import open_detection
from kit.errors import UserError


class Picked(tfds.core.GeneratorBasedBuilder):
    """No boxes in it."""

    VERSION = tfds.core.Version("1.0.0")

    def _info(self):
        features = tfds.features.FeaturesDict({"image": tfds.features.Image()})
        return tfds.core.DatasetInfo(builder=self, features=features)

    def _split_generators(self, dl_manager):
        return {"train": self._generate_examples()}

    def _generate_examples(self):
        yield 0, {"image": np.zeros((2, 2, 3), np.uint8)}


def test_a_data_set_without_boxes_is_an_error(tmp_path, monkeypatch):
    monkeypatch.setenv("NO_GCE_CHECK", "true")
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path))
    with pytest.raises(UserError, match="The data set has no boxes") as raised:
        open_detection("tfds:picked")
    assert raised.value.where == "tfds:picked"
    assert "tfds:voc/2007" in raised.value.remedy

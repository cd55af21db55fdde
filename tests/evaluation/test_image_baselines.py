import numpy as np

from kit.data.images import ImageSource, split_images
from kit.evaluation import image_baselines


def test_brightness_is_seen_by_the_linear_model_and_not_by_the_shares():
    rng = np.random.default_rng(0)
    labels = np.array(["dark", "light", "light"] * 100)
    level = np.where(labels == "dark", 80, 170)[:, None, None, None]
    pixels = np.clip(level + rng.normal(0, 40, (300, 16, 16, 3)), 0, 255).astype(np.uint8)
    names = [str(n) for n in range(300)]
    data = split_images(ImageSource("some", pixels, names, labels.tolist(), None, ""))
    found = image_baselines(data)
    np.testing.assert_allclose(found["most frequent"].probabilities[0], [1 / 3, 2 / 3])
    assert found["most frequent"].summary()["accuracy"] == 2 / 3
    assert found["pixels, linear"].summary()["accuracy"] > 0.95

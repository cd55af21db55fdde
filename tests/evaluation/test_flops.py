import keras

from kit.evaluation import count_flops
from kit.layers import ConvNextBlock
from kit.models import ImageClassifier, ImageEncoder


def test_convolutions_and_products_are_counted():
    layers = keras.layers
    model = keras.Sequential(
        [
            layers.Conv2D(4, 3, strides=2, padding="same"),
            layers.DepthwiseConv2D(3, padding="same"),
            layers.Flatten(),
            layers.Dense(5),
        ]
    )
    by_hand = 16 * 4 * 9 * 3 + 16 * 4 * 9 + 64 * 5
    assert count_flops(model, (8, 8, 3)) == 2 * by_hand


def test_layers_of_ours_are_counted():
    block = ConvNextBlock(kernel=3, expansion=2)
    model = keras.Sequential([keras.Input((5, 4, 6)), block])
    assert count_flops(model, (5, 4, 6)) == 2 * 20 * (9 * 6 + 2 * 6 * 12)
    classifier = ImageClassifier(ImageEncoder(widths=[8]), 3)
    by_hand = 64 * 9 * 4 + 16 * 9 * (4 * 8 + 8 * 8) + 16 * 4 * 8 + 8 * 3
    assert count_flops(classifier, (8, 8, 1)) == 2 * by_hand

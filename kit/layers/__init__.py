"""Keras blocks that models are composed from."""

from kit.layers._embedding import Embedding as Embedding
from kit.layers._feature_bag import FeatureBag as FeatureBag
from kit.layers._number_embedding import NumberEmbedding as NumberEmbedding
from kit.layers._pooling import MaskedPooling as MaskedPooling

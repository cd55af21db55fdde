"""Keras blocks that models are composed from."""

from kit.layers._attention_pooling import AttentionPooling as AttentionPooling
from kit.layers._convolution_encoder import ConvolutionEncoder as ConvolutionEncoder
from kit.layers._embedding import Embedding as Embedding
from kit.layers._feature_bag import FeatureBag as FeatureBag
from kit.layers._feed_forward import FeedForward as FeedForward
from kit.layers._hstu_block import HSTUBlock as HSTUBlock
from kit.layers._last_pooling import LastPooling as LastPooling
from kit.layers._pooling import MaskedPooling as MaskedPooling
from kit.layers._recurrent_encoder import RecurrentEncoder as RecurrentEncoder
from kit.layers._relative_time import RelativeTimeBias as RelativeTimeBias
from kit.layers._self_attention import SelfAttention as SelfAttention
from kit.layers._transformer_block import TransformerBlock as TransformerBlock

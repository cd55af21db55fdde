"""Keras layers that the models are composed of."""

from typing import TYPE_CHECKING

from kit import _backend as _backend
from kit._lazy import lazy_names

if TYPE_CHECKING:
    from kit.layers._attention import CrossAttention as CrossAttention
    from kit.layers._attention import RelativeTimeBias as RelativeTimeBias
    from kit.layers._attention import SelfAttention as SelfAttention
    from kit.layers._attention import attention_mask as attention_mask
    from kit.layers._attention import merge_heads as merge_heads
    from kit.layers._attention import rotated as rotated
    from kit.layers._attention import split_heads as split_heads
    from kit.layers._bilinear_fusion import BilinearFusion as BilinearFusion
    from kit.layers._convnext_block import ConvNextBlock as ConvNextBlock
    from kit.layers._convolution_block import ConvolutionBlock as ConvolutionBlock
    from kit.layers._convolution_block import ResidualBlock as ResidualBlock
    from kit.layers._convolution_block import SeparableBlock as SeparableBlock
    from kit.layers._convolution_block import SqueezeExcite as SqueezeExcite
    from kit.layers._convolution_encoder import ConvolutionEncoder as ConvolutionEncoder
    from kit.layers._cross_network import CrossNetwork as CrossNetwork
    from kit.layers._decoder_block import DecoderBlock as DecoderBlock
    from kit.layers._detection_head import DetectionHead as DetectionHead
    from kit.layers._embedding import Embedding as Embedding
    from kit.layers._embedding import shards_on as shards_on
    from kit.layers._factorization_machine import FactorizationMachine as FactorizationMachine
    from kit.layers._feature_bag import FeatureBag as FeatureBag
    from kit.layers._feature_gate import FeatureGate as FeatureGate
    from kit.layers._feature_pyramid import FeaturePyramid as FeaturePyramid
    from kit.layers._feed_forward import FeedForward as FeedForward
    from kit.layers._history_query import HistoryQuery as HistoryQuery
    from kit.layers._hstu_block import HSTUBlock as HSTUBlock
    from kit.layers._integer_ids import integer_ids as integer_ids
    from kit.layers._interacting_attention import InteractingAttention as InteractingAttention
    from kit.layers._letterbox import GREY as GREY
    from kit.layers._letterbox import letterbox as letterbox
    from kit.layers._mixture_of_experts import MixtureOfExperts as MixtureOfExperts
    from kit.layers._number_embedding import NumberEmbedding as NumberEmbedding
    from kit.layers._perceptron import Perceptron as Perceptron
    from kit.layers._pooling import AttentionPooling as AttentionPooling
    from kit.layers._pooling import LastPooling as LastPooling
    from kit.layers._pooling import MaskedPooling as MaskedPooling
    from kit.layers._recurrent_encoder import BidirectionalEncoder as BidirectionalEncoder
    from kit.layers._recurrent_encoder import RecurrentEncoder as RecurrentEncoder
    from kit.layers._target_attention import TargetAttention as TargetAttention
    from kit.layers._transformer_block import TransformerBlock as TransformerBlock

__getattr__, __dir__ = lazy_names(__name__, __file__)

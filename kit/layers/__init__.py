"""Keras blocks that models are composed from."""

from kit.layers._bilinear_fusion import BilinearFusion as BilinearFusion
from kit.layers._cross_network import CrossNetwork as CrossNetwork
from kit.layers._embedding import Embedding as Embedding
from kit.layers._factorization_machine import FactorizationMachine as FactorizationMachine
from kit.layers._feature_bag import FeatureBag as FeatureBag
from kit.layers._feature_gate import FeatureGate as FeatureGate
from kit.layers._interacting_attention import InteractingAttention as InteractingAttention
from kit.layers._mixture_of_experts import MixtureOfExperts as MixtureOfExperts
from kit.layers._number_embedding import NumberEmbedding as NumberEmbedding
from kit.layers._perceptron import Perceptron as Perceptron
from kit.layers._pooling import MaskedPooling as MaskedPooling
from kit.layers._target_attention import TargetAttention as TargetAttention

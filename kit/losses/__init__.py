"""Training losses of retrieval."""

from kit.losses._full_softmax import full_softmax as full_softmax
from kit.losses._full_softmax import multi_hot as multi_hot
from kit.losses._listwise_softmax import ListwiseSoftmax as ListwiseSoftmax
from kit.losses._sampled_softmax import sampled_softmax as sampled_softmax

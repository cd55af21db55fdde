"""Training losses."""

from kit import _backend as _backend
from kit.losses._boxes import giou as giou
from kit.losses._boxes import iou as iou
from kit.losses._focal import quality_focal as quality_focal
from kit.losses._full_softmax import full_softmax as full_softmax
from kit.losses._full_softmax import multi_hot as multi_hot
from kit.losses._gbce import gbce as gbce
from kit.losses._listwise_softmax import ListwiseSoftmax as ListwiseSoftmax
from kit.losses._masked_binary_crossentropy import (
    masked_binary_crossentropy as masked_binary_crossentropy,
)
from kit.losses._sampled_softmax import sampled_softmax as sampled_softmax

"""Training losses."""

from kit import _backend as _backend
from kit.losses._boxes import generalized_overlap as generalized_overlap
from kit.losses._boxes import overlap as overlap
from kit.losses._focal import quality_focal as quality_focal
from kit.losses._full_softmax import full_softmax as full_softmax
from kit.losses._full_softmax import multi_hot as multi_hot
from kit.losses._gbce import gbce as gbce
from kit.losses._known_crossentropy import known_crossentropy as known_crossentropy
from kit.losses._listwise_softmax import ListwiseSoftmax as ListwiseSoftmax
from kit.losses._sampled_softmax import sampled_softmax as sampled_softmax

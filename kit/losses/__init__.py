"""Training losses."""

from typing import TYPE_CHECKING

from kit import _backend as _backend
from kit._lazy import lazy_names

if TYPE_CHECKING:
    from kit.losses._binary import gbce as gbce
    from kit.losses._binary import masked_binary_crossentropy as masked_binary_crossentropy
    from kit.losses._binary import quality_focal as quality_focal
    from kit.losses._boxes import giou as giou
    from kit.losses._boxes import iou as iou
    from kit.losses._softmax import ListwiseSoftmax as ListwiseSoftmax
    from kit.losses._softmax import full_softmax as full_softmax
    from kit.losses._softmax import multi_hot as multi_hot
    from kit.losses._softmax import sampled_softmax as sampled_softmax

__getattr__, __dir__ = lazy_names(__name__, __file__)

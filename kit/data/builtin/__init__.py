"""The data sets that come with the kit, and their TFDS builders."""

from typing import TYPE_CHECKING

from kit._lazy import lazy_names

if TYPE_CHECKING:
    from kit.data.builtin._builders import Bccd as Bccd
    from kit.data.builtin._builders import FashionMnistPart as FashionMnistPart
    from kit.data.builtin._builders import InVehicleCoupon as InVehicleCoupon
    from kit.data.builtin._builders import OnlineRetail as OnlineRetail
    from kit.data.builtin._builders import ScitldrPart as ScitldrPart
    from kit.data.builtin._builders import SentimentLabelledSentences as SentimentLabelledSentences
    from kit.data.builtin._builders import TatoebaEngFraPart as TatoebaEngFraPart

__getattr__, __dir__ = lazy_names(__name__, __file__)

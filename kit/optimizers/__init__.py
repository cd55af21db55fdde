"""Optimizers that are exact and efficient for embedding tables."""

from typing import TYPE_CHECKING

from kit import _backend as _backend
from kit._lazy import lazy_names

if TYPE_CHECKING:
    from kit.optimizers._gradients import clip as clip
    from kit.optimizers._gradients import sum_repeated as sum_repeated
    from kit.optimizers._lazy_adagrad import LazyAdagrad as LazyAdagrad
    from kit.optimizers._lazy_adam import LazyAdam as LazyAdam
    from kit.optimizers._lazy_adam import LazyAdamW as LazyAdamW
    from kit.optimizers._loss_scale import LossScale as LossScale
    from kit.optimizers._schedules import warm_up_cosine as warm_up_cosine
    from kit.optimizers._static_shapes import compiled_by_xla as compiled_by_xla
    from kit.optimizers._static_shapes import total_of_each_place as total_of_each_place

__getattr__, __dir__ = lazy_names(__name__, __file__)

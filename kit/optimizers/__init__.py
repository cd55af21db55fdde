"""Optimizers that are right and cheap on embedding tables."""

from kit import _backend as _backend
from kit.optimizers._lazy_adagrad import LazyAdagrad as LazyAdagrad
from kit.optimizers._lazy_adam import LazyAdam as LazyAdam
from kit.optimizers._lazy_adam import LazyAdamW as LazyAdamW
from kit.optimizers._loss_scale import LossScale as LossScale

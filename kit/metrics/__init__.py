"""Metrics, computed exactly by their definitions in NumPy.

Scores, probabilities and values must be finite, and binary labels 0 or 1; anything else raises
`InvalidInputError`, a `ValueError`. The result is nan only where a metric is undefined: without
rows, or with rows of a single class.
"""

from typing import TYPE_CHECKING

from kit._lazy import lazy_names

if TYPE_CHECKING:
    from kit.metrics._bootstrap import Estimate as Estimate
    from kit.metrics._bootstrap import Estimates as Estimates
    from kit.metrics._bootstrap import bootstrap_interval as bootstrap_interval
    from kit.metrics._bootstrap import bootstrap_intervals as bootstrap_intervals
    from kit.metrics._checks import InvalidInputError as InvalidInputError
    from kit.metrics._checks import check_binary as check_binary
    from kit.metrics._checks import check_classes as check_classes
    from kit.metrics._checks import check_finite as check_finite
    from kit.metrics._classification import auc as auc
    from kit.metrics._classification import bootstrap_aucs as bootstrap_aucs
    from kit.metrics._classification import calibration_error as calibration_error
    from kit.metrics._classification import grouped_auc as grouped_auc
    from kit.metrics._classification import grouped_aucs as grouped_aucs
    from kit.metrics._classification import log_losses as log_losses
    from kit.metrics._classification import reliability as reliability
    from kit.metrics._clustering import adjusted_rand as adjusted_rand
    from kit.metrics._off_policy import DOUBLY_ROBUST as DOUBLY_ROBUST
    from kit.metrics._off_policy import IPS as IPS
    from kit.metrics._off_policy import SNIPS as SNIPS
    from kit.metrics._off_policy import OffPolicyValue as OffPolicyValue
    from kit.metrics._off_policy import doubly_robust as doubly_robust
    from kit.metrics._off_policy import ips as ips
    from kit.metrics._off_policy import resampled as resampled
    from kit.metrics._off_policy import snips as snips
    from kit.metrics._ranking import ranking_metrics as ranking_metrics
    from kit.metrics._uplift import UpliftCurve as UpliftCurve
    from kit.metrics._uplift import auuc as auuc
    from kit.metrics._uplift import qini as qini

__getattr__, __dir__ = lazy_names(__name__, __file__)

"""Metrics by their definitions."""

from kit.metrics._bootstrap import bootstrap_interval as bootstrap_interval
from kit.metrics._bootstrap import bootstrap_intervals as bootstrap_intervals
from kit.metrics._classification import auc as auc
from kit.metrics._classification import bootstrap_aucs as bootstrap_aucs
from kit.metrics._classification import calibration_error as calibration_error
from kit.metrics._classification import grouped_auc as grouped_auc
from kit.metrics._classification import grouped_aucs as grouped_aucs
from kit.metrics._classification import log_losses as log_losses
from kit.metrics._classification import reliability as reliability
from kit.metrics._ranking import ranking_metrics as ranking_metrics

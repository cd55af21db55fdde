"""Evaluation of classifiers of texts: baselines, explanations, the report."""

from kit.evaluation.texts._baselines import text_baselines as text_baselines
from kit.evaluation.texts._integrated_gradients import (
    integrated_gradients as integrated_gradients,
)
from kit.evaluation.texts._predictions import probabilities_of_texts as probabilities_of_texts
from kit.evaluation.texts._report import TextReport as TextReport
from kit.evaluation.texts._report import text_protocol as text_protocol
from kit.evaluation.texts._report import text_report as text_report

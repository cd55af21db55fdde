"""Evaluation: metrics with intervals, protocols, baselines and explanations."""

from typing import TYPE_CHECKING

from kit import _backend as _backend
from kit._lazy import lazy_names

if TYPE_CHECKING:
    from kit.evaluation._anomalies import ANOMALY_METRICS as ANOMALY_METRICS
    from kit.evaluation._anomalies import AnomalyDetection as AnomalyDetection
    from kit.evaluation._anomalies import detection_table as detection_table
    from kit.evaluation._anomalies import deviation_tail as deviation_tail
    from kit.evaluation._anomalies import naive_scores as naive_scores
    from kit.evaluation._anomalies import plant as plant
    from kit.evaluation._anomalies import tail_of as tail_of
    from kit.evaluation._baselines import as_good_as_best as as_good_as_best
    from kit.evaluation._baselines import baselines as baselines
    from kit.evaluation._baselines import ease as ease
    from kit.evaluation._baselines import evaluated_baselines as evaluated_baselines
    from kit.evaluation._baselines import fold_in_scorer as fold_in_scorer
    from kit.evaluation._baselines import ials as ials
    from kit.evaluation._baselines import item_knn as item_knn
    from kit.evaluation._baselines import item_weights_scorer as item_weights_scorer
    from kit.evaluation._baselines import popular as popular
    from kit.evaluation._baselines import recently_popular as recently_popular
    from kit.evaluation._calibration import calibration as calibration
    from kit.evaluation._classes import ACCURACY as ACCURACY
    from kit.evaluation._classes import BINS as BINS
    from kit.evaluation._classes import ECE as ECE
    from kit.evaluation._classes import LOSS as LOSS
    from kit.evaluation._classes import SHOWN as SHOWN
    from kit.evaluation._classes import SMALLER_IS_BETTER as SMALLER_IS_BETTER
    from kit.evaluation._classes import ClassPredictions as ClassPredictions
    from kit.evaluation._classes import probabilities_of_images as probabilities_of_images
    from kit.evaluation._classes import probabilities_of_texts as probabilities_of_texts
    from kit.evaluation._deletion import DeletionCurve as DeletionCurve
    from kit.evaluation._deletion import deletion_curve as deletion_curve
    from kit.evaluation._detection import AveragePrecision as AveragePrecision
    from kit.evaluation._detection import DetectionPredictor as DetectionPredictor
    from kit.evaluation._detection import Detections as Detections
    from kit.evaluation._detection import above as above
    from kit.evaluation._detection import average_precision as average_precision
    from kit.evaluation._detection import best_score as best_score
    from kit.evaluation._detection import matched as matched
    from kit.evaluation._evaluate import Evaluation as Evaluation
    from kit.evaluation._evaluate import Scorer as Scorer
    from kit.evaluation._evaluate import evaluate as evaluate
    from kit.evaluation._evaluate import evaluate_lists as evaluate_lists
    from kit.evaluation._evaluate import measured as measured
    from kit.evaluation._evaluate import retrieval_scorer as retrieval_scorer
    from kit.evaluation._evaluate import top_items as top_items
    from kit.evaluation._explain import coloured as coloured
    from kit.evaluation._explain import grad_cam as grad_cam
    from kit.evaluation._explain import integrated_gradients as integrated_gradients
    from kit.evaluation._explain import word_weights as word_weights
    from kit.evaluation._factorization import choose_factorization as choose_factorization
    from kit.evaluation._flops import TRAIN_TO_FORWARD_RATIO as TRAIN_TO_FORWARD_RATIO
    from kit.evaluation._flops import count_flops as count_flops
    from kit.evaluation._forecast_baselines import forecast_baselines as forecast_baselines
    from kit.evaluation._forecast_baselines import seasonal_naive as seasonal_naive
    from kit.evaluation._forecast_fit import calibrate_quantiles as calibrate_quantiles
    from kit.evaluation._forecast_fit import choose_correction as choose_correction
    from kit.evaluation._forecast_fit import fit_ridge as fit_ridge
    from kit.evaluation._forecast_fit import forecasts_of as forecasts_of
    from kit.evaluation._forecast_fit import inputs_of as inputs_of
    from kit.evaluation._forecast_fit import phases_of as phases_of
    from kit.evaluation._forecast_fit import windows_of as windows_of
    from kit.evaluation._forecast_table import read_forecasts as read_forecasts
    from kit.evaluation._forecasting import FORECAST_METRICS as FORECAST_METRICS
    from kit.evaluation._forecasting import LEVELS as LEVELS
    from kit.evaluation._forecasting import Forecasts as Forecasts
    from kit.evaluation._forecasting import Scales as Scales
    from kit.evaluation._forecasting import forecast_protocol as forecast_protocol
    from kit.evaluation._forecasting import nan_mean as nan_mean
    from kit.evaluation._forecasting import point_metric as point_metric
    from kit.evaluation._forecasting import series_classes as series_classes
    from kit.evaluation._generation import GeneratedTexts as GeneratedTexts
    from kit.evaluation._generation import Summaries as Summaries
    from kit.evaluation._generation import Translations as Translations
    from kit.evaluation._generation import intervals_of as intervals_of
    from kit.evaluation._generation import token_accuracy as token_accuracy
    from kit.evaluation._generation_baselines import TfIdf as TfIdf
    from kit.evaluation._generation_baselines import sentence_scores as sentence_scores
    from kit.evaluation._generation_baselines import summary_baselines as summary_baselines
    from kit.evaluation._generation_baselines import translation_baselines as translation_baselines
    from kit.evaluation._image_baselines import image_baselines as image_baselines
    from kit.evaluation._item_regression import AddedRegression as AddedRegression
    from kit.evaluation._item_regression import RegressionSettings as RegressionSettings
    from kit.evaluation._item_regression import check_half_life as check_half_life
    from kit.evaluation._item_regression import choose_half_life as choose_half_life
    from kit.evaluation._item_regression import choose_item_weights as choose_item_weights
    from kit.evaluation._item_regression import choose_regression as choose_regression
    from kit.evaluation._item_regression import softmax_scale as softmax_scale
    from kit.evaluation._metric_tokenizers import BLEU_TOKENIZERS as BLEU_TOKENIZERS
    from kit.evaluation._metric_tokenizers import RougeTokenizer as RougeTokenizer
    from kit.evaluation._metric_tokenizers import bleu_tokenizer as bleu_tokenizer
    from kit.evaluation._orders import OrderBacktest as OrderBacktest
    from kit.evaluation._orders import OrderRule as OrderRule
    from kit.evaluation._orders import OrderTerms as OrderTerms
    from kit.evaluation._orders import backtest_orders as backtest_orders
    from kit.evaluation._orders import totals_of as totals_of
    from kit.evaluation._orders import usual_orders as usual_orders
    from kit.evaluation._ranking_task import RankingTask as RankingTask
    from kit.evaluation._ranking_task import affordable_users as affordable_users
    from kit.evaluation._ranking_task import ranking_task as ranking_task
    from kit.evaluation._ranking_task import valid_task as valid_task
    from kit.evaluation._tabular import AUC as AUC
    from kit.evaluation._tabular import Classification as Classification
    from kit.evaluation._tabular import Predictions as Predictions
    from kit.evaluation._tabular import logits_of as logits_of
    from kit.evaluation._tabular import probabilities_of as probabilities_of
    from kit.evaluation._tabular_baselines import (
        classification_baselines as classification_baselines,
    )
    from kit.evaluation._text_baselines import text_baselines as text_baselines
    from kit.evaluation._trend import Trend as Trend
    from kit.evaluation._trend import choose_trend as choose_trend
    from kit.evaluation._two_stage import CandidateLists as CandidateLists
    from kit.evaluation._two_stage import candidate_features as candidate_features
    from kit.evaluation._two_stage import candidate_lists as candidate_lists
    from kit.evaluation._two_stage import choose_weight as choose_weight
    from kit.evaluation._two_stage import difference_in_words as difference_in_words
    from kit.evaluation._two_stage import ranked_lists as ranked_lists
    from kit.evaluation._two_stage import with_diversity as with_diversity

__getattr__, __dir__ = lazy_names(__name__, __file__)

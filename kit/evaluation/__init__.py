"""Full-ranking evaluation, baselines and the report."""

from typing import TYPE_CHECKING

from kit import _backend as _backend
from kit._lazy import lazy_names

if TYPE_CHECKING:
    from kit.evaluation._baselines import baselines as baselines
    from kit.evaluation._baselines import ease as ease
    from kit.evaluation._baselines import evaluated_baselines as evaluated_baselines
    from kit.evaluation._baselines import item_knn as item_knn
    from kit.evaluation._baselines import popular as popular
    from kit.evaluation._baselines import recently_popular as recently_popular
    from kit.evaluation._calibration import calibration as calibration
    from kit.evaluation._candidate_lists import CandidateLists as CandidateLists
    from kit.evaluation._candidate_lists import candidate_features as candidate_features
    from kit.evaluation._candidate_lists import candidate_lists as candidate_lists
    from kit.evaluation._candidate_lists import ranked_lists as ranked_lists
    from kit.evaluation._class_predictions import SHOWN as SHOWN
    from kit.evaluation._class_predictions import ClassPredictions as ClassPredictions
    from kit.evaluation._classification import Classification as Classification
    from kit.evaluation._classification import Predictions as Predictions
    from kit.evaluation._classification import logits_of as logits_of
    from kit.evaluation._classification import probabilities_of as probabilities_of
    from kit.evaluation._classification_report import ClassificationReport as ClassificationReport
    from kit.evaluation._classification_report import protocol_of as protocol_of
    from kit.evaluation._evaluate import Evaluation as Evaluation
    from kit.evaluation._evaluate import Scorer as Scorer
    from kit.evaluation._evaluate import evaluate as evaluate
    from kit.evaluation._evaluate import measured as measured
    from kit.evaluation._evaluate import top_items as top_items
    from kit.evaluation._evaluate_lists import evaluate_lists as evaluate_lists
    from kit.evaluation._examples import examples as examples
    from kit.evaluation._linear_baseline import classification_baselines as classification_baselines
    from kit.evaluation._report import Example as Example
    from kit.evaluation._report import RankingReport as RankingReport
    from kit.evaluation._retrieval_scorer import retrieval_scorer as retrieval_scorer
    from kit.evaluation._second_stage import choose_weight as choose_weight
    from kit.evaluation._second_stage import difference_in_words as difference_in_words
    from kit.evaluation._second_stage import with_diversity as with_diversity
    from kit.evaluation._task import RankingTask as RankingTask
    from kit.evaluation._task import affordable_users as affordable_users
    from kit.evaluation._task import ranking_task as ranking_task
    from kit.evaluation._trend import Trend as Trend
    from kit.evaluation._trend import choose_trend as choose_trend
    from kit.evaluation._write_report import Report as Report
    from kit.evaluation._write_report import classification_report as classification_report
    from kit.evaluation._write_report import ranking_report as ranking_report

__getattr__, __dir__ = lazy_names(__name__, __file__)

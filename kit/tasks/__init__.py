"""The kinds of problems that recipes solve: how each is measured, reported and exported."""

from typing import TYPE_CHECKING

from kit._lazy import lazy_names

if TYPE_CHECKING:
    from kit.tasks._classification import ImageClassification as ImageClassification
    from kit.tasks._classification import TextClassification as TextClassification
    from kit.tasks._classification import TokenizedTexts as TokenizedTexts
    from kit.tasks._compare import ExportComparison as ExportComparison
    from kit.tasks._compare import MetricComparison as MetricComparison
    from kit.tasks._compare import compare_exports as compare_exports
    from kit.tasks._customer_value import CustomerValue as CustomerValue
    from kit.tasks._customer_value import season_line as season_line
    from kit.tasks._detection import Detection as Detection
    from kit.tasks._evaluate_export import Export as Export
    from kit.tasks._evaluate_export import ExportEvaluation as ExportEvaluation
    from kit.tasks._evaluate_export import PredictionMetrics as PredictionMetrics
    from kit.tasks._evaluate_export import number_or_none as number_or_none
    from kit.tasks._forecasting import Forecasting as Forecasting
    from kit.tasks._logged import LoggedComparison as LoggedComparison
    from kit.tasks._logged import compare_logged as compare_logged
    from kit.tasks._promotion import with_promotion as with_promotion
    from kit.tasks._retraining import overlap as overlap
    from kit.tasks._retraining import sampled_histories as sampled_histories
    from kit.tasks._retraining import start_settings as start_settings
    from kit.tasks._retraining import start_stage as start_stage
    from kit.tasks._retraining import started_lines as started_lines
    from kit.tasks._retraining import started_options as started_options
    from kit.tasks._retraining import stored_weights as stored_weights
    from kit.tasks._retrieval import Retrieval as Retrieval
    from kit.tasks._retrieval import data_lines as data_lines
    from kit.tasks._retrieval import rating_line as rating_line
    from kit.tasks._stages import best_epoch as best_epoch
    from kit.tasks._stages import fit_stages as fit_stages
    from kit.tasks._stages import train_line as train_line
    from kit.tasks._tabular import Tabular as Tabular
    from kit.tasks._task import Built as Built
    from kit.tasks._task import Comparison as Comparison
    from kit.tasks._task import Run as Run
    from kit.tasks._task import Stage as Stage
    from kit.tasks._task import Table as Table
    from kit.tasks._task import Task as Task
    from kit.tasks._tasks import TASKS as TASKS
    from kit.tasks._text2text import Generation as Generation
    from kit.tasks._text2text import Text2Text as Text2Text
    from kit.tasks._two_stage import TwoStage as TwoStage
    from kit.tasks._uplift import UpliftParts as UpliftParts
    from kit.tasks._uplift import UpliftTask as UpliftTask

__getattr__, __dir__ = lazy_names(__name__, __file__)

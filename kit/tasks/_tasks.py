"""The tasks by the names that cards of exports state."""

from kit.tasks._classification import ImageClassification, TextClassification
from kit.tasks._customer_value import CustomerValue
from kit.tasks._detection import Detection
from kit.tasks._forecasting import Forecasting
from kit.tasks._retrieval import Retrieval
from kit.tasks._tabular import Tabular
from kit.tasks._task import Task
from kit.tasks._text2text import Text2Text
from kit.tasks._two_stage import TwoStage
from kit.tasks._uplift import UpliftTask

# By the names that cards of exports state.
TASKS: dict[str, type[Task]] = {
    task.name: task
    for task in (
        Retrieval,
        TwoStage,
        Tabular,
        ImageClassification,
        TextClassification,
        Detection,
        Text2Text,
        Forecasting,
        CustomerValue,
        UpliftTask,
    )
}
"""The tasks by their names."""

"""Reports: the content of metrics.json and report.html, one module for each kind of data."""

from typing import TYPE_CHECKING

from kit._lazy import lazy_names

if TYPE_CHECKING:
    from kit.report._class_figures import classes_drawing as classes_drawing
    from kit.report._class_figures import confusion_drawing as confusion_drawing
    from kit.report._class_figures import most_mistaken as most_mistaken
    from kit.report._class_figures import short as short
    from kit.report._classes import baselines_section as baselines_section
    from kit.report._classes import best_baseline as best_baseline
    from kit.report._classes import class_headline as class_headline
    from kit.report._classes import classes_section as classes_section
    from kit.report._classes import confusion_section as confusion_section
    from kit.report._classes import confusions as confusions
    from kit.report._classes import counts_of_classes as counts_of_classes
    from kit.report._classes import counts_of_parts as counts_of_parts
    from kit.report._classes import measures_in_words as measures_in_words
    from kit.report._classes import of_classes as of_classes
    from kit.report._classes import part_facts as part_facts
    from kit.report._customer_value import ValueReport as ValueReport
    from kit.report._customer_value import value_report as value_report
    from kit.report._detection import Counts as Counts
    from kit.report._detection import DetectionReport as DetectionReport
    from kit.report._detection import detection_facts as detection_facts
    from kit.report._detection import detection_protocol as detection_protocol
    from kit.report._detection import detection_report as detection_report
    from kit.report._detection import estimates_of as estimates_of
    from kit.report._figures import comparison as comparison
    from kit.report._figures import decimals as decimals
    from kit.report._figures import long_tail as long_tail
    from kit.report._figures import shelf_shares as shelf_shares
    from kit.report._figures import training_figure as training_figure
    from kit.report._forecasting import ForecastReport as ForecastReport
    from kit.report._forecasting import forecast_report as forecast_report
    from kit.report._hierarchy import hierarchy_rows as hierarchy_rows
    from kit.report._html import counted as counted
    from kit.report._html import difference_table as difference_table
    from kit.report._html import figure as figure
    from kit.report._html import interval as interval
    from kit.report._html import metric_table as metric_table
    from kit.report._html import signed as signed
    from kit.report._html import two_columns as two_columns
    from kit.report._image_figures import as_colours as as_colours
    from kit.report._image_figures import drawn as drawn
    from kit.report._image_figures import heated as heated
    from kit.report._image_figures import mistakes_drawing as mistakes_drawing
    from kit.report._images import ImageReport as ImageReport
    from kit.report._images import image_protocol as image_protocol
    from kit.report._images import image_report as image_report
    from kit.report._log import log_page as log_page
    from kit.report._ranking import ranking_headline as ranking_headline
    from kit.report._ranking import ranking_report as ranking_report
    from kit.report._ranking import report_page as report_page
    from kit.report._ranking_numbers import Example as Example
    from kit.report._ranking_numbers import RankingReport as RankingReport
    from kit.report._ranking_numbers import as_json as as_json
    from kit.report._ranking_numbers import examples as examples
    from kit.report._ranking_numbers import numbers_of as numbers_of
    from kit.report._ranking_numbers import reasons_of as reasons_of
    from kit.report._report import ComparisonReport as ComparisonReport
    from kit.report._report import Report as Report
    from kit.report._report import RunInfo as RunInfo
    from kit.report._report import against_best as against_best
    from kit.report._report import training_section as training_section
    from kit.report._tabular import ClassificationReport as ClassificationReport
    from kit.report._tabular import classification_facts as classification_facts
    from kit.report._tabular import classification_page as classification_page
    from kit.report._tabular import classification_report as classification_report
    from kit.report._tabular import reliability_figure as reliability_figure
    from kit.report._tabular import scores_figure as scores_figure
    from kit.report._tabular import tabular_protocol as tabular_protocol
    from kit.report._text2text import Text2TextReport as Text2TextReport
    from kit.report._text2text import text2text_protocol as text2text_protocol
    from kit.report._text2text import text2text_report as text2text_report
    from kit.report._texts import TextReport as TextReport
    from kit.report._texts import text_protocol as text_protocol
    from kit.report._texts import text_report as text_report
    from kit.report._uplift import UpliftReport as UpliftReport
    from kit.report._uplift import uplift_report as uplift_report

__getattr__, __dir__ = lazy_names(__name__, __file__)

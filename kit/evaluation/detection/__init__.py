"""Evaluation of detectors: average precision, and a report with drawn boxes."""

from kit.evaluation.detection._average_precision import AveragePrecision as AveragePrecision
from kit.evaluation.detection._average_precision import average_precision as average_precision
from kit.evaluation.detection._detections import DetectionPredictor as DetectionPredictor
from kit.evaluation.detection._detections import Detections as Detections
from kit.evaluation.detection._page import detection_report as detection_report
from kit.evaluation.detection._report import DetectionReport as DetectionReport
from kit.evaluation.detection._report import estimates_of as estimates_of
from kit.evaluation.detection._report import protocol_of as protocol_of

"""Evaluation of detectors: average precision, and a report with drawn boxes."""

from kit.evaluation.detection._average_precision import AveragePrecision as AveragePrecision
from kit.evaluation.detection._average_precision import average_precision as average_precision
from kit.evaluation.detection._detections import Canvases as Canvases
from kit.evaluation.detection._detections import Found as Found

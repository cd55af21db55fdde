"""Evaluation of classifiers of pictures: measures, baselines, explanations, the report."""

from kit.evaluation.images._baselines import image_baselines as image_baselines
from kit.evaluation.images._grad_cam import grad_cam as grad_cam
from kit.evaluation.images._operations import OF_A_STEP as OF_A_STEP
from kit.evaluation.images._operations import operations_of as operations_of
from kit.evaluation.images._predictions import (
    probabilities_of_pictures as probabilities_of_pictures,
)
from kit.evaluation.images._report import ImageReport as ImageReport
from kit.evaluation.images._report import image_protocol as image_protocol
from kit.evaluation.images._report import write_image_report as write_image_report

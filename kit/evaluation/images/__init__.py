"""Evaluation of classifiers of images: measures, baselines, explanations, the report."""

from kit.evaluation.images._baselines import image_baselines as image_baselines
from kit.evaluation.images._grad_cam import grad_cam as grad_cam
from kit.evaluation.images._operations import TRAIN_TO_FORWARD_RATIO as TRAIN_TO_FORWARD_RATIO
from kit.evaluation.images._operations import count_flops as count_flops
from kit.evaluation.images._predictions import (
    probabilities_of_images as probabilities_of_images,
)
from kit.evaluation.images._report import ImageReport as ImageReport
from kit.evaluation.images._report import image_protocol as image_protocol
from kit.evaluation.images._report import image_report as image_report

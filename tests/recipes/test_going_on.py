"""A training that was killed, and the same command once more."""

import os
import shutil
import warnings
from dataclasses import dataclass, field

import numpy as np
import pytest
from click.testing import CliRunner

from kit.cli import main
from kit.training import Training, _fit, _saver
from tests.data.detection.boxed import squares, write_voc
from tests.data.images.files import class_folders
from tests.models.test_pretrained_encoder import save_tiny_resnet
from tests.recipes.test_summarization import write_texts
from tests.recipes.test_text_classification import reviews
from tests.recipes.test_translation import sentences
from tests.training.few import AtOnce, Watch

SMALL = "--epochs 2 --checkpoint-steps 5 --checkpoint-minutes 999 --keep-checkpoints 99"
WRITER = "--dim 16 --heads 2 --layers 1 --hidden 32 --vocabulary 300 --average 0.5"
# Measured twice, killed between.
ROUND, KEPT, STEPS = 8, 10, 16


class Enough(Exception):
    """Ends a command whose models are trained."""


@dataclass
class Run:
    """What the trainings of a command left; there the command ends.

    Args:
        stages: how many models it trains.
    """

    stages: int
    losses: list[dict] = field(default_factory=list)
    weights: list[list] = field(default_factory=list)
    found: list[Training] = field(default_factory=list)

    def of(self, line: str) -> "Run":
        with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
            warnings.simplefilter("default")
            patch.setattr("kit.training.fit", self._fit)
            answer = CliRunner().invoke(main, line.split())
        assert "Failed: Enough" in answer.output, answer.output
        return self

    def _fit(self, model, batches, **how):
        watch = Watch()
        self.found.append(_fit.fit(model, batches, callbacks=[watch], **how))
        self.losses.append(watch.steps)
        self.weights.append(model.get_weights())
        if len(self.found) == self.stages:
            raise Enough
        return self.found[-1]


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(_fit, "FEWEST_STEPS", ROUND)
    monkeypatch.setattr(_saver, "ThreadPoolExecutor", AtOnce)
    monkeypatch.setattr(os, "fsync", lambda handle: None)


def of_texts(folder):
    return f"text-classification --data {reviews(folder, 40) / 'reviews.csv'} --batch-size 4"


def of_pictures(folder):
    data = class_folders(folder / "pictures", count=20)
    return f"image-classification --data {data} --dim 4 --batch-size 4 --average 0.5"


def of_a_backbone(folder):
    save_tiny_resnet(folder / "preset")
    return f"{of_pictures(folder)} --backbone {folder / 'preset'} --frozen-epochs 1"


def of_boxes(folder):
    data = write_voc(folder / "data", squares(20))
    return f"object-detection --data {data} --size 64 --dim 8 --batch-size 2"


def of_translations(folder):
    return f"translation --data {sentences(folder)} {WRITER} --batch-size 200"


def of_sentences(folder):
    data = write_texts(folder, 36)
    return f"summarization --data {data} {WRITER} --batch-size 4"


def of_summaries(folder):
    data = write_texts(folder, 36)
    abstractive = "--mode abstractive --target-length 16"
    return f"summarization --data {data} {WRITER} {abstractive} --batch-size 100"


RECIPES = {
    "text classification": of_texts,
    "image classification": of_pictures,
    "a backbone, frozen then whole": of_a_backbone,
    "object detection": of_boxes,
    "translation": of_translations,
    "extractive summarization": of_sentences,
    "abstractive summarization": of_summaries,
}


@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize(
    "recipe",
    [pytest.param(name, marks=pytest.mark.slow if "detection" in name else ()) for name in RECIPES],
)
def test_the_same_command_goes_on_to_the_bit(recipe, tmp_path):
    line = f"train {RECIPES[recipe](tmp_path)} {SMALL} --report {tmp_path / 'report'}"
    stages = 2 if "frozen" in recipe else 1
    whole = Run(stages).of(line)
    assert list(whole.losses[-1]) == list(range(1, STEPS + 1))
    # What a kill leaves: the checkpoints that were written before.
    last = tmp_path / "report" / "checkpoints" / ("whole" if stages == 2 else "")
    for folder in last.glob("step-*"):
        if int(folder.name.removeprefix("step-")) > KEPT:
            shutil.rmtree(folder)
    resumed = Run(stages).of(line)
    assert resumed.found[-1].resumed_step == KEPT
    # A training that had come to its end is not done again.
    assert resumed.losses[:-1] == [{}] * (stages - 1)
    assert resumed.losses[-1] == {n: whole.losses[-1][n] for n in range(KEPT + 1, STEPS + 1)}
    for one, other in zip(whole.found, resumed.found, strict=True):
        assert one.best == other.best
        assert [row["loss"] for row in one.history] == [row["loss"] for row in other.history]
    for one, other in zip(whole.weights, resumed.weights, strict=True):
        for a, b in zip(one, other, strict=True):
            np.testing.assert_array_equal(a, b)

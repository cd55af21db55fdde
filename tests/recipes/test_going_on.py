"""The same command once more: it begins alike, and goes on from where it was killed."""

import os
import random
import shutil
import warnings
from dataclasses import dataclass, field

import numpy as np
import pytest
import tensorflow as tf
from click.testing import CliRunner

from kit.cli import main
from kit.training import Training, _checkpoint, _fit
from tests.conftest import write_shop
from tests.data.campaign.campaigns import campaign
from tests.data.detection.boxed import squares, write_voc
from tests.data.images.files import class_folders
from tests.data.purchases.logs import purchases
from tests.evaluation.clicks import write_clicks
from tests.models.pretrained.test_images import save_tiny_resnet
from tests.recipes.test_summarization import write_texts
from tests.recipes.test_text_classification import reviews
from tests.recipes.test_translation import sentences
from tests.training.few import AtOnce, Watch

SMALL = "--epochs 2 --checkpoint-steps 5 --checkpoint-minutes 999 --keep-checkpoints 99"
WRITER = "--dim 16 --heads 2 --layers 1 --hidden 32 --vocabulary 300 --average 0.5"
# Measured twice, killed between.
ROUND, KEPT = 8, 10


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
    begun: list[list] = field(default_factory=list)

    def of(self, line: str, drawn: int = 0) -> "Run":
        # What was drawn before must not matter: layers take their seeds from Python's generator.
        random.seed(drawn)
        np.random.seed(drawn)  # noqa: NPY002
        tf.random.set_seed(drawn)
        with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
            warnings.simplefilter("default")
            patch.setattr("kit.training.fit", self._fit)
            answer = CliRunner().invoke(main, line.split())
        assert "Failed: Enough" in answer.output, answer.output
        return self

    def _fit(self, model, batches, **how):
        watch = Watch()
        self.begun.append([np.asarray(x) for x in (*model.variables, *model.optimizer.variables)])
        self.found.append(_fit.fit(model, batches, callbacks=[watch], **how))
        self.losses.append(watch.steps)
        self.weights.append(model.get_weights())
        if len(self.found) == self.stages:
            raise Enough
        return self.found[-1]


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(_fit, "FEWEST_STEPS", ROUND)
    monkeypatch.setattr(_checkpoint, "ThreadPoolExecutor", AtOnce)
    monkeypatch.setattr(os, "fsync", lambda handle: None)


def of_texts(folder):
    return f"text-classification --data {reviews(folder, 40) / 'reviews.csv'} --batch-size 4"


def of_images(folder):
    data = class_folders(folder / "images", count=20)
    return f"image-classification --data {data} --dim 4 --batch-size 4 --average 0.5"


def of_a_backbone(folder):
    save_tiny_resnet(folder / "preset")
    return f"{of_images(folder)} --backbone {folder / 'preset'} --frozen-epochs 1"


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


def of_people(folder):
    data, items = write_shop(folder)
    return f"two-tower --data {data} --items {items} --dim 4 --batch-size 16"


def of_sequences(folder):
    data, items = write_shop(folder)
    return f"sequential --data {data} --items {items} --dim 4 --layers 1 --batch-size 16"


def of_time_gaps(folder):
    return f"{of_sequences(folder)} --time-gaps --block hstu --loss sampled --negatives 9"


def of_item_texts(folder):
    return f"{of_people(folder)} --item-text title --hide-ids 0.2 --loss sampled"


def of_two_stages(folder):
    data, items = write_shop(folder)
    return (
        f"two-stage --data {data} --items {items} --dim 4 --batch-size 16 --candidates 20 --top 20"
    )


def of_clicks(folder):
    data = write_clicks(folder / "clicks.csv", rows=160)
    return f"ranking --data {data} --label click --tasks buy --dim 4 --batch-size 16"


def of_a_target(folder):
    return f"{of_clicks(folder)} --model din --history 5"


def of_a_refit(folder):
    return f"{of_people(folder)} --refit"


def of_series(folder):
    rng = np.random.default_rng(0)
    rows = [
        f"{shop},2024-{1 + day // 28:02}-{1 + day % 28:02},{rng.poisson(9)}"
        for shop in "ab"
        for day in range(140)
    ]
    data = folder / "series.csv"
    data.write_text("\n".join(["series,date,y", *rows]))
    small = "--every day --gaps zero --horizon 4 --lookback 14 --dim 4 --batch-size 16"
    return f"forecasting --data {data} {small}"


def of_purchases(folder):
    purchases(customers=260).write_csv(folder / "log.csv")
    small = "--horizon 40 --encoder none --length 8 --dim 4 --batch-size 64"
    return f"customer-value --data {folder / 'log.csv'} {small}"


def of_a_campaign(folder):
    campaign().drop("propensity").write_csv(folder / "campaign.csv")
    return f"uplift --data {folder / 'campaign.csv'} --dim 4 --batch-size 64"


RECIPES = {
    "two-tower": of_people,
    "two-tower, refit": of_a_refit,
    "two-tower, item texts": of_item_texts,
    "sequential": of_sequences,
    "sequential, time gaps": of_time_gaps,
    "two-stage": of_two_stages,
    "ranking": of_clicks,
    "ranking, din": of_a_target,
    "text classification": of_texts,
    "image classification": of_images,
    "a backbone, frozen then whole": of_a_backbone,
    "object detection": of_boxes,
    "translation": of_translations,
    "extractive summarization": of_sentences,
    "abstractive summarization": of_summaries,
    "forecasting": of_series,
    "customer value": of_purchases,
    "uplift": of_a_campaign,
}


SLOW = {*RECIPES} - {"two-tower", "sequential"}
# Of recipes that train several models: their checkpoints, and which of them is killed.
STAGES = {
    "a backbone, frozen then whole": (["frozen", "whole"], 1),
    "two-stage": (["retrieval", "early", "ranking"], 0),
    "two-tower, refit": (["", "refit"], 1),
    "customer value": (["", "complete"], 1),
    "uplift": (["", "complete"], 1),
}


@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize(
    "recipe",
    [pytest.param(name, marks=pytest.mark.slow if name in SLOW else ()) for name in RECIPES],
)
def test_the_same_command_goes_on_to_the_bit(recipe, tmp_path):
    line = f"train {RECIPES[recipe](tmp_path)} {SMALL} --report {tmp_path / 'report'}"
    stages, killed = STAGES.get(recipe, ([""], 0))
    whole = Run(len(stages)).of(line, drawn=1)
    steps = list(whole.losses[killed])
    assert steps == list(range(1, max(steps) + 1))
    assert len(steps) > KEPT
    # What a kill leaves: the checkpoints that were written before.
    for number, stage in enumerate(stages[killed:]):
        for folder in (tmp_path / "report" / "checkpoints" / stage).glob("step-*"):
            if number or int(folder.name.removeprefix("step-")) > KEPT:
                shutil.rmtree(folder)
    resumed = Run(len(stages)).of(line, drawn=2)
    assert resumed.found[killed].resumed_step == KEPT
    # A training that had come to its end is not done again, one that had not begun is.
    expected = [{} if n < killed else losses for n, losses in enumerate(whole.losses)]
    expected[killed] = {n: whole.losses[killed][n] for n in steps[KEPT:]}
    assert resumed.losses == expected
    for one, other in zip(whole.found, resumed.found, strict=True):
        assert one.best == other.best or np.isnan([one.best, other.best]).all()
        assert [row["loss"] for row in one.history] == [row["loss"] for row in other.history]
    check_equal(whole.begun, resumed.begun)
    check_equal(whole.weights, resumed.weights)


@pytest.mark.filterwarnings("default")
def test_a_detector_begins_alike_whatever_was_drawn_before(tmp_path, monkeypatch):
    line = f"train {of_boxes(tmp_path)} --report {tmp_path / 'report'}"
    monkeypatch.setattr(_fit, "fit", lambda model, batches, **how: None)
    check_equal(Run(1).of(line, drawn=1).begun, Run(1).of(line, drawn=2).begun)


def check_equal(one, other):
    for some, others in zip(one, other, strict=True):
        assert len(some) == len(others) > 0
        for a, b in zip(some, others, strict=True):
            np.testing.assert_array_equal(a, b)

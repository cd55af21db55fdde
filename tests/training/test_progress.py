import math

import pytest

from kit.progress import Stage, line
from kit.training import History, Progress, Validation, fit
from kit.training.batches import InputWaitTimer
from tests.training.few import batches, model

METRIC = "valid NDCG@10"


def trained(values, *, is_chosen: bool, patience: int = 8, total: int = 40, first: int = 0):
    """The stage after so many rounds of two steps, one epoch each, that took a second each."""
    validation = Validation(lambda: 0.0, name=METRIC, patience=patience)
    history = History(batches(), steps=2, ready=InputWaitTimer())
    stage = Stage("train")
    progress = Progress(
        stage,
        steps_per_epoch=2,
        total=total,
        steps=2,
        is_chosen=is_chosen,
        history=history,
        validation=validation,
    )
    progress.on_epoch_begin(first // 2)
    for number, value in enumerate(values):
        for step in (0, 1):
            progress.on_train_batch_end(first + 2 * number + step)
        history.rows.append({"examples_per_second": 12345.6, METRIC: value})
        if not value <= validation.best and not math.isnan(value):
            validation.best, validation.best_epoch = value, number
        progress.on_epoch_end(number)
    stage.begin -= len(values)
    return stage


def test_before_the_first_measurement_the_epoch_and_the_time_are_shown():
    assert line([trained([], is_chosen=False)], 80) == "train: epoch 0, 0:00"
    assert line([trained([], is_chosen=True)], 80) == "train: epoch 0 of 20, 0:00"


def test_where_early_stopping_is_expected_there_is_no_countdown_to_the_last_epoch():
    text = line([trained([0.1, 0.25, 0.2], is_chosen=False)], 150)
    assert text == (
        "train: epoch 3, valid NDCG@10 0.2000, best 0.2500, patience 1/8, 12,346 examples/s, 0:03, "
        "at least 0:07 left"
    )
    assert "of 20" not in text


def test_where_epochs_were_chosen_the_time_left_is_an_upper_bound():
    text = line([trained([0.1, 0.25], is_chosen=True)], 150)
    assert "epoch 2 of 20" in text
    assert text.endswith("0:02, at most 0:18 left")


def test_where_nothing_stops_early_the_time_left_is_exact():
    text = line([trained([0.1, 0.2], is_chosen=False, patience=40)], 150)
    assert "epoch 2 of 20" in text
    assert "patience" not in text
    assert text.endswith("0:02, 0:18 left")


def test_a_run_that_goes_on_is_timed_by_its_own_steps():
    text = line([trained([0.1, 0.2], is_chosen=True, first=20)], 150)
    assert "epoch 12 of 20" in text
    assert text.endswith("0:02, at most 0:08 left")


def test_without_a_metric_patience_counts_all_rounds():
    text = line([trained([math.nan, math.nan], is_chosen=False)], 150)
    assert METRIC not in text
    assert "patience 2/8" in text


@pytest.mark.parametrize("quiet", [False, True])
def test_a_log_file_gets_a_line_unless_it_is_quiet(capsys, quiet):
    fit(model(), batches(), measure=lambda: 0.5, metric=METRIC, epochs=2, quiet=quiet)
    lines = [text for text in capsys.readouterr().err.splitlines() if "train" in text]
    assert all(text.startswith("train: epoch ") for text in lines)
    assert sum(f"{METRIC} 0.5000" in text for text in lines) == (0 if quiet else 1)

"""Exports that answer by a rule instead of a trained model."""

import json
import re
import warnings
from pathlib import Path

import tensorflow as tf
from click.testing import CliRunner

from kit.cli import main


def save(version: Path, card, name, answer) -> Path:
    """A version of a model that takes strings of one name; returns the model's folder."""
    module = tf.Module()
    spec = tf.TensorSpec([None], tf.string, name)
    module.answer = tf.function(answer, input_signature=[spec], autograph=False)
    tf.saved_model.save(module, str(version), signatures=module.answer)
    (version / "assets.extra").mkdir()
    (version / "assets.extra" / "card.json").write_text(json.dumps(card))
    return version.parent


def labelled(classes, probability):
    """An answer that calls everything by the first classes, as surely as is said."""

    def answer(given):
        rows = tf.shape(given)[:1]
        return {
            "label": tf.tile([classes[: len(probability)]], [rows[0], 1]),
            "probability": tf.tile([probability], [rows[0], 1]),
        }

    return answer


def kit(line: str):
    with warnings.catch_warnings():
        warnings.simplefilter("default")
        return CliRunner(env={"COLUMNS": "300"}).invoke(main, line.split())


def measures(answer) -> list[float]:
    """The numbers of the only row of a table, without the interval."""
    assert answer.exit_code == 0, answer.output
    (row,) = [line for line in answer.output.splitlines() if "by hand" in line]
    cells = re.split(r"  +", row.strip())[1:]
    return [float(cell) for cell in cells if "-" not in cell]


def refused(answer) -> str:
    """What was said, in one line, of a mistake of the user's."""
    assert answer.exit_code == 2, answer.output
    assert "Traceback" not in answer.output
    return " ".join(answer.output.split())

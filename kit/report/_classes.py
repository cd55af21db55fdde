"""Sections of classification reports."""

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kit.evaluation import ACCURACY, ECE, SMALLER_IS_BETTER, ClassPredictions
from kit.metrics import Estimates
from kit.report._class_figures import classes_drawing, confusion_drawing
from kit.report._figures import comparison, decimals
from kit.report._html import counted, difference_table, figure, interval, metric_table, two_columns
from kit.report._report import against_best


def class_headline(
    model: str,
    best: str,
    systems: Mapping[str, Estimates],
    differences: Mapping[str, Estimates],
    confusions: Sequence[Mapping[str, Any]],
    nouns: str,
) -> str:
    """The result and its comparison with the best baseline, in a few sentences.

    Args:
        model: name of the model.
        best: name of the best baseline.
        systems: name to metrics on test.
        differences: model minus each baseline.
        confusions: the most frequent errors first.
        nouns: what examples are called, in the plural.
    """
    result, error = systems[model][ACCURACY], systems[model][ECE].mean
    sentences = [
        against_best(model, best, systems[best][ACCURACY], differences[best][ACCURACY]),
        f"It classifies {100 * result.mean:.0f} of 100 {nouns} correctly; its confidence differs "
        f"from its accuracy by {100 * error:.1f} percentage points on average.",
    ]
    if confusions:
        first = confusions[0]
        sentences.append(
            f"Its most frequent error: {escape(first['is'])} is classified as "
            f"{escape(first['called'])}, {counted(first['times'], 'time')}."
        )
    return (
        f'<div class="headline"><div class="number">{decimals(result.mean)} '
        f"<small>{ACCURACY}, 95 % {interval(result)}</small></div>"
        + "".join(f"<p>{sentence}</p>" for sentence in sentences)
        + "</div>"
    )


def confusion_section(found: ClassPredictions, classes: Sequence[str]) -> str:
    """The confusion matrix."""
    return "<h2>Confusion matrix</h2>" + figure(
        confusion_drawing(found.confusion, classes),
        "Test. Each row is a true class, each column a predicted class; the numbers are percent "
        "of the row. Blue is correct, red is wrong; the opacity grows with the square root, so "
        "that rare errors stay visible. Of more than 24 classes those with the most errors are "
        "shown.",
    )


def classes_section(found: ClassPredictions, classes: Sequence[str], nouns: str) -> str:
    """Recall and precision of each class."""
    measures = found.of_classes
    return "<h2>Recall and precision by class</h2>" + figure(
        classes_drawing(measures["recall"], measures["precision"], classes),
        f"Recall: of the {nouns} of a class, the share that was predicted as that class. "
        f"Precision: of the {nouns} predicted as a class, the share that belongs to it. The "
        "weakest classes first.",
    )


def baselines_section(
    model: str,
    systems: Mapping[str, Estimates],
    differences: Mapping[str, Estimates],
    nouns: str,
) -> str:
    """The model compared with the baselines."""
    image = comparison(
        {name: estimates[ACCURACY] for name, estimates in systems.items()},
        model=model,
        metric=f"{ACCURACY} on test",
    )
    return "\n".join(
        [
            "<h2>Comparison with baselines</h2>",
            figure(image, f"Accuracy on test with 95 % intervals, the same {nouns} for all."),
            metric_table(systems, None, model, "Test, with 95 % intervals."),
            difference_table(
                model,
                differences,
                None,
                by=f"from the same resamples of the {nouns}",
                smaller_is_better=SMALLER_IS_BETTER,
            ),
        ]
    )


def counts_of_classes(classes: Mapping[str, Mapping[str, int]]) -> str:
    """The number of examples of each class in each part, collapsed."""
    rows = list(_counts(classes))
    return (
        f"<details><summary>{counted(len(rows), 'class', 'classes')}</summary>"
        f"{two_columns(rows)}</details>"
    )


def _counts(classes: Mapping[str, Mapping[str, int]]) -> Iterator[tuple[str, str]]:
    for name, counts in classes.items():
        yield name, ", ".join(f"{count:,} {part}" for part, count in counts.items())


def measures_in_words(nouns: str) -> str:
    """Definitions of the metrics."""
    return (
        "Mean recall, precision and F1 weigh all classes equally. Log loss: natural logarithm. "
        "ECE, the expected calibration error: mean distance of predicted probability and "
        f"accuracy, in 20 bins of equally many {nouns}. Intervals: percentile bootstrap over "
        f"{nouns}, without retraining; those of differences are paired. The baseline "
        "<i>most frequent</i> predicts the shares of the classes in train;"
    )


CONFUSIONS = 10


def part_facts(protocol: str, found: ClassPredictions, nouns: str) -> dict[str, Any]:
    """The metrics of a part.

    Args:
        protocol: how they were measured.
        found: predictions for the part.
        nouns: what examples are called, in the plural.
    """
    return {
        "protocol": protocol,
        "counts": {nouns: len(found.labels)},
        "metrics": found.estimates(),
    }


def of_classes(classes: Sequence[str], found: ClassPredictions, nouns: str) -> dict[str, Any]:
    """Examples, recall, precision and F1 of each class.

    Args:
        classes: names.
        found: predictions for test.
        nouns: what examples are called, in the plural.
    """
    rows = found.confusion.sum(axis=1)
    return {
        name: {
            nouns: int(rows[number]),
            **{metric: float(values[number]) for metric, values in found.of_classes.items()},
        }
        for number, name in enumerate(classes)
    }


def confusions(classes: Sequence[str], found: ClassPredictions) -> list[dict[str, Any]]:
    """The most frequent errors, at most ten.

    Args:
        classes: names.
        found: predictions for test.
    """
    wrong = found.confusion - np.diag(np.diag(found.confusion))
    order = np.argsort(-wrong, axis=None, kind="stable")[:CONFUSIONS]
    pairs = zip(*np.unravel_index(order, wrong.shape), strict=True)
    return [
        {"is": classes[is_], "called": classes[called], "times": int(wrong[is_, called])}
        for is_, called in pairs
        if wrong[is_, called]
    ]


def best_baseline(baselines: Mapping[str, ClassPredictions]) -> str:
    """The baseline with the highest accuracy."""
    accuracies = {name: x.summary()[ACCURACY] for name, x in baselines.items()}
    return max(accuracies, key=lambda name: accuracies[name])


def counts_of_parts(
    classes: Sequence[str], labels: Mapping[str, NDArray[np.integer]]
) -> dict[str, Any]:
    """The number of examples of each part, in total and by class.

    Args:
        classes: names.
        labels: part to numbers of classes.
    """
    counts = {part: np.bincount(of, minlength=len(classes)) for part, of in labels.items()}
    return {
        "rows": sum(map(len, labels.values())),
        "rows_of_part": {part: len(of) for part, of in labels.items()},
        "classes": {
            name: {part: int(found[number]) for part, found in counts.items()}
            for number, name in enumerate(classes)
        },
    }

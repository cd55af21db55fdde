"""Sections of reports on classes."""

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
    """The result, against the best baseline, in a few sentences.

    Args:
        model: its name.
        best: name of the best baseline.
        systems: name to measures on test.
        differences: model minus each baseline.
        confusions: the most frequent mistakes first.
        nouns: what an example is, in the plural.
    """
    result, error = systems[model][ACCURACY], systems[model][ECE].mean
    sentences = [
        against_best(model, best, systems[best][ACCURACY], differences[best][ACCURACY]),
        f"Of 100 {nouns} it names {100 * result.mean:.0f} rightly; how sure it is differs from "
        f"how often it is right by {100 * error:.1f} percentage points on average.",
    ]
    if confusions:
        first = confusions[0]
        sentences.append(
            f"Its most frequent mistake: {escape(first['is'])} is called "
            f"{escape(first['called'])}, {counted(first['times'], 'time')}."
        )
    return (
        f'<div class="headline"><div class="number">{decimals(result.mean)} '
        f"<small>{ACCURACY}, 95 % {interval(result)}</small></div>"
        + "".join(f"<p>{sentence}</p>" for sentence in sentences)
        + "</div>"
    )


def confusion_section(found: ClassPredictions, classes: Sequence[str]) -> str:
    """What is taken for what."""
    return "<h2>What is taken for what</h2>" + figure(
        confusion_drawing(found.confusion, classes),
        "Each row is a class of test, each column what it was called; the numbers are per cent of "
        "the row. Blue is right, red is wrong; colours grow with the square root, so that rare "
        "mistakes can be seen. Of more than 24 classes those with most mistakes are shown.",
    )


def classes_section(found: ClassPredictions, classes: Sequence[str], nouns: str) -> str:
    """Recall and precision of each class."""
    measures = found.of_classes
    return "<h2>Class by class</h2>" + figure(
        classes_drawing(measures["recall"], measures["precision"], classes),
        f"Recall: of the {nouns} of a class, the share that was called so. Precision: of the "
        f"{nouns} that were called so, the share that is. The weakest classes first.",
    )


def baselines_section(
    model: str,
    systems: Mapping[str, Estimates],
    differences: Mapping[str, Estimates],
    nouns: str,
) -> str:
    """The model beside the baselines."""
    image = comparison(
        {name: estimates[ACCURACY] for name, estimates in systems.items()},
        model=model,
        metric=f"{ACCURACY} on test",
    )
    return "\n".join(
        [
            "<h2>Against the baselines</h2>",
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
    """How many examples of each class the parts have, folded."""
    rows = list(_counts(classes))
    return (
        f"<details><summary>{counted(len(rows), 'class', 'classes')}</summary>"
        f"{two_columns(rows)}</details>"
    )


def _counts(classes: Mapping[str, Mapping[str, int]]) -> Iterator[tuple[str, str]]:
    for name, counts in classes.items():
        yield name, ", ".join(f"{count:,} {part}" for part, count in counts.items())


def measures_in_words(nouns: str) -> str:
    """What the measures mean."""
    return (
        "Means of recall, precision and F1 are over classes, each counted "
        "once. Log loss: natural logarithm. ECE, the expected calibration error: mean distance of "
        "the probability of what it says and the share of times it is right, in 20 bins of equally "
        f"many {nouns}. Intervals: percentile bootstrap over {nouns}, the training not repeated; "
        "those of differences are paired. The most frequent class is what is said without looking;"
    )


CONFUSIONS = 10


def part_facts(protocol: str, found: ClassPredictions, nouns: str) -> dict[str, Any]:
    """The measures of a part.

    Args:
        protocol: how it was measured.
        found: what was said of it.
        nouns: what an example is, in the plural.
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
        found: what was said of test.
        nouns: what an example is, in the plural.
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
    """The most frequent mistakes, at most ten.

    Args:
        classes: names.
        found: what was said of test.
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
    """The one with the greatest accuracy."""
    found = {name: x.summary()[ACCURACY] for name, x in baselines.items()}
    return max(found, key=lambda name: found[name])


def counts_of_parts(
    classes: Sequence[str], labels: Mapping[str, NDArray[np.integer]]
) -> dict[str, Any]:
    """How many examples each part has, whole and of each class.

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

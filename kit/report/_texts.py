"""The report of a text classifier."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kit.data.texts import TextData
from kit.evaluation import (
    ClassPredictions,
    Robustness,
    coloured,
    integrated_gradients,
    word_weights,
)
from kit.models import TextClassifier
from kit.report._class_figures import confidence_figure
from kit.report._classes import (
    baselines_section,
    best_baseline,
    class_headline,
    classes_section,
    confusion_section,
    confusions,
    counts_of_classes,
    counts_of_parts,
    measures_in_words,
    of_classes,
    part_facts,
)
from kit.report._figures import DASH
from kit.report._html import (
    counted,
    figure,
    licence,
    on_valid,
    page,
    protocols,
    repeat,
    two_columns,
)
from kit.report._report import ComparisonReport, Report, training_section
from kit.report._robustness import robustness_section
from kit.tokenizers import TokenIds, Tokenizer

MISTAKES = 10
CHANGES = (
    "The percentage is the probability with which a word of two letters or more is changed: two "
    "letters swapped, one dropped, one replaced by a neighbour on the keyboard, or all that have "
    "one by Cyrillic look-alikes."
)


def text_page(report: "TextReport", facts: Mapping[str, Any]) -> str:
    """The whole page.

    Args:
        report: the content of the report.
        facts: the content of metrics.json.
    """
    systems, differences = report.systems, report.differences
    best = best_baseline(report.baselines)
    classes = report.data.classes
    return page(
        report.title,
        [
            f"<h1>{escape(report.title)}</h1>",
            f'<p class="soft">Classifies texts into {len(classes)} classes. Evaluated on '
            f"{counted(len(report.test.labels), 'text')} it was not trained on. Intervals are "
            "95 % bootstrap over texts.</p>",
            class_headline(report.model, best, systems, differences, facts["confusions"], "texts"),
            confusion_section(report.test, classes),
            _calibration(report),
            _mistakes(report),
            _rightly(report),
            classes_section(report.test, classes, "texts"),
            baselines_section(report.model, systems, differences, "texts"),
            robustness_section(report.robustness, CHANGES),
            training_section(report.history, report.metric),
            on_valid(report.model, report.valid.estimates()),
            _data_section(facts["data"], facts["cost"]),
            _protocol(facts),
            repeat(report.command, report.settings, report.seconds, facts["versions"]),
        ],
    )


def _calibration(report: "TextReport") -> str:
    return "<h2>Calibration</h2>" + figure(
        confidence_figure(report.test),
        "The texts of test in bins of equally many, by the probability of the predicted class: the "
        "accuracy of each bin with its 95 % interval. On the dashed line the probabilities are "
        "calibrated.",
    )


def _mistakes(report: "TextReport") -> str:
    rows = report.test.worst(MISTAKES)
    if not len(rows):
        return ""
    return (
        "<h2>Most confident errors</h2><p class='soft'>The misclassified texts of test with the "
        "highest predicted probability. Words are coloured by integrated gradients: blue words "
        "support the predicted class, red ones contradict it; darker is stronger. Labels may be "
        "wrong, too.</p>" + _texts(report, rows)
    )


def _rightly(report: "TextReport") -> str:
    """The correctly classified text of each class with the highest probability."""
    rows = []
    for number in range(min(len(report.data.classes), MISTAKES)):
        right = np.flatnonzero((report.test.is_correct == 1) & (report.test.labels == number))
        if len(right):
            rows.append(right[report.test.probabilities[right, number].argmax()])
    if not rows:
        return ""
    return (
        "<details><summary>Words that support correct predictions</summary>"
        "<p class='soft'>Of each class the correctly classified text of test with the highest "
        "probability.</p>" + _texts(report, np.array(rows)) + "</details>"
    )


def _texts(report: "TextReport", rows: NDArray[np.integer]) -> str:
    """Texts with predicted and true class, their words coloured by attribution."""
    test, tokenizer, classes = report.data.test, report.tokenizer, report.data.classes
    predicted = report.test.predicted[rows]
    numbers = report.numbers["test"].padded(rows)
    weights = integrated_gradients(
        report.classifier,
        numbers,
        predicted,
        unknown=tokenizer.unknown,
        marks=(tokenizer.start, tokenizer.end),
    )
    parts = []
    for place, row in enumerate(rows):
        marks = (tokenizer.padding, tokenizer.start, tokenizer.end)
        is_piece = ~np.isin(numbers[place], marks)
        stretches = word_weights(
            tokenizer, str(test.texts[row]), weights[place][is_piece], report.length
        )
        percent = 100 * report.test.probabilities[row, predicted[place]]
        parts.append(
            f'<div class="example"><h3>{escape(classes[predicted[place]])} {percent:.0f} %'
            f" <small>label: {escape(classes[test.labels[row]])}</small></h3>"
            f"<p>{coloured(_shortened(stretches))}</p>"
            f'<p class="soft">{escape(str(test.names[row]))}</p></div>'
        )
    return "".join(parts)


def _shortened(stretches: Sequence[tuple[str, float | None]]) -> list[tuple[str, float | None]]:
    """The stretches, with an ellipsis in place of text the model did not read."""
    shown: list[tuple[str, float | None]] = []
    unread = 0
    for text, weight in stretches:
        is_unread = weight is not None and np.isnan(weight)
        unread = unread + 1 if is_unread else 0 if weight is not None else unread
        if is_unread and unread == 1:
            shown.append(("\N{HORIZONTAL ELLIPSIS} ", None))
        elif not unread:
            shown.append((text, weight))
    return shown


def _data_section(data: Mapping[str, Any], cost: Mapping[str, Any]) -> str:
    rows = [
        ("rows read", f"{data['texts_read']:,}"),
        *((f"{DASH} {step['dropped']}", f"{step['rows']:,}") for step in data["cleaning"]),
        *((f"texts in {part}", f"{n:,}") for part, n in data["rows_of_part"].items()),
        ("tokens of a text, median", f"{data['pieces_of_a_text']:,.0f}"),
        ("texts of train truncated", f"{100 * data['share_cut_off']:.0f} %"),
        ("tokens in the vocabulary", f"{cost['pieces_known']:,}"),
        ("weights", f"{cost['weights']:,}"),
    ]
    return (
        f"<h2>Data</h2><p>{escape(data['name'])}, split {escape(data['split'])}.</p>"
        f"{two_columns(rows)}{counts_of_classes(data['classes'])}{licence(data['licence'])}"
    )


def _protocol(facts: Mapping[str, Any]) -> str:
    return protocols(
        [facts[part]["protocol"] for part in ("test", "valid")],
        measures_in_words("texts")
        + " the linear model is a logistic regression on TF-IDF weights of words and pairs of "
        "words that occur in at least two texts of train, its penalty chosen on valid.",
    )


PARTS = ("train", "valid", "test")


@dataclass(frozen=True, kw_only=True)
class TextReport(ComparisonReport[ClassPredictions]):
    """The content of a text classifier's report, see `ComparisonReport`.

    Args:
        data: the split texts.
        classifier: the model, for attributions of words.
        tokenizer: of the model.
        numbers: part to its texts as token ids.
        length: maximum tokens of a text.
        robustness: accuracy on changed texts.
    """

    data: TextData
    classifier: TextClassifier
    tokenizer: Tokenizer
    numbers: dict[str, TokenIds]
    length: int
    robustness: Robustness


def text_report(report: TextReport) -> Report:
    """The report of a text classifier."""
    facts = text_facts(report)
    return Report(facts, lambda: text_page(report, facts), report.history)


def text_facts(report: TextReport) -> dict[str, Any]:
    """The content of metrics.json: plain values, null where a number does not exist."""
    data = report.data
    content = {
        "test": part_facts(text_protocol(data, "test"), report.test, "texts"),
        "valid": part_facts(text_protocol(data, "valid"), report.valid, "texts"),
        "of_classes": of_classes(data.classes, report.test, "texts"),
        "confusions": confusions(data.classes, report.test),
        "robustness": report.robustness.facts(),
        "cost": {
            "weights": report.classifier.count_params(),
            "pieces_known": report.tokenizer.size,
        },
        "data": _data(report),
    }
    return report.facts(content)


def text_protocol(data: TextData, part: str) -> str:
    """The protocol of a part, in one line."""
    return (
        f"{part}, {len(getattr(data, part)):,} texts of {len(data.classes)} classes; "
        f"split {data.split}"
    )


def _data(report: TextReport) -> dict[str, Any]:
    data = report.data
    labels = {part: getattr(data, part).labels for part in PARTS}
    lengths = report.numbers["train"].lengths
    return {
        "name": data.name,
        "texts_read": data.texts_read,
        **counts_of_parts(data.classes, labels),
        "pieces_of_a_text": float(np.median(lengths)),
        "share_cut_off": float(np.mean(lengths >= report.length)),
        "cleaning": [{"dropped": step.name, "rows": step.rows} for step in data.cleaning],
        "split": data.split,
        "licence": data.licence,
    }

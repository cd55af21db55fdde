"""Classification: which of several classes an image or a text belongs to."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kit.config import ImageOptions, TextOptions
from kit.tasks._evaluate_export import (
    Export,
    ExportEvaluation,
    PredictionMetrics,
    card_options,
    class_numbers,
    open_again,
)
from kit.tasks._task import Comparison, Results, Run, Table, left_out, report_facts

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from kit.data.images import ImageData
    from kit.data.texts import TextData
    from kit.evaluation import ClassPredictions, Robustness
    from kit.exports import ImageClassificationCard, SignatureCheck, TextClassificationCard
    from kit.report import Report
    from kit.tokenizers import TokenIds, Tokenizer

EXAMPLES_AT_ONCE = 256


def ask_classes(
    model: Any, classes: Sequence[str], requests: Iterable[Mapping[str, Any]]
) -> "NDArray[np.float64]":
    """Probabilities of all classes, through the signature of a classifier.

    Classes that are not among the best labels share what is left.

    Args:
        model: the loaded export.
        classes: names, in the order of the columns.
        requests: the inputs of each example.

    Returns:
        float64 [examples, classes].
    """
    import numpy as np
    import tensorflow as tf

    column = {name: number for number, name in enumerate(classes)}
    parts = [np.zeros((0, len(column)))]
    asked = iter(requests)
    while batch := list(islice(asked, EXAMPLES_AT_ONCE)):
        inputs = {name: tf.constant([one[name] for one in batch]) for name in batch[0]}
        answer = model.signatures["serving_default"](**inputs)
        best = np.vectorize(lambda name: column[name.decode()])(answer["label"].numpy())
        probability = answer["probability"].numpy()
        others = max(1, len(column) - best.shape[1])
        left = np.clip(1 - probability.sum(axis=1, keepdims=True), 0, 1)
        predicted = np.repeat(left / others, len(column), axis=1).astype(np.float64)
        np.put_along_axis(predicted, best, probability, axis=1)
        parts.append(predicted)
    return np.concatenate(parts)


@dataclass(frozen=True)
class TokenizedTexts:
    """What text classification needs beside the model.

    Args:
        tokenizer: of the model.
        tokens: part to its texts as token ids.
        length: most tokens of a text.
    """

    tokenizer: "Tokenizer"
    tokens: "Mapping[str, TokenIds]"
    length: int


class _Classification(ABC):
    """What both kinds of classification share."""

    following = "kit evaluate {folder}"

    def warnings(self, data: Any) -> Sequence[str]:
        return ()

    @abstractmethod
    def probabilities(self, run: Run, part: str) -> Any:
        """float32 [examples, classes] of a part."""

    @abstractmethod
    def baselines(self, run: Run) -> "dict[str, ClassPredictions]":
        """Simple models, fitted on train."""

    def predict(self, run: Run, part: str) -> "ClassPredictions":
        """Predictions of a part, with its labels."""
        from kit.evaluation import ClassPredictions

        return ClassPredictions(getattr(run.data, part).labels, self.probabilities(run, part))

    def check(self, run: Run) -> Sequence[str]:
        return ()

    def validation(self, run: Run) -> tuple[str, Callable[[], float]]:
        return "valid accuracy", lambda: self.predict(run, "valid").summary()["accuracy"]

    def evaluate(self, run: Run) -> Results:
        from kit.training import calibrate

        valid = self.predict(run, "valid")
        head = run.model.head
        run.settings["temperature"] = calibrate(head, valid.probabilities, valid.labels)
        return Results(self.predict(run, "valid"), self.predict(run, "test"), self.baselines(run))

    def card(self, run: Run, results: Results, facts: Mapping[str, Any]) -> dict[str, Any]:
        return {"model": run.built.name, "robustness": facts["robustness"]}

    def tables(
        self, run: Run, results: Results, facts: Mapping[str, Any]
    ) -> Sequence[Comparison | Table]:
        from kit.evaluation import SHOWN

        systems = {run.built.name: results.test, **results.baselines}
        return [Comparison(title=facts["test"]["protocol"], systems=systems, metrics=SHOWN)]

    def export_lines(self, version: Path) -> Sequence[str]:
        return ()

    @classmethod
    @abstractmethod
    def request(cls, examples: Any, row: int) -> dict[str, Any]:
        """The inputs of the signature, of one example."""

    @classmethod
    @abstractmethod
    def protocol(cls, data: Any) -> str:
        """How test is measured."""

    @classmethod
    def predict_export(
        cls, export: Export, data: Any, *, max_users: int | None = None
    ) -> ExportEvaluation:
        from kit.evaluation import SHOWN, ClassPredictions

        numbers = cls.labels(export, data)
        requests = (cls.request(data.test, row) for row in range(len(data.test)))
        predicted = ask_classes(export.load(), export.card.classes, requests)
        predictions = ClassPredictions(numbers, predicted)
        return ExportEvaluation(
            [PredictionMetrics(cls.protocol(data), export.card.model, predictions, SHOWN)]
        )

    @classmethod
    def labels(cls, export: Export, data: Any) -> "NDArray[np.int32]":
        """The export's numbers of the classes of test.

        Raises:
            UserError: it does not know one.
        """
        import numpy as np

        column = {name: number for number, name in enumerate(export.card.classes)}
        numbers = np.array(class_numbers(data.classes, column, data.name), np.int32)
        return np.asarray(numbers[data.test.labels])

    @classmethod
    @abstractmethod
    def robustness_of_export(cls, export: Export, data: Any, *, most: int) -> "Robustness":
        """Accuracy on changed examples of test, through the signature of an export.

        Args:
            export: what is measured.
            data: what `open_again` returned.
            most: examples at most.

        Raises:
            UserError: the model cannot be loaded, or does not fit the data.
        """


class ImageClassification(_Classification):
    """Which class an image shows."""

    name = "image-classification"
    unit = "images"

    def describe(self, data: "ImageData") -> Sequence[str]:
        shape = "x".join(map(str, data.shape))
        return [
            f"data:      {len(data.train):,} images in train, {len(data.classes)} classes, "
            f"{shape}{', resized' * data.is_resized}; split {data.split}{left_out(data)}"
        ]

    def probabilities(self, run: Run, part: str) -> Any:
        from kit.evaluation import probabilities_of_images

        return probabilities_of_images(run.model, getattr(run.data, part))

    def baselines(self, run: Run) -> "dict[str, ClassPredictions]":
        from kit.evaluation import image_baselines

        return image_baselines(run.data, seed=run.seed)

    def report(self, run: Run, results: Results) -> "Report":
        from kit.evaluation import FGSM, PGD, image_robustness
        from kit.report import ImageReport, image_report

        # PGD takes longer than the rest of a small run; who trains against attacks wants to know.
        attacks = (FGSM, PGD) if run.model.adversarial else (FGSM,)
        robustness = image_robustness(run.data.test, run.model, attacks=attacks, seed=run.seed)
        facts = report_facts(run, results)
        return image_report(ImageReport(**facts, classifier=run.model, robustness=robustness))

    def export(
        self, run: Run, results: Any, card: dict[str, Any]
    ) -> "tuple[Path, Sequence[SignatureCheck]]":
        from kit.exporting import export_images

        return export_images(run.model, run.data, run.output, card=card)

    def tables(
        self, run: Run, results: Results, facts: Mapping[str, Any]
    ) -> Sequence[Comparison | Table]:
        tables: list[Comparison | Table] = [*super().tables(run, results, facts)]
        if run.model.adversarial:
            found = facts["robustness"]
            rows = [[name, f"{one['mean']:.4f}"] for name, one in found["metrics"].items()]
            tables.append(Table(title=found["protocol"], columns=["test", "accuracy"], rows=rows))
        return tables

    @classmethod
    def request(cls, examples: Any, row: int) -> dict[str, Any]:
        return {"image": examples.encoded(row)}

    @classmethod
    def protocol(cls, data: "ImageData") -> str:
        from kit.report import image_protocol

        return image_protocol(data, "test")

    @classmethod
    def robustness_of_export(cls, export: Export, data: "ImageData", *, most: int) -> "Robustness":
        import tensorflow as tf

        from kit.evaluation import FGSM, PGD, image_robustness
        from kit.exports import pixel_logits

        images = replace(data.test, labels=cls.labels(export, data))
        model = export.load()

        def predict(pixels: Any) -> Any:
            requests = ({"image": tf.io.encode_png(one).numpy()} for one in pixels)
            return ask_classes(model, export.card.classes, requests)

        logits, attacks = pixel_logits(model, export.card.shape), (FGSM, PGD)
        return image_robustness(images, logits, predict=predict, attacks=attacks, most=most)

    @classmethod
    def open_again(cls, card: "ImageClassificationCard", source: str | None) -> "ImageData":
        height, width, channels = card.shape
        return open_again(
            card_options(ImageOptions, card, source),
            lambda o: o.split_of(o.open(), size=(height, width), in_colour=channels == 3),
        )


class TextClassification(_Classification):
    """Which class a text belongs to; `parts` of the run are `TokenizedTexts`."""

    name = "text-classification"
    unit = "texts"

    def describe(self, data: "TextData") -> Sequence[str]:
        return [
            f"data:      {len(data.train):,} texts in train, {len(data.classes)} classes; "
            f"split {data.split}{left_out(data)}"
        ]

    def probabilities(self, run: Run, part: str) -> Any:
        from kit.evaluation import probabilities_of_texts

        return probabilities_of_texts(run.model, run.built.parts.tokens[part])

    def baselines(self, run: Run) -> "dict[str, ClassPredictions]":
        from kit.evaluation import text_baselines

        return text_baselines(run.data)

    def report(self, run: Run, results: Results) -> "Report":
        from kit.evaluation import probabilities_of_texts, text_robustness
        from kit.report import TextReport, text_report
        from kit.tokenizers import encode_batch

        texts: TokenizedTexts = run.built.parts

        def predict(changed: Sequence[str]) -> Any:
            numbers = encode_batch(texts.tokenizer, changed, texts.length)
            return probabilities_of_texts(run.model, numbers)

        report = TextReport(
            **report_facts(run, results),
            classifier=run.model,
            tokenizer=texts.tokenizer,
            numbers=dict(texts.tokens),
            length=texts.length,
            robustness=text_robustness(run.data.test, predict, seed=run.seed),
        )
        return text_report(report)

    def export(
        self, run: Run, results: Any, card: dict[str, Any]
    ) -> "tuple[Path, Sequence[SignatureCheck]]":
        from kit.exporting import export_texts

        texts: TokenizedTexts = run.built.parts
        return export_texts(
            run.model, texts.tokenizer, run.data, texts.length, run.output, card=card
        )

    @classmethod
    def request(cls, examples: Any, row: int) -> dict[str, Any]:
        return {"text": str(examples.texts[row])}

    @classmethod
    def protocol(cls, data: "TextData") -> str:
        from kit.report import text_protocol

        return text_protocol(data, "test")

    @classmethod
    def robustness_of_export(cls, export: Export, data: "TextData", *, most: int) -> "Robustness":
        from kit.evaluation import text_robustness

        texts = replace(data.test, labels=cls.labels(export, data))
        model = export.load()

        def predict(changed: Sequence[str]) -> Any:
            return ask_classes(model, export.card.classes, ({"text": one} for one in changed))

        return text_robustness(texts, predict, most=most)

    @classmethod
    def open_again(cls, card: "TextClassificationCard", source: str | None) -> "TextData":
        return open_again(card_options(TextOptions, card, source), lambda o: o.split_of(o.open()))

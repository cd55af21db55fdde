"""Classification: which of several classes an image or a text belongs to."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kit.tasks._task import Comparison, Results, Run, left_out, report_facts

if TYPE_CHECKING:
    from kit.artefact import SignatureCheck
    from kit.data.images import ImageData
    from kit.data.texts import TextData
    from kit.evaluation import ClassPredictions
    from kit.tokenizers import TokenIds, Tokenizer


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

    def validation(self, run: Run) -> tuple[str, Callable[[], float]]:
        return "valid accuracy", lambda: self.predict(run, "valid").summary()["accuracy"]

    def evaluate(self, run: Run) -> Results:
        from kit.training import calibrate

        valid = self.predict(run, "valid")
        head = run.model.head
        run.settings["temperature"] = calibrate(head, valid.probabilities, valid.labels)
        return Results(self.predict(run, "valid"), self.predict(run, "test"), self.baselines(run))

    def card(self, run: Run, results: Results, facts: Mapping[str, Any]) -> dict[str, Any]:
        return {"model": run.built.name}

    def tables(self, run: Run, results: Results, facts: Mapping[str, Any]) -> Sequence[Comparison]:
        from kit.evaluation import SHOWN

        systems = {run.built.name: results.test, **results.baselines}
        return [Comparison(title=facts["test"]["protocol"], systems=systems, metrics=SHOWN)]

    def export_lines(self, version: Path) -> Sequence[str]:
        return ()


class ImageClassification(_Classification):
    """Which class an image shows."""

    unit = "images"

    def describe(self, data: "ImageData") -> Sequence[str]:
        shape = "x".join(map(str, data.shape))
        return [
            f"data:      {len(data.train):,} images in train, {len(data.classes)} classes, "
            f"{shape}{', resized' * data.is_resized}; split {data.split}{left_out(data)}"
        ]

    def probabilities(self, run: Run, part: str) -> Any:
        from kit.evaluation.images import probabilities_of_images

        return probabilities_of_images(run.model, getattr(run.data, part))

    def baselines(self, run: Run) -> "dict[str, ClassPredictions]":
        from kit.evaluation.images import image_baselines

        return image_baselines(run.data, seed=run.seed)

    def report(self, run: Run, results: Results) -> dict[str, Any]:
        from kit.evaluation.images import ImageReport, write_image_report

        report = ImageReport(**report_facts(run, results), classifier=run.model)
        return write_image_report(report, run.folder)

    def export(
        self, run: Run, results: Any, card: dict[str, Any]
    ) -> "tuple[Path, Sequence[SignatureCheck]]":
        from kit.export import export_images

        return export_images(run.model, run.data, run.output, card=card)


class TextClassification(_Classification):
    """Which class a text belongs to; `parts` of the run are `TokenizedTexts`."""

    unit = "texts"

    def describe(self, data: "TextData") -> Sequence[str]:
        return [
            f"data:      {len(data.train):,} texts in train, {len(data.classes)} classes; "
            f"split {data.split}{left_out(data)}"
        ]

    def probabilities(self, run: Run, part: str) -> Any:
        from kit.evaluation.texts import probabilities_of_texts

        return probabilities_of_texts(run.model, run.built.parts.tokens[part])

    def baselines(self, run: Run) -> "dict[str, ClassPredictions]":
        from kit.evaluation.texts import text_baselines

        return text_baselines(run.data)

    def report(self, run: Run, results: Results) -> dict[str, Any]:
        from kit.evaluation.texts import TextReport, write_text_report

        texts: TokenizedTexts = run.built.parts
        report = TextReport(
            **report_facts(run, results),
            classifier=run.model,
            tokenizer=texts.tokenizer,
            numbers=dict(texts.tokens),
            length=texts.length,
        )
        return write_text_report(report, run.folder)

    def export(
        self, run: Run, results: Any, card: dict[str, Any]
    ) -> "tuple[Path, Sequence[SignatureCheck]]":
        from kit.export import export_texts

        texts: TokenizedTexts = run.built.parts
        return export_texts(
            run.model, texts.tokenizer, run.data, texts.length, run.output, card=card
        )

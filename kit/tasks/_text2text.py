"""Text to text: translation and summarization."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kit.config import Text2TextOptions
from kit.tasks._evaluate_export import (
    Export,
    ExportEvaluation,
    PredictionMetrics,
    card_options,
    open_again,
)
from kit.tasks._task import Comparison, Results, Run, left_out, report_facts

if TYPE_CHECKING:
    from kit.data.text2text import Text2TextData
    from kit.evaluation import GeneratedTexts
    from kit.exports import SignatureCheck, Text2TextCard
    from kit.report import Report

TEXTS_AT_ONCE = 64


@dataclass(frozen=True, kw_only=True)
class Generation:
    """What text-to-text needs beside the model.

    Args:
        generator: makes of the trained model what generates texts.
        metric: name of the validation metric.
        measure: computes it.
        protocol: how texts are generated, in words.
    """

    generator: Callable[[Any], Any]
    metric: str
    measure: Callable[[], float]
    protocol: str


@dataclass(frozen=True)
class GeneratedResults(Results):
    """What was generated, and by what; its graphs are traced once."""

    generator: Any


@dataclass(frozen=True, kw_only=True)
class Text2Text:
    """Texts that are generated from others; `parts` of the run is a `Generation`.

    Args:
        output: name of the export's output, "translation".
        judge: for the data, what measures generated texts by their references.
        baselines: simple systems, of the data.
        bounds: those of the baselines that know the references.
    """

    output: str
    judge: (
        "Callable[[Text2TextData], "
        "Callable[[Sequence[str], Sequence[Sequence[str]]], GeneratedTexts]]"
    )
    baselines: "Callable[[Text2TextData], Mapping[str, GeneratedTexts]]"
    bounds: tuple[str, ...] = ()
    name = "text2text"
    unit = "tokens"
    following = "kit evaluate {folder}"

    def describe(self, data: "Text2TextData") -> Sequence[str]:
        return [
            f"data:      {len(data.train):,} texts in train, {' to '.join(data.names)}; "
            f"split {data.split}{left_out(data)}"
        ]

    def warnings(self, data: Any) -> Sequence[str]:
        return ()

    def check(self, run: Run) -> Sequence[str]:
        """Measure the references themselves; raises `UserError` where that is not possible."""
        judge = self.judge(run.data)
        judge(run.data.valid.sources, run.data.valid.references)
        copied = judge(run.data.test.sources, run.data.test.references)
        run.settings |= copied.card()
        return [f"        {line}" for line in copied.warnings()]

    def validation(self, run: Run) -> tuple[str, Callable[[], float]]:
        return run.built.parts.metric, run.built.parts.measure

    def evaluate(self, run: Run) -> GeneratedResults:
        judge, generator = self.judge(run.data), run.built.parts.generator(run.model)
        valid, test = (
            judge(generator.write(part.sources), part.references)
            for part in (run.data.valid, run.data.test)
        )
        return GeneratedResults(valid, test, self.baselines(run.data), generator)

    def report(self, run: Run, results: Results) -> "Report":
        from kit.report import Text2TextReport, text2text_report

        report = Text2TextReport(
            **report_facts(run, results),
            weights=run.model.count_params(),
            bounds=self.bounds,
            how=run.built.parts.protocol,
        )
        return text2text_report(report)

    def card(self, run: Run, results: Results, facts: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "model": run.built.name,
            "generation": run.built.parts.protocol,
            **results.test.card(),
        }

    def export(
        self, run: Run, results: Any, card: dict[str, Any]
    ) -> "tuple[Path, Sequence[SignatureCheck]]":
        from kit.exporting import export_text2text

        return export_text2text(
            run.model, results.generator, run.data, run.output, output=self.output, card=card
        )

    def tables(self, run: Run, results: Any, facts: Mapping[str, Any]) -> Sequence[Comparison]:
        systems = {run.built.name: results.test, **results.baselines}
        title = facts["test"]["protocol"]
        return [Comparison(title=title, systems=systems, metrics=results.test.SHOWN)]

    def export_lines(self, version: Path) -> Sequence[str]:
        return ()

    @classmethod
    def open_again(cls, card: "Text2TextCard", source: str | None) -> "Text2TextData":
        return open_again(
            card_options(Text2TextOptions, card, source), lambda o: o.split_of(o.open())
        )

    @classmethod
    def predict_export(
        cls, export: Export, data: "Text2TextData", *, max_users: int | None = None
    ) -> ExportEvaluation:
        import tensorflow as tf

        from kit.evaluation import Summaries, Translations, bleu_tokenizer
        from kit.report import text2text_protocol

        model, card = export.load(), export.card
        sources, references = data.test.sources, data.test.references
        texts: list[str] = []
        for start in range(0, len(sources), TEXTS_AT_ONCE):
            batch = tf.constant(sources[start : start + TEXTS_AT_ONCE])
            answer = model.signatures["serving_default"](text=batch)
            texts += [text.decode(errors="replace") for text in answer[card.output].numpy()]
        generated: GeneratedTexts
        if card.output == "translation":
            # Cards of early exports do not state the tokenizer.
            tokenizer = bleu_tokenizer(
                references, language=data.names[1], named=card.bleu_tokenizer
            )
            generated = Translations(texts, references, tokenizer)
        else:
            generated = Summaries(texts, references)
        protocol = text2text_protocol(data, "test", generated, card.generation)
        return ExportEvaluation(
            [PredictionMetrics(protocol, card.model, generated, generated.SHOWN)]
        )

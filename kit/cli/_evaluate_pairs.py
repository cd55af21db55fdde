"""Measuring the exports that write."""

from pathlib import Path
from typing import Any

from kit.cli._measured import Metrics
from kit.cli._read_again import read_again
from kit.console import PairOptions, quiet_tensorflow

TEXTS_AT_ONCE = 64


def evaluate_pairs(version: Path, card: dict[str, Any], source: str | None, trust: bool) -> Metrics:
    """The measures of an export that writes.

    Args:
        version: folder of the export.
        card: of the export.
        source: other data than it was trained on.
        trust: load it whatever it could do.

    Raises:
        UserError: the source cannot be read.
    """
    dataset = read_again(PairOptions(**card["data"]), source, lambda o: o.split_of(o.open()))
    quiet_tensorflow()
    import tensorflow as tf

    from kit.artefact import load_version
    from kit.evaluation.pairs import (
        GeneratedTexts,
        Summaries,
        Translations,
        bleu_tokenizer,
        pair_protocol,
    )

    signature = load_version(version, trust=trust).signatures["serving_default"]
    texts = dataset.test.sources
    written: list[str] = []
    for start in range(0, len(texts), TEXTS_AT_ONCE):
        answer = signature(text=tf.constant(texts[start : start + TEXTS_AT_ONCE]))
        written += [text.decode(errors="replace") for text in answer[card["writes"]].numpy()]
    found: GeneratedTexts
    if card["writes"] == "translation":
        # Exports of before their tokenizer was kept have none on their card.
        tokenizer = bleu_tokenizer(
            dataset.test.references, language=dataset.names[1], named=card.get("bleu_tokenizer")
        )
        found = Translations(written, dataset.test.references, tokenizer)
    else:
        found = Summaries(written, dataset.test.references)
    protocol = pair_protocol(dataset, "test", found, card["how"])
    return Metrics(protocol, card["model"], found, found.SHOWN)

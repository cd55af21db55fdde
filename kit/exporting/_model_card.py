"""Model cards for readers, in the sections of Mitchell et al. (2019)."""

from collections.abc import Iterator, Mapping, Sequence
from math import isfinite
from typing import Any

from kit.exports import Card, ForecastingCard, RecommenderCard, Signature, TensorSpec

REFIT = (
    "The metrics are those of the model before the refit: the export was then trained again with "
    "the same settings on all rows of train, valid and test,"
)
NO_LICENCE = "Not stated by the source; the licence is the user's to know."


def model_card(card: Card, signatures: Mapping[str, Signature]) -> str:
    """Render a card as Markdown. What it does not state is left out; it contains no user id.

    Args:
        card: of the export.
        signatures: of the SavedModel.

    Returns:
        Markdown.

    Source: Mitchell et al., Model Cards for Model Reporting, FAT* 2019.

    Example:

    >>> print(model_card(Card(recipe="two-tower", dataset={"licence": ""}), {}))
    # Model card: two-tower
    <BLANKLINE>
    ## Data
    <BLANKLINE>
    - Licence: Not stated by the source; the licence is the user's to know.
    ...
    """
    sections = {
        "Model details": _details(card),
        "Intended use": _sentences([card.intended_use]),
        "Data": _data(card),
        "Evaluation": _evaluation(card),
        "Privacy": _privacy(card),
        "Robustness": _robustness(card),
        "Limits": _sentences(card.limits),
        "Trust": _trust(card),
        "Signatures": _signatures(signatures),
        "Operations": _operations(card),
        "Serving": _serving(card),
    }
    title = f"Model card: {card.recipe}" if card.recipe else "Model card"
    blocks = [f"# {title}"]
    for heading, lines in sections.items():
        if written := list(lines):
            blocks += [f"## {heading}", "\n".join(written)]
    return "\n\n".join(blocks) + "\n"


def _details(card: Card) -> Iterator[str]:
    if card.created:
        yield f"- Exported: {card.created}"
    if card.versions:
        named = ", ".join(f"{name} {version}" for name, version in card.versions.items())
        yield f"- Made with: {named}"
    if isinstance(card, RecommenderCard):
        seen = "excluded from" if card.exclude_seen else "kept in"
        yield f"- Seen items of a known user are {seen} the recommended list."


def _data(card: Card) -> Iterator[str]:
    facts = card.dataset or {}
    source = facts.get("name") or card.data.get("data")
    if source:
        yield f"- Source: `{source}`"
    if facts.get("rows"):
        size = f"{facts['rows']:,} {card.noun}"
        for noun in ("users", "items"):
            size += f", {facts[noun]:,} {noun}" if facts.get(noun) else ""
        yield f"- Size after filtering: {size}"
    for step in facts.get("cleaning") or []:
        if step["rows"]:
            yield f"- Dropped: {step['rows']:,} {step['dropped']}"
    if facts.get("split"):
        yield f"- Split: {facts['split']}"
    if facts.get("rows_of_part"):
        parts = ", ".join(f"{rows:,} {part}" for part, rows in facts["rows_of_part"].items())
        yield f"- Rows: {parts}"
    if "licence" in facts:
        yield f"- Licence: {' '.join(facts['licence'].split()) or NO_LICENCE}"


def _evaluation(card: Card) -> Iterator[str]:
    results = card.results or {}
    if results.get("protocol"):
        yield f"Protocol: {results['protocol']}."
        if card.refit:
            yield f"{REFIT} {card.refit['rows']:,}."
        yield ""
    metrics = results.get("metrics") or {}
    if not metrics:
        return
    baselines = {name: found["metrics"] for name, found in (card.baselines or {}).items()}
    rows = [
        [
            metric,
            _number(found.get("mean")),
            _interval(found.get("low"), found.get("high")),
            *(_number(other.get(metric, {}).get("mean")) for other in baselines.values()),
        ]
        for metric, found in metrics.items()
    ]
    yield from _table(["metric", card.recipe or "model", "95 % interval", *baselines], rows)
    if isinstance(card, ForecastingCard) and card.hierarchy:
        yield from _levels(card.hierarchy)


def _levels(hierarchy: Mapping[str, Any]) -> Iterator[str]:
    """Errors by level of a hierarchy."""
    metric = hierarchy["metric"]
    yield ""
    yield f"{metric}, {hierarchy['protocol']}."
    yield ""
    rows = [
        [f"{level}, {name}", _number(found["metrics"][metric].get("mean"))]
        for level, systems in hierarchy["test"].items()
        for name, found in systems.items()
    ]
    yield from _table(["level, forecasts", metric], rows)


def _trust(card: Card) -> Iterator[str]:
    yield "- Without `assets.extra/model.sig` anybody could have written it; with it,"
    yield "  `kit verify --public-key FILE` tells whether the owner of a key did."
    yield "- A model is a program: run one from elsewhere without network and secrets."


def _signatures(signatures: Mapping[str, Signature]) -> Iterator[str]:
    if signatures:
        rows = [
            [f"`{name}`", _tensors(signature.inputs), _tensors(signature.outputs)]
            for name, signature in signatures.items()
        ]
        yield from _table(["signature", "inputs", "outputs"], rows)
        yield ""
        yield "A dimension written as ? has any length; the first one is the batch."


def _privacy(card: Card) -> Iterator[str]:
    if isinstance(card, RecommenderCard):
        known = "ids, histories and vectors of the known users" if card.known_users else "no user"
        yield f"- It holds {known}."
        yield f"- Differential privacy: {card.guarantee or 'none; see `kit audit privacy`'}."
    if isinstance(card, RecommenderCard) and card.privacy is not None:
        yield f"- Method: {card.privacy['method']}."


def _robustness(card: Card) -> Iterator[str]:
    found = card.robustness
    if found is None:
        yield "- Robustness: not measured."
        return
    measured = [f"{name} {_number(one.get('mean'))}" for name, one in found["metrics"].items()]
    yield f"- Robustness: {'; '.join(measured)}."
    yield f"- Protocol: {found['protocol']}."
    for name, reason in (found.get("left_out") or {}).items():
        yield f"- Not measured: {name}, which {reason}."


def _operations(card: Card) -> Iterator[str]:
    custom = card.custom_ops or {}
    for module, names in custom.items():
        yield f"- Not in core TensorFlow, registered by Python's `{module}`: {', '.join(names)}"
    core = sorted({*card.operations}.difference(*custom.values()))
    if core:
        yield f"- Core TensorFlow, {len(core)}: {', '.join(core)}"


def _serving(card: Card) -> Iterator[str]:
    yield "The parent folder is the model's base path for TensorFlow Serving:"
    yield ""
    yield "    tensorflow_model_server --rest_api_port=8501 \\"
    yield "        --model_name=NAME --model_base_path=/absolute/path/to/NAME"
    yield ""
    if card.custom_ops:
        yield "The server must be built with the other operations named above."
    yield "It runs `assets.extra/tf_serving_warmup_requests` before it serves requests."
    yield "`assets.extra/recorded.json` holds example requests and answers for each signature;"
    yield "`kit verify` repeats them with this copy and compares the answers."


def _sentences(sentences: Sequence[str]) -> Iterator[str]:
    yield from (f"- {sentence}" for sentence in sentences if sentence)


def _tensors(specs: Mapping[str, TensorSpec]) -> str:
    return "; ".join(f"`{name}` {spec}" for name, spec in specs.items())


def _number(value: float | None) -> str:
    return "-" if value is None or not isfinite(value) else f"{value:.4f}"


def _interval(low: float | None, high: float | None) -> str:
    return "-" if low is None else f"{_number(low)} to {_number(high)}"


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    for row in [columns, ["---"] * len(columns), *rows]:
        yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |"

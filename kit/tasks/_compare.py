"""Two exports side by side, on the same protocol, with paired intervals."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import isnan
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

from kit.errors import UserError
from kit.tasks._evaluate_export import Export, ExportEvaluation, PredictionMetrics, number_or_none
from kit.tasks._tasks import TASKS

if TYPE_CHECKING:
    import polars as pl

    from kit.metrics import Estimate, Estimates

SMALLER_IS_BETTER = frozenset(
    ["log loss", "ECE", "RMSSE", "MASE", "WQL", "MSE", "MAE", "error of deciles"]
)
OVERLAPS = (10, 20)
MOVERS = 10
TIMED_REQUESTS = 50


@dataclass(frozen=True)
class MetricComparison:
    """The metrics of two exports on the same rows.

    Args:
        protocol: how they were measured.
        metrics: name to the means of the first and of the second, and the difference, the second
            minus the first, with its paired 95 % interval where there is one.
    """

    protocol: str
    metrics: "Mapping[str, tuple[float, float, Estimate]]"

    @property
    def verdict(self) -> str:
        """Of the second export by the first metric: "better", "worse", "no clear difference", or
        "not measured" where the data hold nothing to measure it on.

        Without an interval the sign of the difference decides.
        """
        name, (_, _, gap) = next(iter(self.metrics.items()))
        sign = -1 if name in SMALLER_IS_BETTER else 1
        low, high = (gap.mean, gap.mean) if isnan(gap.low) else (gap.low, gap.high)
        low, high = sorted((sign * low, sign * high))
        if isnan(gap.mean):
            return "not measured"
        if low <= 0 <= high:
            return "no clear difference"
        return "better" if low > 0 else "worse"


@dataclass(frozen=True)
class ExportComparison:
    """What comparing two exports came to; the second is held against the first.

    Args:
        first: version folder.
        second: version folder.
        results: one, or one a label.
        overlap: cut-off to the mean share of items that the lists of a user have in common; of
            recommenders only.
        movers: the items whose share of lists changed most: item_id, name, first, second and
            change; of recommenders only.
        latency: median and 95th percentile of a request of one row, in milliseconds, of each.
        notes: lines on data and protocol.
        warnings: why the first may be measured too well.
    """

    first: Path
    second: Path
    results: Sequence[MetricComparison]
    overlap: Mapping[int, float] = field(default_factory=dict)
    movers: "pl.DataFrame | None" = None
    latency: Sequence[tuple[float, float]] = ()
    notes: Sequence[str] = ()
    warnings: Sequence[str] = ()

    @property
    def verdict(self) -> str:
        """Of all results: "worse" if one is, else "not measured" or "better" if one is."""
        found = {result.verdict for result in self.results}
        first = ("worse", "not measured", "better")
        return next((v for v in first if v in found), "no clear difference")

    def table(self) -> "pl.DataFrame":
        """A row for each protocol and metric."""
        import polars as pl

        rows = [
            {
                "protocol": result.protocol,
                "metric": name,
                "first": first,
                "second": second,
                "difference": gap.mean,
                "low": number_or_none(gap.low),
                "high": number_or_none(gap.high),
            }
            for result in self.results
            for name, (first, second, gap) in result.metrics.items()
        ]
        return pl.DataFrame(rows)


def compare_exports(
    first: str | Path,
    second: str | Path,
    source: str | None = None,
    *,
    max_users: int | None = None,
    trust: bool = False,
    timed: bool = True,
) -> ExportComparison:
    """Measure two exports on the same rows.

    The card of the second says how the data are opened and split: the test part is later than what
    an older version was trained on, if the split is by time.

    Args:
        first: a version, such as the live one: its folder, that of the model, which means the one
            with the label stable, or this with another label, "saved_models/shop/canary".
        second: a version of the same kind of model.
        source: the data; None are those the second was trained on.
        max_users: at most so many users are measured, where a task measures users.
        trust: load them even if they could do what no export of this kit does.
        timed: whether to measure latency, too.

    Raises:
        UserError: the exports are of different kinds, do not fit the data, or their answers cannot
            be compared on the same protocol.
    """
    from kit.exports import read_card, version_folder

    first, second = version_folder(Path(first)), version_folder(Path(second))
    cards = [read_card(version) for version in (first, second)]
    kinds = ["recommender" if hasattr(card, "exclude_seen") else card.task for card in cards]
    if kinds[0] != kinds[1] or cards[1].task not in TASKS:
        raise UserError(
            f"A {cards[0].task} export cannot be compared with a {cards[1].task} export.",
            where=str(second),
            expected=f"two exports of one task; tasks are {', '.join(TASKS)}",
        )
    if cards[1].refit and source is None:
        raise UserError(
            "The second export was trained again on all rows: none are left to compare it on.",
            where=str(second),
            expected="a model trained without --refit, or rows that came later",
            remedy="Name rows that neither was trained on: --data SOURCE",
        )
    data = TASKS[cards[1].task].open_again(cards[1], source)
    found: list[ExportEvaluation] = []
    for version, card in zip((first, second), cards, strict=True):
        task = TASKS[card.task]
        found.append(task.predict_export(Export(version, card, trust), data, max_users=max_users))
    results = [
        _compared(*pair, second) for pair in zip(found[0].results, found[1].results, strict=True)
    ]
    more: dict[str, Any] = {}
    if kinds[0] == "recommender":
        tops = [evaluation.results[0].predictions.top for evaluation in found]  # type: ignore[attr-defined]
        names = {**cards[0].names, **cards[1].names}  # type: ignore[attr-defined]
        more = {"overlap": _overlap(*tops), "movers": _movers(tops, data.item_ids, names)}
    if timed:
        more["latency"] = [_latency(version, trust) for version in (first, second)]
    warnings = _warnings(cards, source)
    return ExportComparison(first, second, results, notes=found[1].notes, warnings=warnings, **more)


def _warnings(cards: Sequence[Any], source: str | None) -> list[str]:
    """Why the first export may have been trained on rows it is measured on."""
    split = str((cards[1].dataset or {}).get("split") or "")
    notes = []
    if cards[0].refit:
        notes.append(
            "note:      the first export was trained again on all its rows; if these are among "
            "them, it is measured too well"
        )
    elif "time" not in split and (source or cards[0].dataset != cards[1].dataset):
        notes.append(
            "note:      the split is not by time: the first export may have been trained on some "
            "of these rows, and be measured too well"
        )
    return notes


def _compared(first: Any, second: Any, where: Path) -> MetricComparison:
    from kit.metrics import Estimate

    if first.protocol != second.protocol:
        raise UserError(
            "The exports are not measured by the same protocol.",
            where=str(where),
            expected=first.protocol,
            remedy=f"That of the second is: {second.protocol}.",
        )
    if not isinstance(first, PredictionMetrics):
        return MetricComparison(first.protocol, _by_means(first.document(), second.document()))
    one, other = first.predictions, second.predictions
    try:
        gaps: Estimates = other.minus(one)
    except ValueError as error:
        raise UserError(
            f"The answers cannot be compared row by row: {error}",
            where=str(where),
            expected="two exports with the same classes, labels or series",
        ) from error
    means = one.summary(), other.summary()
    return MetricComparison(
        first.protocol,
        {
            name: (
                means[0][name],
                means[1][name],
                gaps.get(name, Estimate(means[1][name] - means[0][name])),
            )
            for name in second.names
        },
    )


def _by_means(first: Mapping[str, Any], second: Mapping[str, Any]) -> dict[str, Any]:
    """Of metrics without values a row, such as average precision."""
    from kit.metrics import Estimate

    found = {}
    for name, values in second["metrics"].items():
        means = [
            one if one is not None else float("nan")
            for one in (first["metrics"][name]["mean"], values["mean"])
        ]
        found[name] = (means[0], means[1], Estimate(means[1] - means[0]))
    return found


def _overlap(first: Any, second: Any) -> dict[int, float]:
    import numpy as np

    found = {}
    for k in OVERLAPS:
        shared = (first[:, :k, None] == second[:, None, :k]) & (first[:, :k, None] >= 0)
        longest = np.maximum((first[:, :k] >= 0).sum(1), (second[:, :k] >= 0).sum(1))
        some = longest > 0
        found[k] = float((shared.any(2).sum(1)[some] / longest[some]).mean()) if some.any() else 1.0
    return found


def _movers(tops: Sequence[Any], item_ids: Any, names: Mapping[str, str]) -> "pl.DataFrame":
    import numpy as np
    import polars as pl

    k = OVERLAPS[0]
    shares = []
    for top in tops:
        shown = top[:, :k]
        counts = np.bincount(shown[shown >= 0], minlength=len(item_ids))
        shares.append(counts / max(1, len(top)))
    change = shares[1] - shares[0]
    moved = np.argsort(-np.abs(change), kind="stable")[:MOVERS]
    ids = [str(item_ids[code]) for code in moved]
    return pl.DataFrame(
        {
            "item_id": ids,
            "name": [names.get(one) or one for one in ids],
            "first": shares[0][moved],
            "second": shares[1][moved],
            "change": change[moved],
        },
        schema_overrides={"item_id": pl.String, "name": pl.String},
    ).filter(pl.col("change") != 0)


def _latency(version: Path, trust: bool) -> tuple[float, float]:
    """Of the first recorded request, in milliseconds: median and 95th percentile."""
    import numpy as np
    import tensorflow as tf

    from kit.exports import json_object, load_version, with_bytes

    signature = load_version(version, trust=trust).signatures["serving_default"]
    recorded = json_object(version / "assets.extra" / "recorded.json")["serving_default"]["inputs"]
    specs = signature.structured_input_signature[1]
    inputs = {
        name: tf.constant(
            with_bytes(values)[:1] if specs[name].shape.rank else with_bytes(values),
            specs[name].dtype,
        )
        for name, values in recorded.items()
    }
    signature(**inputs)
    seconds = []
    for _ in range(TIMED_REQUESTS):
        begin = perf_counter()
        signature(**inputs)
        seconds.append(perf_counter() - begin)
    middle, most = np.percentile(seconds, [50, 95])
    return 1000 * float(middle), 1000 * float(most)

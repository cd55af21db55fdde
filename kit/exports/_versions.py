"""What is known of the versions of a model without loading them."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from kit.errors import UserError
from kit.exports._card import Card
from kit.exports._labels import Labels, read_labels, version_numbers
from kit.exports._read_card import read_card
from kit.exports._version_folder import damages

SIGNATURE = Path("assets.extra", "model.sig")


@dataclass(frozen=True)
class VersionInfo:
    """What is known of a version without loading it.

    Args:
        number: of the version.
        labels: that it has.
        served: whether a server loads it.
        created: the day of the export.
        data: what it was trained on.
        metrics: name to the mean, measured when it was exported.
        size: bytes.
        problem: why it is not as it was written; None if its files are those of the manifest.
        signed: whether it has a signature; `kit verify` checks it.
    """

    number: int
    labels: list[str]
    served: bool
    created: str
    data: str
    metrics: Mapping[str, float]
    size: int
    problem: str | None
    signed: bool


def versions(folder: Path) -> list[VersionInfo]:
    """The versions of a model, newest first.

    Args:
        folder: of its versions.

    Raises:
        UserError: there is none, or the labels cannot be read.
    """
    there, labels = version_numbers(folder), read_labels(folder)
    if not there:
        raise UserError(
            "There are no versions.",
            where=str(folder),
            expected="a model's folder with numbered versions such as 1/",
            remedy="Train one: kit train two-tower --data online-retail",
        )
    served = labels.served(there)
    return [_info(n, there[n], labels, n in served) for n in sorted(there, reverse=True)]


def _info(number: int, version: Path, labels: Labels, served: bool) -> VersionInfo:
    card, problem = None, next(iter(damages(version)), None)
    try:
        card = read_card(version)
    except UserError as error:
        problem = problem or error.what
    results = (card and card.results) or {}
    metrics = {name: value.get("mean") for name, value in (results.get("metrics") or {}).items()}
    return VersionInfo(
        number=number,
        labels=labels.of(number),
        served=served,
        created=(card and card.created) or "",
        data="" if card is None else _data(card),
        metrics={name: value for name, value in metrics.items() if value is not None},
        size=sum(f.stat().st_size for f in version.rglob("*") if f.is_file()),
        problem=problem,
        signed=(version / SIGNATURE).is_file(),
    )


def _data(card: Card) -> str:
    return str((card.dataset or {}).get("name") or card.data.get("data") or "")

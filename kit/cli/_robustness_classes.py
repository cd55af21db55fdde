"""`kit robustness` of classifiers of images and of texts."""

from typing import TYPE_CHECKING, cast

from kit.cli._robustness import Measured, Request
from kit.console import quiet_tensorflow
from kit.tasks import Export

if TYPE_CHECKING:
    from kit.metrics import Estimate
    from kit.tasks import ImageClassification

COLUMNS = ["test", "accuracy", "95 % interval", "difference", "95 % interval"]


def measure(request: Request) -> Measured:
    """Accuracy on changed examples of test.

    Raises:
        UserError: the data cannot be opened, or do not fit the model.
    """
    from kit.tasks import TASKS

    task = cast("type[ImageClassification]", TASKS[request.card.task])
    data = task.open_again(request.card, request.source)
    quiet_tensorflow()
    export = Export(request.version, request.card, request.trust)
    found = task.robustness_of_export(export, data, most=request.limit)
    differences = found.differences
    rows = []
    for name, accuracy in found.accuracies.items():
        cells = _cells(accuracy)
        cells += _cells(differences[name], "+") if name in differences else ["", ""]
        rows.append([name, *cells])
    return Measured(
        title=found.protocol,
        columns=COLUMNS,
        rows=rows,
        document={**found.facts(), "system": request.card.model},
        notes=[f"not measured: {name}, which {why}" for name, why in found.left_out.items()],
    )


def _cells(one: "Estimate", sign: str = "") -> list[str]:
    return [f"{one.mean:{sign}.4f}", f"{one.low:{sign}.4f} to {one.high:{sign}.4f}"]

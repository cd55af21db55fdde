"""What an export was verified by, in a line."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kit.artefact import SignatureCheck

COUNTED = ("no loader", "one loader", "two loaders", "three loaders")


def verified(checks: "Sequence[SignatureCheck]") -> str:
    """The line that ends a recipe's export.

    Args:
        checks: the passed ones, with the reason where a loader cannot load the export at all.
    """
    signatures = {check.signature for check in checks}
    loaders = {check.loader for check in checks if not check.reason}
    reasons = sorted({f"; {check.loader}: {check.reason}" for check in checks if check.reason})
    number = len(signatures)
    noun, verb = ("signatures", "answer") if number > 1 else ("signature", "answers")
    by = COUNTED[len(loaders)]
    return f"verify:    {number} {noun} {verb} as the live model does, by {by}{''.join(reasons)}"

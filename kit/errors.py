"""What ends a command before its end: a mistake of the user, a wish, a lost peer."""

import errno
from importlib.util import find_spec

EXTRAS = {
    "keras_hub": "pretrained",
    "model_signing": "signing",
    "holidays": "holidays",
    "pycocotools": "detection",
    "regex": "text",
    "rouge_score": "text",
    "sacrebleu": "text",
    "tensorflow_datasets": "datasets",
    "tensorflow_text": "text",
    "yaml": "detection",
}
"""Module to the extra of the distribution that installs it."""


class UserError(Exception):
    """A mistake in what the user gave: a file, a column, an option.

    The `kit` command prints it without a traceback and exits with code 2.

    Args:
        what: what was wrong, one sentence.
        where: the file, line, row or column, or the option.
        expected: what would have been right.
        remedy: what to do now.

    Example:

    >>> print(UserError("No column for the item.", where="sales.csv", remedy="Give --item-column."))
    No column for the item.
      where: sales.csv
      remedy: Give --item-column.
    """

    def __init__(self, what: str, *, where: str = "", expected: str = "", remedy: str = "") -> None:
        self.what, self.where, self.expected, self.remedy = what, where, expected, remedy
        details = {"where": where, "expected": expected, "remedy": remedy}
        super().__init__("\n".join([what, *(f"  {k}: {v}" for k, v in details.items() if v)]))


def not_installed(module: str, where: str = "") -> UserError | None:
    """What to say of a module that cannot be imported, or None if no extra installs it.

    Args:
        module: its name, perhaps of a submodule.
        where: what needs it.
    """
    name = module.split(".")[0]
    if name not in EXTRAS:
        return None
    return UserError(
        f"The package {name.replace('_', '-')} is not installed.",
        where=where,
        expected=f"the extra {EXTRAS[name]}",
        remedy=f'Install it: pip install "keras-application-kit[{EXTRAS[name]}]"',
    )


def check_installed(extra: str | None, where: str) -> None:
    """Raise a UserError unless all modules of an extra are installed.

    Args:
        extra: None needs none.
        where: what needs it.
    """
    for module in [name for name, one in EXTRAS.items() if one == extra]:
        if find_spec(module) is None and (error := not_installed(module, where)):
            raise error


class Interrupted(KeyboardInterrupt):
    """The user asked to stop, and what was done is safe.

    The `kit` command prints it and exits with code 130.
    """


class PeerLost(Exception):
    """Another process of the cluster ended; this one cannot go on alone.

    Whoever supervises the processes starts all of them again, and training goes on from its last
    checkpoint. The `kit` command ends with `PEER_LOST`.
    """


PEER_LOST = 75
"""Exit code after another process of a cluster was lost."""
REFUSED = 3
"""Exit code after a training whose version is worse than the live one."""


def is_disk_full(error: BaseException) -> bool:
    """Whether a write failed for want of room, by the disk or by a quota.

    TensorFlow reports it as an error of its own, without a number.
    """
    if isinstance(error, OSError):
        return error.errno in (errno.ENOSPC, errno.EDQUOT)
    reasons = ("No space left on device", "Disk quota exceeded")
    is_tensorflow = type(error).__module__.startswith("tensorflow")
    return is_tensorflow and any(reason in str(error) for reason in reasons)

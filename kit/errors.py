"""What ends a command before its end: a mistake of the user, a wish, a lost peer."""

import errno


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

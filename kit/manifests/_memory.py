"""Amounts of memory."""

import re

from kit.errors import UserError


def mebibytes(memory: str) -> int:
    """MiB of an amount as Kubernetes writes it.

    Raises:
        UserError: it is no such amount.

    Example:

    >>> mebibytes("512Mi"), mebibytes("2Gi")
    (512, 2048)
    """
    quantity = re.fullmatch(r"([1-9][0-9]*)(Mi|Gi)", memory)
    if not quantity:
        raise UserError(
            f"{memory!r} is no amount of memory.",
            where="--memory",
            expected="a whole number with Mi or Gi, such as 512Mi or 2Gi",
            remedy="Leave --memory out for the default.",
        )
    return int(quantity[1]) * (1024 if quantity[2] == "Gi" else 1)

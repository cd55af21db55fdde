"""Synthetic users: exports are verified by them, so that no real history is in a request."""

PREFIX = "\N{WHITE QUESTION MARK ORNAMENT} sample "


def sample_user(number: int) -> str:
    """The id of a synthetic user.

    Example:

    >>> is_sample_user(sample_user(7))
    True
    """
    return f"{PREFIX}{number:02d}"


def forgotten_user(token: str) -> str:
    """What the row of a forgotten user is called; it counts as a synthetic user.

    Args:
        token: random, so that nobody asks for it.
    """
    return f"{PREFIX}forgotten {token}"


def is_forgotten_user(user_id: str) -> bool:
    """Whether an id is that of an emptied row.

    Example:

    >>> is_forgotten_user(forgotten_user("5f")), is_forgotten_user(sample_user(7))
    (True, False)
    """
    return user_id.startswith(forgotten_user(""))


def is_sample_user(user_id: str) -> bool:
    """Whether an id is that of a synthetic user."""
    return user_id.startswith(PREFIX)

"""Synthetic users: exports are verified by them, so that no real history is in a request."""

PREFIX = "\N{WHITE QUESTION MARK ORNAMENT} sample "


def sample_user(number: int) -> str:
    """The id of a synthetic user.

    Example:

    >>> is_sample_user(sample_user(7))
    True
    """
    return f"{PREFIX}{number:02d}"


def is_sample_user(user_id: str) -> bool:
    """Whether an id is that of a synthetic user."""
    return user_id.startswith(PREFIX)

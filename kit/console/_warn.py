"""Warnings on the terminal."""

from collections.abc import Sequence

from kit.console._terminal import echo


def warn(warnings: Sequence[str]) -> None:
    """Print each warning in one line to standard error."""
    for warning in warnings:
        echo(f"Warning: {warning}", err=True, color="yellow")

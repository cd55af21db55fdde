"""Options of steps that may run on Apache Spark."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import click

ENGINES = ("local", "spark")


def engine_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add --engine and --master."""
    command = click.option(
        "--master",
        metavar="URL",
        help="Of --engine spark, the cluster: local[4], spark://HOST:PORT, yarn or "
        "k8s://https://HOST:PORT.  [default: that of spark-submit or SPARK_MASTER, else local[*]]",
    )(command)
    return click.option(
        "--engine",
        type=click.Choice(ENGINES),
        default="local",
        show_default=True,
        help="What does the work: this machine, or Apache Spark (the extra spark).",
    )(command)


def check_engine(engine: str, master: str | None) -> None:
    """Raise `click.UsageError` where --master is given and Spark is not asked for."""
    if master is not None and engine != "spark":
        raise click.UsageError("--master URL goes together with --engine spark.")


@contextmanager
def engine_session(engine: str, master: str | None) -> Iterator[Any]:
    """The session of Spark; None where this machine does the work."""
    check_engine(engine, master)
    if engine == "local":
        yield None
        return
    from kit.data.spark import spark_session

    with spark_session(master) as session:
        yield session

"""The predictions of an export for a file, in a file."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kit.cli._open_export import checked_version
from kit.cli._parts import Destination, Parts, file_identity, write_table
from kit.console import echo, quiet_tensorflow
from kit.errors import UserError
from kit.progress import stage

if TYPE_CHECKING:
    from kit.data.spark import SparkOutput
    from kit.exports import CustomerValues, Predictor, SeriesForecaster


def predict_all(
    folder: Path,
    source: Path,
    destination: Destination,
    *,
    keep: Sequence[str] = (),
    text_column: str | None = None,
    trust: bool = False,
) -> None:
    """Write the predictions for a file; the output appears when it is complete.

    Args:
        folder: of a version, or of the versions of a model.
        source: a table, a text file or a folder of images, as the model takes.
        destination: where the predictions go.
        keep: columns of the table to write beside them.
        text_column: the column of texts.
        trust: load the export even if it could do what no export of this kit does.

    Raises:
        UserError: the export recommends, or the source or the output cannot be used.
    """
    if not source.exists():
        raise UserError("There is no such file.", where=f"--data {source}")
    version, export = _opened(folder, str(source), destination.file, trust=trust)
    from kit.exports import CustomerValues, SeriesForecaster, predict_file

    if isinstance(export, SeriesForecaster | CustomerValues):
        # Whole histories are needed at once.
        ask = export.forecast if isinstance(export, SeriesForecaster) else export.value
        table = ask(history=str(source))
        write_table(destination, table)
        _echo(destination, len(table))
        return
    job = {
        "version": file_identity(version / "saved_model.pb"),
        "source": file_identity(source),
        "form": [destination.format, [*keep], text_column],
    }
    with stage("predict", None, "rows") as asked, Parts(destination, job).open() as parts:
        done = parts.inputs
        if done:
            echo(f"resumed:   {done:,} rows were done", err=True)
            asked.advance(done)
        for end, table in predict_file(
            export, source, begin=done, keep=keep, text_column=text_column
        ):
            parts.write(table, inputs=end - done)
            asked.advance(end - done)
            done = end
    _echo(destination, parts.rows)


def predict_on_spark(
    session: Any,
    folder: Path,
    source: str,
    output: "SparkOutput",
    *,
    keep: Sequence[str] = (),
    text_column: str | None = None,
    trust: bool = False,
) -> None:
    """The same, made by the executors of a session of Spark into a folder.

    Raises:
        UserError: the export recommends or needs whole histories, or the source or the output
            cannot be used.
    """
    version, export = _opened(folder, source, output.folder, trust=trust)
    from kit.exports import CustomerValues, SeriesForecaster, predict_by_spark

    if isinstance(export, SeriesForecaster | CustomerValues):
        raise UserError(
            "The model reads the whole history of a series or a customer at once, which --engine "
            "spark does not gather.",
            where=str(version),
            expected="an export that answers rows",
            remedy="Leave --engine spark out.",
        )
    rows = predict_by_spark(
        session, export, source, output, keep=keep, text_column=text_column, trust=trust
    )
    echo(f"output:    {output.folder}, {rows:,} rows")


def _opened(
    folder: Path, source: str, output: str, *, trust: bool
) -> "tuple[Path, CustomerValues | Predictor | SeriesForecaster]":
    """The version of a folder, and its export, which answers rows or histories."""
    version = checked_version(folder, trust=trust)
    quiet_tensorflow()
    from kit.exports import CustomerValues, Predictor, SeriesForecaster, load_export

    export = load_export(version, trust=trust)
    if isinstance(export, CustomerValues | Predictor | SeriesForecaster):
        return version, export
    raise UserError(
        "The export recommends: it answers users, not rows.",
        where=str(version),
        expected="an export of another recipe",
        remedy=f"Write the lists of users: kit recommend {folder} --users {source} --output "
        f"{output}",
    )


def _echo(destination: Destination, rows: int) -> None:
    if not destination.is_piped:
        echo(f"output:    {destination.file}, {rows:,} rows")

"""Asking a model, wherever it is, for any of its signatures."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any, Protocol

import click

from kit.cli._engine import check_engine, engine_options, engine_session
from kit.cli._open_export import checked_version, trust_option
from kit.cli._parts import Destination
from kit.cli._predict_all import predict_all, predict_on_spark
from kit.console import Command, echo_json, quiet_tensorflow
from kit.errors import UserError

EXAMPLE = "kit predict http://127.0.0.1:8501 --model two-tower --input user_id=42"


class Client(Protocol):
    """REST, gRPC or a SavedModel in this process."""

    def inputs(self, signature: str) -> Mapping[str, Any]: ...

    def predict(self, body: Mapping[str, Any]) -> dict[str, Any]: ...


@click.command(cls=Command, example=EXAMPLE)
@click.argument("target", required=False)
@click.option("--grpc", metavar="HOST:PORT", help="Ask over gRPC; TARGET is then not given.")
@click.option("--model", metavar="NAME", help="Which model of the server.")
@click.option("--version", type=click.IntRange(min=0), help="The newest if not given.")
@click.option("--signature", default="serving_default", show_default=True, metavar="NAME")
@click.option(
    "--input",
    "pairs",
    multiple=True,
    metavar="NAME=VALUE",
    help="An input; repeat it for more inputs, or for more rows of one. NAME=@FILE sends the "
    "bytes of a file.",
)
@click.option(
    "--json", "body", type=click.File("r"), help="A body of the REST API; - reads standard input."
)
@click.option(
    "--data",
    "source",
    metavar="FILE",
    help="Predict for all rows of a table, lines of a text file or images of a folder, into "
    "--output.",
)
@click.option(
    "--output",
    metavar="FILE",
    help="Where predictions for --data go: .parquet, .csv, .tsv or .jsonl, or - for standard "
    "output. What was interrupted resumes when the same command is given again. With --engine "
    "spark it is a folder.",
)
@click.option(
    "--keep",
    multiple=True,
    metavar="COLUMN",
    help="A column of --data to write beside the predictions, such as an id; repeatable.",
)
@click.option("--text-column", metavar="NAME", help="The column of texts of --data.")
@engine_options
@trust_option
def predict(
    target: str | None,
    grpc: str | None,
    model: str | None,
    version: int | None,
    signature: str,
    pairs: Sequence[str],
    body: IO[str] | None,
    source: str | None,
    output: str | None,
    keep: tuple[str, ...],
    text_column: str | None,
    engine: str,
    master: str | None,
    trust: bool,
) -> None:
    """Ask a signature and print its answer as JSON, or predict for a file.

    TARGET is the URL of a server, or a folder with an export. --data needs such a folder; its
    output has the number of the row or the path of the image, the columns of --keep, and what the
    model predicts.
    """
    check_engine(engine, master)
    if engine == "spark" and source is None:
        raise click.UsageError("--engine spark goes together with --data and --output.")
    if (source is None) != (output is None):
        raise click.UsageError("--data FILE and --output FILE go together.")
    if source is not None and output is not None:
        if target is None or target.startswith(("http://", "https://")) or pairs or body:
            raise click.UsageError("--data takes a folder with an export, and no other inputs.")
        folder = Path(target) if version is None else Path(target) / str(version)
        if engine == "spark":
            from kit.data.spark import SparkOutput

            folder_of_files = SparkOutput.of(output)
            with engine_session(engine, master) as session:
                predict_on_spark(
                    session,
                    folder,
                    source,
                    folder_of_files,
                    keep=keep,
                    text_column=text_column,
                    trust=trust,
                )
            return
        destination = Destination.of(output, as_json=False)
        predict_all(
            folder, Path(source), destination, keep=keep, text_column=text_column, trust=trust
        )
        return
    if keep or text_column:
        raise click.UsageError("--keep and --text-column go together with --data FILE.")
    if bool(target) == bool(grpc):
        raise click.UsageError("Give one of TARGET (a URL or a folder), --grpc HOST:PORT.")
    if bool(pairs) == (body is not None):
        raise click.UsageError("Give one of --input NAME=VALUE, --json FILE.")
    client = _client(target, grpc, model, version, trust)
    answer = client.predict(_request(client, signature, pairs, body))
    echo_json(answer)


def _client(
    target: str | None, grpc: str | None, model: str | None, version: int | None, trust: bool
) -> Client:
    is_url = target is not None and target.startswith(("http://", "https://"))
    if (is_url or grpc) and not model:
        raise click.UsageError("Say which model of the server: --model NAME.")
    if is_url:
        from kit.serving import RestClient

        return RestClient(str(target), str(model), version=version)
    if grpc:
        quiet_tensorflow()
        from kit.serving import GrpcClient

        return GrpcClient(grpc, str(model), version=version)
    folder = Path(str(target))
    if version is not None:
        folder = folder / str(version)
    path = checked_version(folder, trust=trust)
    quiet_tensorflow()
    from kit.serving import LocalClient

    return LocalClient(path, trust=trust)


def _request(
    client: Client, signature: str, pairs: Sequence[str], body: IO[str] | None
) -> dict[str, Any]:
    if body is None:
        from kit.serving import columns

        typed = [pair.partition("=") for pair in pairs]
        if strange := [name for name, equals, _ in typed if not equals]:
            raise click.UsageError(f"--input takes NAME=VALUE, not {strange[0]!r}.")
        named = [(name, value) for name, _, value in typed]
        inputs = columns(named, client.inputs(signature))
        return {"signature_name": signature, "inputs": inputs}
    try:
        document = json.load(body)
    except (ValueError, RecursionError) as error:
        raise UserError("The body is not JSON.", where=f"--json {body.name}: {error}") from None
    if not isinstance(document, dict):
        raise UserError(
            "Request body must be a JSON object.",
            where=f"--json {body.name}",
            expected='{"instances": [...]} or {"inputs": ...}',
        )
    return {"signature_name": signature, **document}

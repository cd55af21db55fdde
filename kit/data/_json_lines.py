"""JSON Lines: one object a line."""

import io
import itertools
import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import polars as pl

from kit.data._files import read_text
from kit.data._table_format import DETECTED, TableFormat
from kit.errors import UserError

_LINES_FOR_KEYS = 1000
_STARTS = {b'"': "string", b"-": "integer", b"t": "boolean", b"f": "boolean", b"{": "object"}
_STARTS |= {b"[": "list"} | {str(digit).encode(): "integer" for digit in range(10)}


class JsonLinesTable:
    """A .jsonl file. Values are read as text; `check_id_type` tells 1 from "1"."""

    first_row = 1
    typed_ids = True

    def __init__(self, path: Path, format: TableFormat = DETECTED) -> None:
        self.path = path
        self._content = read_text(path, format)
        keys: dict[str, None] = {}
        for line, record in itertools.islice(self._records(), _LINES_FOR_KEYS):
            if not isinstance(record, dict):
                raise self._not_an_object(line)
            keys |= dict.fromkeys(record)
        self.columns = tuple(keys)

    def read(self, columns: Sequence[str]) -> pl.DataFrame:
        try:
            return pl.read_ndjson(
                io.BytesIO(self._content), schema=dict.fromkeys(columns, pl.String())
            )
        except pl.exceptions.PolarsError as error:
            for line, record in self._records():
                if not isinstance(record, dict):
                    raise self._not_an_object(line) from None
            raise UserError(f"The file does not parse: {error}", where=str(self.path)) from None

    def read_parts(self, columns: Sequence[str]) -> Iterator[pl.DataFrame]:
        yield self.read(columns)

    def check_id_type(self, column: str) -> str | None:
        """'integer' or 'string', the one JSON type of all values of the column.

        Raises:
            UserError: two types, or one that cannot be an id; names the line.
        """
        key = re.escape(json.dumps(column, ensure_ascii=False).encode())
        # Inside a JSON string the quotes around the key would be escaped, so a match is a key;
        # it may be one of a nested object, so a suspicion is confirmed by parsing the line.
        first = re.search(key + rb"\s*:\s*([^\sn])", self._content)
        if first is None:
            return None
        kind = _STARTS[first[1]]
        same = b"".join(start for start, other in _STARTS.items() if other == kind)
        suspicion = re.compile(key + rb"\s*:\s*[^\sn" + re.escape(same) + rb"]")
        kinds = {kind}
        if kind not in ("integer", "string") or suspicion.search(self._content):
            kinds.clear()
            for line, record in self._records():
                value = record.get(column) if isinstance(record, dict) else None
                if value is None:
                    continue
                kinds.add(_kind_of(value))
                if len(kinds) > 1 or not kinds <= {"integer", "string"}:
                    raise UserError(
                        f"Ids of mixed or unusable type: {json.dumps(value)} after {kind} ids.",
                        where=f"{self.path}, line {line}, column {column}",
                        expected="all ids strings, or all integers",
                        remedy="Write all ids of the column the same way.",
                    )
        return kinds.pop() if kinds else None

    def _records(self) -> Iterator[tuple[int, object]]:
        for number, line in enumerate(io.BytesIO(self._content), start=1):
            if line.strip():
                try:
                    yield number, json.loads(line)
                except ValueError as error:
                    raise UserError(
                        f"The line is not JSON: {error}.",
                        where=f"{self.path}, line {number}",
                        expected="one JSON object a line",
                    ) from None

    def _not_an_object(self, line: int) -> UserError:
        return UserError(
            "The line is not a JSON object.",
            where=f"{self.path}, line {line}",
            expected='one object a line, like {"user_id": "u1", "item_id": "i1"}',
        )


def _kind_of(value: object) -> str:
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int) or (isinstance(value, float) and value.is_integer()):
        return "integer"
    return {str: "string", float: "fraction", list: "list"}.get(type(value), "object")

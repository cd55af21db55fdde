"""What a ranking model takes in."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class RankingInput:
    """One input of a ranking model.

    Args:
        name: its key in the dictionary that the model is called with.
        kind: "code", int [batch]; "codes", int [batch, length], 0 is padding; "number",
            float [batch], NaN is missing.
        size: rows of the embedding table of codes; code 0 is a missing or unknown value.
        table: inputs that name the same table share it, as an item id and a history of item ids
            do; None: a table of its own.

    Raises:
        ValueError: an unknown kind, codes without a size, or a number with one or with a table.

    Example:

    >>> RankingInput("item", "code", size=100, table="items").table_name
    'items'
    """

    name: str
    kind: Literal["code", "codes", "number"]
    size: int = 0
    table: str | None = None

    def __post_init__(self) -> None:
        if self.kind not in ("code", "codes", "number"):
            raise ValueError(f"{self.name}: kind must be code, codes or number, not {self.kind!r}.")
        if self.kind == "number" and (self.size or self.table):
            raise ValueError(f"{self.name}: a number has no size and no table.")
        if self.kind != "number" and self.size < 1:
            raise ValueError(f"{self.name}: size must be 1 or more, not {self.size}.")

    @property
    def table_name(self) -> str:
        """Name of its table."""
        return self.table or self.name


def first_rows(inputs: Sequence[RankingInput]) -> tuple[dict[str, int], int]:
    """Where each table begins when all lie in one, and the rows of all.

    Args:
        inputs: of a model; those that share a table agree on its size.

    Raises:
        ValueError: a name comes twice, or a table has two sizes.

    Example:

    >>> first_rows([RankingInput("a", "code", 3), RankingInput("b", "code", 5)])
    ({'a': 0, 'b': 3}, 8)
    """
    names = [one.name for one in inputs]
    if len(set(names)) < len(names):
        raise ValueError(f"Every input needs a name of its own; got {names}.")
    sizes: dict[str, int] = {}
    for one in inputs:
        if one.kind == "number":
            continue
        if sizes.setdefault(one.table_name, one.size) != one.size:
            raise ValueError(
                f"Table {one.table_name!r} has {sizes[one.table_name]} rows for one input and "
                f"{one.size} for {one.name!r}."
            )
    starts, total = {}, 0
    for table, size in sizes.items():
        starts[table] = total
        total += size
    return starts, total

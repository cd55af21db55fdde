"""Options of recipes that learn from a table with labels."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kit.console._bundle import Function, bundled
from kit.console._format_options import FORMAT, FormatOptions
from kit.console._options import LIMIT_AND_SEED, TIME_FORMAT
from kit.console._terminal import visible_json
from kit.errors import UserError
from kit.progress import stage

if TYPE_CHECKING:
    from kit.data import RankingData, RankingSource, Schema


@dataclass(frozen=True)
class TableOptions(FormatOptions):
    """What the table is; the help of the options says what each means."""

    data: str
    label: tuple[str, ...]
    positive: tuple[str, ...]
    schema: str | None
    ignore: tuple[str, ...]
    group_column: str | None
    user_column: str | None
    item_column: str | None
    time_column: str | None
    items: str | None
    users: str | None
    negatives: int
    negatives_by: str
    history: int | None
    rare: int
    split: str | None
    limit: int | None
    seed: int
    time_format: str | None = None

    @classmethod
    def of_card(cls, data: dict[str, Any]) -> "TableOptions":
        """From what `card` gave, after its way through JSON."""
        values: dict[str, Any] = {
            k: tuple(v) if isinstance(v, list) else v for k, v in data.items()
        }
        return cls(**values)

    def card(self) -> dict[str, Any]:
        """What an export keeps, to find its data again."""
        return asdict(self)

    @stage("read")
    def open(self, schema: "Schema | None" = None) -> "RankingSource":
        """Open the source.

        Args:
            schema: of its features, in place of the option's.
        """
        from kit.data import RankingColumns, open_ranking

        if self.negatives and self.label:
            raise UserError(
                "A table with a label has its negatives already.",
                where="--negatives",
                expected="one of --label and --negatives",
                remedy="Leave one of them out.",
            )
        columns = RankingColumns(
            labels=self.label,
            positive=_positives(self.positive),
            user=self.user_column,
            item=self.item_column,
            time=self.time_column,
            group=self.group_column,
            ignore=self.ignore,
            time_format=self.time_format,
        )
        return open_ranking(
            self.data,
            columns=columns,
            schema=schema or (Path(self.schema) if self.schema else None),
            is_log=self.negatives > 0,
            items=self.items,
            users=self.users,
            limit=self.limit,
            format=self.format(),
        )

    def dataset(
        self, schema: "Schema | None" = None, *, needs_history: bool = False
    ) -> "RankingData":
        """Open the source and split it.

        Args:
            schema: of its features, in place of the option's.
            needs_history: whether a history is made where --history does not say.
        """
        from kit.data import Negatives, split_ranking

        history = self.history if self.history is not None else 50 * needs_history
        negatives = Negatives(self.negatives, self.negatives_by)  # type: ignore[arg-type]
        return split_ranking(
            self.open(schema),
            self.split,
            seed=self.seed,
            negatives=negatives if self.negatives else None,
            history=history,
        )


def _positives(given: tuple[str, ...]) -> dict[str, str]:
    found = {}
    for text in given:
        label, equals, value = text.partition("=")
        # "<=50K" is a value, not a label "<" with a value.
        named = equals and label and label[-1] not in "<>!"
        found[label if named else ""] = value if named else text
    return found


def show_schema(schema: "Schema") -> None:
    """Print a schema as JSON, for a file to change and to give back."""
    click.echo(visible_json(schema.as_json()))


_TABLE = [
    click.option(
        "--data",
        metavar="SOURCE",
        required=True,
        help="A .csv, .tsv, .parquet or .jsonl file (also .gz), a folder of such files (train.*, "
        "valid.*, test.* are taken as the split), tfds:NAME, or the built-in in-vehicle-coupon.",
    ),
    click.option(
        "--label",
        "--tasks",
        multiple=True,
        metavar="COLUMN",
        help="What to predict; repeat it, or write a,b, for several at once.  [default: a column "
        "called label, click, target or the like]",
    ),
    click.option(
        "--positive",
        multiple=True,
        metavar="[LABEL=]VALUE",
        help="The value of the label that counts as 1.  [default: 1, true or yes, else the rarer "
        "of two]",
    ),
    click.option(
        "--schema",
        metavar="FILE",
        help="Kinds of the columns as JSON.  [default: inferred; --print-schema shows it]",
    ),
    click.option(
        "--ignore", multiple=True, metavar="COLUMN", help="A column that is no feature; repeatable."
    ),
    click.option(
        "--group-column",
        metavar="NAME",
        help="By whom grouped AUC is counted.  [default: the user's, if there is one]",
    ),
    click.option("--user-column", metavar="NAME", help="Column of the user, if not found by name."),
    click.option("--item-column", metavar="NAME", help="Column of the item."),
    click.option(
        "--time-column", metavar="NAME", help="Column of the time, no feature; '' for none."
    ),
    TIME_FORMAT,
    click.option("--items", metavar="FILE", help="Features of the items, by item id."),
    click.option("--users", metavar="FILE", help="Features of the users, by user id."),
    click.option(
        "--negatives",
        type=click.IntRange(min=0),
        metavar="NUMBER",
        default=0,
        show_default=True,
        help="The data are a log without a label: so many items the user never took are drawn for "
        "each one taken.",
    ),
    click.option(
        "--negatives-by",
        type=click.Choice(["uniform", "popularity"]),
        default="uniform",
        show_default=True,
        help="How they are drawn.",
    ),
    click.option(
        "--history",
        type=click.IntRange(min=0),
        metavar="NUMBER",
        help="Add the user's so many last items before each row as a feature.  [default: 0, of din "
        "50]",
    ),
    click.option(
        "--rare",
        type=click.IntRange(min=1),
        metavar="ROWS",
        default=2,
        show_default=True,
        help="Values of fewer rows in train share one embedding.",
    ),
    click.option(
        "--split",
        type=click.Choice(["given", "time", "random"]),
        help="How the test set is held out.  [default: given, else time, else random]",
    ),
    *LIMIT_AND_SEED,
    *FORMAT,
]


def table_options(function: Function) -> Function:
    """Add --data to --seed of a table; the command gets them as `data`, a `TableOptions`."""
    return bundled(function, _TABLE, "data", TableOptions)

"""Options of recipes that learn from a table with labels."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kit.config._data import SEED, TIME_FORMAT, FormatOptions
from kit.config._options import option
from kit.errors import UserError
from kit.progress import stage

if TYPE_CHECKING:
    from kit.data.table import RankingData, RankingSource, Schema


@dataclass(frozen=True, kw_only=True)
class TableOptions(FormatOptions):
    """Where a table is, what is predicted, and how it is split.

    Example:

    >>> TableOptions(data="in-vehicle-coupon", label=("Y",), limit=500).dataset().labels
    ('Y',)
    """

    data: Any = option(
        help="A .csv, .tsv, .parquet or .jsonl file (also .gz), a folder of such files (train.*, "
        "valid.*, test.* are taken as the split), tfds:NAME, or the built-in in-vehicle-coupon.",
        metavar="SOURCE",
    )
    label: tuple[str, ...] = option(
        (),
        "What to predict; repeat it, or write a,b, for several at once.  [default: a column called "
        "label, click, target or the like]",
        names=("--label", "--tasks"),
        metavar="COLUMN",
    )
    positive: tuple[str, ...] = option(
        (),
        "The value of the label that counts as 1.  [default: 1, true or yes, else the rarer of "
        "two]",
        metavar="[LABEL=]VALUE",
    )
    schema: str | None = option(
        None,
        "Kinds of the columns as JSON.  [default: inferred; --print-schema shows it]",
        metavar="FILE",
    )
    ignore: tuple[str, ...] = option(
        (), "A column that is no feature; repeatable.", metavar="COLUMN"
    )
    group_column: str | None = option(
        None,
        "By whom grouped AUC is counted.  [default: the user's, if there is one]",
        metavar="NAME",
    )
    user_column: str | None = option(
        None, "Column of the user, if not found by name.", metavar="NAME"
    )
    item_column: str | None = option(None, "Column of the item.", metavar="NAME")
    time_column: str | None = option(
        None, "Column of the time, no feature; '' for none.", metavar="NAME"
    )
    time_format: str | None = option(None, TIME_FORMAT, metavar="FORMAT")
    items: Any = option(None, "Features of the items, by item id.", metavar="FILE")
    users: Any = option(None, "Features of the users, by user id.", metavar="FILE")
    negatives: int = option(
        0,
        "The data are interactions without a label: sample this many items the user never "
        "interacted with for each row.",
        min=0,
        metavar="NUMBER",
    )
    negatives_by: str = option(
        "uniform", "How they are sampled.", choices=("uniform", "popularity")
    )
    history: int | None = option(
        None,
        "Add the user's so many last items before each row as a feature.  [default: 0, of din 50]",
        min=0,
        metavar="NUMBER",
    )
    rare: int = option(
        2, "Values of fewer rows in train share one embedding.", min=1, metavar="ROWS"
    )
    split: str | None = option(
        None,
        "How the test set is held out.  [default: given, else time, else random]",
        choices=("given", "time", "random"),
    )
    limit: int | None = option(
        None, "Use the latest ROWS rows only, for a quick trial.", min=1, metavar="ROWS"
    )
    seed: int = option(0, "Random seed.", min=0, max=SEED, metavar="NUMBER")

    @stage("read")
    def open(self, schema: "Schema | None" = None) -> "RankingSource":
        """Open the source.

        Args:
            schema: of its features, in place of the option's.
        """
        from kit.data.table import RankingColumns, open_ranking

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
        from kit.data.table import Negatives, split_ranking

        history = self.history if self.history is not None else 50 * needs_history
        negatives = Negatives(self.negatives, self.negatives_by)  # type: ignore[arg-type]
        data = split_ranking(
            self.open(schema),
            self.split,
            seed=self.seed,
            negatives=negatives if self.negatives else None,
            history=history,
        )
        return replace(data, options=self)


def _positives(given: tuple[str, ...]) -> dict[str, str]:
    values = {}
    for text in given:
        label, equals, value = text.partition("=")
        # "<=50K" is a value, not a label "<" with a value.
        named = equals and label and label[-1] not in "<>!"
        values[label if named else ""] = value if named else text
    return values

"""Options of recipes that learn from purchases with amounts."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from kit.config._data import SEED, TIME_FORMAT, UserLogOptions
from kit.config._options import option
from kit.progress import stage

if TYPE_CHECKING:
    from kit.data.purchases import PurchaseData, PurchaseSource


@dataclass(frozen=True, kw_only=True)
class PurchaseOptions(UserLogOptions):
    """Where purchases are, and at which days they are cut.

    Example:

    >>> PurchaseOptions(data="online-retail", horizon=60).dataset().horizon
    60
    """

    data: Any = option(
        help="A .csv, .tsv, .parquet or .jsonl file (also .gz), a folder of such files, or the "
        "built-in online-retail, with a row for each purchase or each of its items: customer, "
        "time and amount.",
        metavar="SOURCE",
    )
    user_column: str | None = option(
        None, "Column of the customer, if not found by name.", metavar="NAME"
    )
    time_column: str | None = option(
        None, "Column of the time, if not found by name.", metavar="NAME"
    )
    amount_column: str | None = option(
        None,
        "Column of what was paid, in one currency, negative for refunds, if not found by name.",
        metavar="NAME",
    )
    time_format: str | None = option(None, TIME_FORMAT, metavar="FORMAT")
    anonymous: str | None = option(
        None,
        "Id that stands for all unknown buyers, whose rows are left out; '' if there is none.  "
        "[default: refuse logs in which one seems to]",
        metavar="ID",
    )
    until: str | None = option(None, "Leave out what is later.", metavar="TIME")
    horizon: int = option(
        90, "Days in which the value of customers is counted.", min=7, metavar="DAYS"
    )
    cut: str | None = option(
        None,
        "Day that test is cut at: histories lie before it, outcomes after.  [default: the last one "
        "with a complete horizon]",
        metavar="DATE",
    )
    seed: int = option(0, "Random seed.", min=0, max=SEED, metavar="NUMBER")

    @stage("read")
    def open(self, source: Any = None) -> "PurchaseSource":
        """Open the source.

        Args:
            source: another one, in the same form.
        """
        from kit.data.purchases import PurchaseColumns, open_purchases

        return open_purchases(
            self.data if source is None else source,
            columns=PurchaseColumns(
                self.user_column, self.time_column, self.amount_column, self.time_format
            ),
            anonymous=self.anonymous,
            until=self.until,
            format=self.format(),
            without_users=self.users_left_out(),
        )

    def dataset(self) -> "PurchaseData":
        """Open the source and cut it."""
        from kit.data.purchases import split_purchases

        return replace(
            split_purchases(self.open(), horizon=self.horizon, cut=self.cut), options=self
        )

"""Ask exports of models of customer value: ids or a log of purchases in, a table out."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import tensorflow as tf

from kit.data import TableFormat
from kit.data.purchases import PurchaseColumns, last_days, open_purchases
from kit.errors import UserError
from kit.exports._card import CustomerValueCard
from kit.exports._operations import load_version
from kit.exports._read_card import read_card

CUSTOMERS_AT_ONCE = 2048
SECONDS_OF_A_DAY = 86_400


class CustomerValues:
    """An export that predicts what customers pay over a horizon.

    Args:
        version: its folder.
        trust: load it even if it could do what no export of this kit does.

    Attributes:
        card: of the export.
    """

    def __init__(self, version: Path, *, trust: bool = False) -> None:
        card = read_card(version)
        if not isinstance(card, CustomerValueCard):
            raise UserError(
                "The export does not predict the value of customers.",
                where=str(version),
                expected="an export of kit train customer-value",
            )
        self.card, self.version = card, version
        self._model = load_version(version, trust=trust)
        self._signatures = self._model.signatures

    def value(
        self, user: str | Sequence[str] | None = None, *, history: Any = None
    ) -> pl.DataFrame:
        """What customers will pay in the horizon.

        Args:
            user: an id, or several, as of the end of the training data; an unknown one gets what is
                usual.
            history: instead a log of purchases, a file or DataFrame in the form of the training
                data: the horizon begins the day after its last one, and every customer in it is
                valued.

        Returns:
            A row for each customer: user_id, value_mean, value_low, value_high (an 80 % interval)
            and buys_probability; of a log the most valuable customers first.

        Raises:
            UserError: neither or both of user and history are given, or the log cannot be read.
        """
        if (user is None) == (history is None):
            raise UserError(
                "Give one of user and history.",
                where="value",
                expected='value(user="42") or value(history="log.csv")',
            )
        if history is not None:
            return self._of_log(history)
        users = [user] if isinstance(user, str) else [str(one) for one in user or ()]
        return self.ask(users, "serving_default", {"user_id": np.array(users, object)})

    def _of_log(self, history: Any) -> pl.DataFrame:
        form: dict[str, Any] = dict(self.card.data)
        names = ("user_column", "time_column", "amount_column", "time_format")
        log = open_purchases(
            history,
            columns=PurchaseColumns(*(form.get(name) for name in names)),
            # A few rows may be mostly those of one customer.
            anonymous=form.get("anonymous") or "",
            format=TableFormat(
                form.get("separator"), form.get("encoding"), form.get("header"), form.get("quote")
            ),
        )
        cut = int(log.day.max()) + 1
        users, amounts, ages = last_days(log, cut, self.card.length)
        times = np.where(ages > 0, cut - ages, 0).astype(np.int64) * SECONDS_OF_A_DAY
        asked = np.full(len(users), cut * SECONDS_OF_A_DAY)
        inputs = {"amount": amounts, "time": times, "asked_at": asked}
        found = self.ask(log.users[users].tolist(), "from_history", inputs)
        return found.sort("value_mean", descending=True, maintain_order=True)

    def ask(self, users: Sequence[str], signature: str, inputs: Mapping[str, Any]) -> pl.DataFrame:
        """The answers of a signature, in batches: a row for each user, see `value`.

        Args:
            users: names of the rows.
            signature: its name.
            inputs: arrays with a row for each user.
        """
        columns: dict[str, list[Any]] = {}
        for begin in range(0, len(users), CUSTOMERS_AT_ONCE):
            batch = slice(begin, begin + CUSTOMERS_AT_ONCE)
            given = {name: tf.constant(values[batch]) for name, values in inputs.items()}
            for name, tensor in self._signatures[signature](**given).items():
                columns.setdefault(name, []).append(tensor.numpy())
        names = ("value_mean", "value_low", "value_high", "buys_probability")
        values = {name: np.concatenate(columns[name]) for name in names if columns}
        return pl.DataFrame({"user_id": pl.Series([*users], dtype=pl.String), **values})

    def __repr__(self) -> str:
        return f"CustomerValues(of {self.card.horizon} days)"

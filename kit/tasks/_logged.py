"""Two recommenders on a log of what was shown at random: what each would have earned."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from math import isnan
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kit.errors import UserError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from kit.data import ImpressionColumns, Impressions
    from kit.exports import LoadedExport
    from kit.metrics import Estimate, OffPolicyValue

# Fewer users, or rows of equal weight, than this say nothing.
FEWEST_EFFECTIVE = 30
# Rows of the mean reward of all that an item's own mean is shrunk by.
SHRINKAGE = 20.0
# Below it a part of what a policy shows had no chance in the log.
SUPPORT = 0.9


@dataclass(frozen=True)
class LoggedComparison:
    """What two recommenders would have earned; differences are the second minus the first.

    Args:
        first: version folder.
        second: version folder.
        top: items of a list; each is shown as often as the others.
        logged: mean reward of what was shown.
        values: of each, on the rows of the log.
        matched: rows whose item is in the list of its user, of each.
        unknown: users that each does not know, which get its popular items.
        rows: of the log.
        users: of the log.
        is_supported: whether the weights of both add up: what they show had a chance in the log.
        warnings: why the values may be wrong.
    """

    first: Path
    second: Path
    top: int
    logged: float
    values: "tuple[OffPolicyValue, OffPolicyValue]"
    matched: tuple[int, int]
    unknown: tuple[int, int]
    rows: int
    users: int
    is_supported: bool = True
    warnings: Sequence[str] = ()

    def differences(self) -> "dict[str, Estimate]":
        """By each estimator, with paired intervals by bootstrap over users."""
        return self._differences

    @cached_property
    def _differences(self) -> "dict[str, Estimate]":
        # A bootstrap, which the verdict and whoever prints it ask for.
        return dict(self.values[1].minus(self.values[0]))

    @property
    def verdict(self) -> str:
        """Of the second by the doubly robust estimator: "better", "worse", "no clear difference",
        or "not measured" where too few rows or users count, or weights do not add up.
        """
        from kit.metrics import DOUBLY_ROBUST

        fewest = min(self.users, *(value.effective_rows for value in self.values))
        if fewest < FEWEST_EFFECTIVE or not self.is_supported:
            return "not measured"
        gap = self.differences()[DOUBLY_ROBUST]
        if isnan(gap.mean) or gap.low <= 0 <= gap.high:
            return "no clear difference"
        return "better" if gap.low > 0 else "worse"


def compare_logged(
    first: str | Path,
    second: str | Path,
    logged: Any,
    *,
    columns: "ImpressionColumns | None" = None,
    top: int = 10,
    trust: bool = False,
) -> LoggedComparison:
    """Estimate what two recommenders would have earned, from a log of random impressions.

    A recommender shows each of the `top` items of a user's list equally often; its value is the
    mean reward of what it shows. Estimators are those of `kit.metrics.OffPolicyValue`. The doubly
    robust one predicts an item's reward by its mean among users of the other half, shrunk to the
    mean of all.

    Args:
        first: a version, such as the live one, as of `compare_exports`.
        second: a version of a recommender.
        logged: a file, a folder of files or a DataFrame with a row for each item shown: user, item,
            reward, and the propensity with which it was shown. It should be later than what the
            recommenders were trained on.
        columns: names of its columns; None finds them.
        top: items of a list.
        trust: load exports even if they could do what no export of this kit does.

    Raises:
        UserError: an export is no recommender, or the log cannot be used.
    """
    from kit.data import ImpressionColumns, open_impressions
    from kit.exports import LoadedExport, read_card, version_folder

    versions = version_folder(Path(first)), version_folder(Path(second))
    for version in versions:
        card = read_card(version)
        if not hasattr(card, "exclude_seen"):
            raise UserError(
                f"A {card.task} export recommends nothing.",
                where=str(version),
                expected="exports of recommenders",
                remedy="Values of other policies: kit.metrics.OffPolicyValue",
            )
    log = open_impressions(logged, columns=columns or ImpressionColumns())
    groups, users = _codes(log.users)
    found = []
    for version in versions:
        export = LoadedExport(version, trust=trust)
        if not log.items.is_in([*export.card.names]).any():
            raise UserError(
                f"No item of the log is one of the export's, such as '{log.items[0]}'.",
                where=log.name,
                expected=f"ids of items of {version}",
                remedy="Write the ids as in the training data, or name the column: --item-column.",
            )
        found.append(_value(export, log, groups, users, top))
    warnings = [
        f"note:      the weights of {name} add up to {value.weights.mean():.0%} of the rows: "
        "what it shows had no chance in the log, or the propensities are wrong"
        for name, (value, _, _) in zip("AB", found, strict=True)
        if _lacks_support(value)
    ]
    is_supported = not warnings
    if all(unknown == len(users) for _, _, unknown in found):
        warnings.append(
            "note:      neither knows a user of the log: compared are their popular items"
        )
    if len(users) < FEWEST_EFFECTIVE:
        warnings.append(f"note:      intervals over {len(users)} users mean nothing")
    return LoggedComparison(
        *versions,
        top=top,
        logged=float(log.rewards.mean()),
        values=(found[0][0], found[1][0]),
        matched=(found[0][1], found[1][1]),
        unknown=(found[0][2], found[1][2]),
        rows=len(log),
        users=len(users),
        is_supported=is_supported,
        warnings=warnings,
    )


def _codes(values: Any) -> "tuple[NDArray[np.int64], list[str]]":
    """Codes from 0 in the order of first rows, and the values they stand for."""
    import polars as pl

    kinds = values.unique(maintain_order=True)
    codes = values.replace_strict(kinds, range(len(kinds)), return_dtype=pl.Int64)
    return codes.to_numpy(), kinds.to_list()


def _value(
    export: "LoadedExport",
    log: "Impressions",
    groups: "NDArray[np.int64]",
    users: Sequence[str],
    top: int,
) -> "tuple[OffPolicyValue, int, int]":
    """The value of a recommender, its matched rows and unknown users."""
    import numpy as np
    import polars as pl

    from kit.exports import BatchLists
    from kit.metrics import OffPolicyValue

    lists = BatchLists(export, users, top)
    frame = pl.concat([one.select("user_id", "item_id") for one in lists.frames()])
    # Half of the users predict the rewards of the other half.
    half = np.random.default_rng(0).integers(0, 2, len(users))
    rows = pl.DataFrame(
        {"user_id": log.users, "item_id": log.items, "reward": log.rewards, "half": half[groups]}
    )
    predicted = _rewards(rows)
    of_users = pl.DataFrame({"user_id": list(users), "half": half})
    shown = frame.join(of_users, on="user_id", maintain_order="left").join(
        predicted, on=["item_id", "half"], how="left", maintain_order="left"
    )
    means = {side: mean for side, mean in _means(rows).iter_rows()}
    fallback = pl.col("half").replace_strict(means, return_dtype=pl.Float64)
    shown = shown.with_columns(pl.col("predicted").fill_null(fallback))
    expected = shown.group_by("user_id").agg(pl.col("predicted").mean(), pl.len().alias("items"))
    asked = (
        rows.join(
            shown.select("user_id", "item_id", pl.lit(True).alias("is_shown")),
            on=["user_id", "item_id"],
            how="left",
            maintain_order="left",
        )
        .join(predicted, on=["item_id", "half"], how="left", maintain_order="left")
        .with_columns(pl.col("predicted").fill_null(fallback).alias("logged"))
        .drop("predicted")
        .join(expected, on="user_id", how="left", maintain_order="left")
    )
    is_shown = asked["is_shown"].fill_null(False).to_numpy()
    chances = np.where(is_shown, 1 / asked["items"].fill_null(1).to_numpy(), 0.0)
    value = OffPolicyValue(
        rewards=log.rewards,
        weights=chances / log.propensities,
        expected=asked["predicted"].fill_null(0.0).to_numpy(),
        logged=asked["logged"].to_numpy(),
        groups=groups,
    )
    return value, int(is_shown.sum()), lists.unknown


def _means(rows: Any) -> Any:
    """The half of the users, and the mean reward of the other half; of all if that is empty."""
    import polars as pl

    whole = rows["reward"].mean()
    means = [rows.filter(pl.col("half") != side)["reward"].mean() for side in (0, 1)]
    found = [whole if mean is None else mean for mean in means]
    return pl.DataFrame({"half": [0, 1], "mean": found})


def _rewards(rows: Any) -> Any:
    """The reward of an item that users of the other half predict: item_id, half, predicted."""
    import polars as pl

    sums = rows.group_by("item_id", "half").agg(pl.col("reward").sum(), pl.len().alias("rows"))
    other = sums.with_columns(1 - pl.col("half")).join(_means(rows), on="half")
    shrunk = (pl.col("reward") + SHRINKAGE * pl.col("mean")) / (pl.col("rows") + SHRINKAGE)
    return other.select("item_id", "half", shrunk.alias("predicted"))


def _lacks_support(value: "OffPolicyValue") -> bool:
    """Whether the mean weight, which is 1 of right propensities, is clearly below 1."""
    import numpy as np

    # IPS of rewards of 1 is the mean weight.
    ones = replace(value, rewards=np.ones(len(value.rewards)), expected=None, logged=None)
    return ones.estimates()["IPS"].high < SUPPORT

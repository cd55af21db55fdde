"""Split a campaign into train, valid and test."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from kit.data._clean import CleaningStep
from kit.data.campaign._source import ARM, PROPENSITY, CampaignSource
from kit.data.table._schema import Schema
from kit.data.table._split import RankingData, RankingRows, split_ranking
from kit.errors import UserError

# Qini coefficients of small parts are noise: valid and test get half of the rows.
VALID_SHARE, TEST_SHARE = 0.2, 0.3
# Of the rows of an arm: how far the sum of inverse propensities may be from all rows, in standard
# deviations.
FARTHEST = 5.0
# How likely an outcome that a group has without exception may be by chance.
BY_CHANCE = 1e-6


@dataclass(frozen=True)
class CampaignRows:
    """Rows of one part.

    Args:
        features: a typed column for each feature of the schema.
        arm: int64 [rows], 0 for the control.
        outcome: float64 [rows], 0 or 1.
        propensity: float64 [rows], the probability with which each was put into its own arm.
    """

    features: pl.DataFrame
    arm: NDArray[np.int64]
    outcome: NDArray[np.float64]
    propensity: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.arm)

    def __getitem__(self, rows: NDArray[np.int64]) -> "CampaignRows":
        """Some of the rows, by their places."""
        return CampaignRows(
            self.features[rows], self.arm[rows], self.outcome[rows], self.propensity[rows]
        )

    def labels(self, arms: int) -> NDArray[np.float32]:
        """Outcomes in the column of the row's arm, float32 [rows, arms], NaN elsewhere."""
        found = np.full((len(self), arms), np.nan, np.float32)
        found[np.arange(len(self)), self.arm] = self.outcome
        return found


@dataclass(frozen=True)
class CampaignData:
    """A campaign, split.

    Args:
        table: the split table that it is made of.
        arms: names, the control first.
        outcome: name of the outcome.
        columns: role to the name of its column.
        train: rows to learn from.
        valid: rows to choose by.
        test: rows to measure by.
        options: how the data were opened, an `Options` of `kit.config`, or None.
    """

    table: RankingData
    arms: tuple[str, ...]
    outcome: str
    columns: Mapping[str, str]
    train: CampaignRows
    valid: CampaignRows
    test: CampaignRows
    options: Any = field(default=None, kw_only=True, repr=False, compare=False)

    def train_and_valid(self) -> CampaignRows:
        """Rows of both parts: what a model learns from once it is chosen."""
        one, other = self.train, self.valid
        return CampaignRows(
            pl.concat([one.features, other.features]),
            np.concatenate([one.arm, other.arm]),
            np.concatenate([one.outcome, other.outcome]),
            np.concatenate([one.propensity, other.propensity]),
        )

    @property
    def name(self) -> str:
        """The source, as the user named it."""
        return self.table.name

    @property
    def schema(self) -> Schema:
        """Of the features."""
        return self.table.schema

    @property
    def split(self) -> str:
        """The protocol in a line of plain words."""
        return self.table.split

    @property
    def rows_read(self) -> int:
        """Rows of the source."""
        return self.table.rows_read

    @property
    def cleaning(self) -> tuple[CleaningStep, ...]:
        """What was dropped."""
        return self.table.cleaning

    @property
    def notes(self) -> tuple[str, ...]:
        """Lines on how the table was read."""
        return self.table.notes

    @property
    def licence(self) -> str:
        """Attribution of a built-in table, else ""."""
        return self.table.licence

    @property
    def has_propensities(self) -> bool:
        """Whether the source states propensities; else they are the shares of the arms."""
        return "propensity" in self.columns

    def __repr__(self) -> str:
        sizes = " / ".join(f"{len(part):,}" for part in (self.train, self.valid, self.test))
        return (
            f"CampaignData({self.name!r}: arms {', '.join(self.arms)}; {sizes} rows in "
            "train / valid / test)"
        )


def split_campaign(
    source: CampaignSource,
    method: str | None = None,
    *,
    seed: int = 0,
    valid_share: float = VALID_SHARE,
    test_share: float = TEST_SHARE,
) -> CampaignData:
    """Split a campaign.

    Args:
        source: what `open_campaign` returned.
        method: "given", "time" or "random", as of `kit.data.table.split_ranking`.
        seed: of the random split.
        valid_share: share of the rows for valid.
        test_share: share of the rows for test.

    Raises:
        UserError: the source lacks what the split needs, a part lacks an arm, or the propensities
            are not those of the rows' own arms.

    Example:

    >>> from kit.data.campaign import open_campaign
    >>> data = split_campaign(open_campaign("synthetic-campaign"))
    >>> len(data.train), data.train.labels(3).shape
    (10000, (10000, 3))
    """
    opened = source.table
    kept = opened.kept.select(pl.all().name.prefix("campaign: "))
    whole = replace(opened, features=opened.features.hstack(kept))
    table = split_ranking(whole, method, seed=seed, valid_share=valid_share, test_share=test_share)
    codes = pl.Enum(source.arms)
    shares = np.bincount(
        opened.kept[ARM].cast(codes).to_physical().to_numpy(), minlength=len(source.arms)
    ) / len(opened.kept)
    parts = {}
    for title in ("train", "valid", "test"):
        rows: RankingRows = getattr(table, title)
        arm = rows.features[f"campaign: {ARM}"].cast(codes).to_physical().to_numpy()
        arm = arm.astype(np.int64)
        sizes = np.bincount(arm, minlength=len(source.arms))
        if not sizes.all():
            raise UserError(
                f"The {title} part has no row of the arm '{source.arms[int(sizes.argmin())]}'.",
                where="--split",
                expected="rows of all arms in train, valid and test",
                remedy="Give more rows, another --split or another --seed.",
            )
        name = f"campaign: {PROPENSITY}"
        parts[title] = CampaignRows(
            rows.features.drop(kept.columns),
            arm,
            rows.labels[:, 0].astype(np.float64),
            rows.features[name].to_numpy() if name in kept.columns else shares[arm],
        )
    _check_propensities(source, parts)
    cleaned = {
        title: replace(getattr(table, title), features=part.features)
        for title, part in parts.items()
    }
    return CampaignData(
        table=replace(table, **cleaned),
        arms=source.arms,
        outcome=source.columns["outcome"],
        columns=source.columns,
        **parts,
    )


def outcome_warnings(data: CampaignData) -> list[str]:
    """Sentences on features that decide the outcome, as those recorded after it do.

    Of numbers the rows count that differ from a value which half of the rows have, such as 0.

    Args:
        data: the split campaign.
    """
    rows, found = data.train, []
    rate = rows.outcome.mean()
    # Of the two outcomes the rarer one: that nobody in a small group buys is no surprise.
    rare, value = (rows.outcome, 1) if rate <= 0.5 else (1 - rows.outcome, 0)
    for feature in data.schema.of_kind("category", "id", "number"):
        column = rows.features[feature.name]
        groups = column
        if feature.kind == "number":
            values = column.to_numpy()
            known, counts = np.unique(values[np.isfinite(values)], return_counts=True)
            if not len(known) or counts.max() < len(values) / 2:
                continue
            usual = known[counts.argmax()]
            others = np.isfinite(values) & (values != usual)
            is_other = pl.Series(others.tolist(), dtype=pl.Boolean)
            groups = is_other.replace_strict({True: f"not {usual:g}"}, default=None)
        sums = pl.DataFrame({"group": groups, "rare": rare}).drop_nulls().group_by("group")
        always = sums.agg(pl.len().alias("rows"), pl.col("rare").min()).filter(pl.col("rare") == 1)
        for name, count in always.select("group", "rows").sort("group").iter_rows():
            if min(rate, 1 - rate) ** count < BY_CHANCE:
                found.append(
                    f"All {count:,} rows of train whose {feature.name} is {name} have "
                    f"{data.outcome} {value}. If it was recorded after the treatment, leave it "
                    f"out: --ignore {feature.name}"
                )
    return found


def _check_propensities(source: CampaignSource, parts: Mapping[str, CampaignRows]) -> None:
    """Inverse propensities of an arm add up to the number of all rows, but for chance."""
    if "propensity" not in source.columns:
        return
    arm = np.concatenate([part.arm for part in parts.values()])
    inverse = 1 / np.concatenate([part.propensity for part in parts.values()])
    for number, name in enumerate(source.arms):
        own = inverse[arm == number]
        deviation = np.sqrt(max(float((own * (own - 1)).sum()), 1.0))
        if abs(own.sum() - len(arm)) > FARTHEST * deviation:
            raise UserError(
                f"The propensities do not fit the arm '{name}': their inverses add up to "
                f"{own.sum():,.0f} over its {len(own):,} rows, not to about {len(arm):,}.",
                where=f"{source.table.name}, column {source.columns['propensity']}",
                expected="of each row the probability of the arm that it is in, not that of being "
                "treated",
                remedy="Of rows of the control give 1 minus the probability of being treated.",
            )

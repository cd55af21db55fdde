"""Options of recipes that learn from a campaign."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from kit.config._data import SEED, TIME_FORMAT, FormatOptions
from kit.config._options import option
from kit.progress import stage

if TYPE_CHECKING:
    from kit.data.campaign import CampaignData, CampaignSource


@dataclass(frozen=True, kw_only=True)
class CampaignOptions(FormatOptions):
    """Where a campaign is, who got what in it, and how it is split.

    Example:

    >>> CampaignOptions(data="synthetic-campaign").dataset().arms
    ('none', 'coupon', 'mail')
    """

    data: Any = option(
        help="A .csv, .tsv, .parquet or .jsonl file (also .gz), a folder of such files (train.*, "
        "valid.*, test.* are taken as the split), or the built-in synthetic-campaign, with a row "
        "for each person: features, arm and outcome.",
        metavar="SOURCE",
    )
    treatment_column: str | None = option(
        None, "Column of the arm, if not found by name.", metavar="NAME"
    )
    outcome_column: str | None = option(
        None, "Column of the outcome, of two values, if not found by name.", metavar="NAME"
    )
    positive: str | None = option(
        None,
        "The value of the outcome that counts as 1.  [default: 1, true or yes, else the rarer]",
        metavar="VALUE",
    )
    control: str | None = option(
        None,
        "The arm that others are compared with.  [default: control, none, 0 or the like]",
        metavar="ARM",
    )
    propensity_column: str | None = option(
        None,
        "Column of the probability with which each row was put into its own arm; needed where arms "
        "were not drawn at random.  [default: the shares of the arms]",
        metavar="NAME",
    )
    user_column: str | None = option(
        None, "Column of the user, no feature, if not found by name; '' for none.", metavar="NAME"
    )
    time_column: str | None = option(None, "Column of a time to split by.", metavar="NAME")
    treatment_time_column: str | None = option(
        None, "Column of the time of the treatment, no feature.", metavar="NAME"
    )
    outcome_time_column: str | None = option(
        None, "Column of the time of the outcome, which has to be later.", metavar="NAME"
    )
    time_format: str | None = option(None, TIME_FORMAT, metavar="FORMAT")
    ignore: tuple[str, ...] = option(
        (),
        "A column that is no feature, such as one recorded after the treatment; repeatable.",
        metavar="COLUMN",
    )
    rare: int = option(10, "Values of fewer rows in train share one weight.", min=1, metavar="ROWS")
    split: str | None = option(
        None,
        "How the test set is held out.  [default: given, else time, else random]",
        choices=("given", "time", "random"),
    )
    limit: int | None = option(
        None, "Use so many rows only, for a quick trial.", min=1, metavar="ROWS"
    )
    seed: int = option(0, "Random seed.", min=0, max=SEED, metavar="NUMBER")

    @stage("read")
    def open(self) -> "CampaignSource":
        """Open the source."""
        from kit.data.campaign import CampaignColumns, open_campaign

        return open_campaign(
            self.data,
            columns=CampaignColumns(
                treatment=self.treatment_column,
                outcome=self.outcome_column,
                positive=self.positive,
                control=self.control,
                propensity=self.propensity_column,
                user=self.user_column,
                time=self.time_column,
                treated_at=self.treatment_time_column,
                outcome_at=self.outcome_time_column,
                ignore=self.ignore,
                time_format=self.time_format,
            ),
            limit=self.limit,
            format=self.format(),
        )

    def dataset(self) -> "CampaignData":
        """Open the source and split it."""
        from kit.data.campaign import split_campaign

        return replace(split_campaign(self.open(), self.split, seed=self.seed), options=self)

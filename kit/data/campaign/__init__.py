"""Campaigns: who got which treatment and what came of it, opened and split."""

from typing import TYPE_CHECKING

from kit._lazy import lazy_names

if TYPE_CHECKING:
    from kit.data.campaign._source import CampaignColumns as CampaignColumns
    from kit.data.campaign._source import CampaignSource as CampaignSource
    from kit.data.campaign._source import open_campaign as open_campaign
    from kit.data.campaign._split import CampaignData as CampaignData
    from kit.data.campaign._split import CampaignRows as CampaignRows
    from kit.data.campaign._split import outcome_warnings as outcome_warnings
    from kit.data.campaign._split import split_campaign as split_campaign

__getattr__, __dir__ = lazy_names(__name__, __file__)

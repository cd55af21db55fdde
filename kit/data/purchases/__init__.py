"""Purchases of customers: open a log of them, cut it at times whose outcomes are known."""

from typing import TYPE_CHECKING

from kit._lazy import lazy_names

if TYPE_CHECKING:
    from kit.data.purchases._season import season_factors as season_factors
    from kit.data.purchases._source import PurchaseColumns as PurchaseColumns
    from kit.data.purchases._source import PurchaseSource as PurchaseSource
    from kit.data.purchases._source import open_purchases as open_purchases
    from kit.data.purchases._split import Histories as Histories
    from kit.data.purchases._split import PurchaseData as PurchaseData
    from kit.data.purchases._split import date_of as date_of
    from kit.data.purchases._split import last_days as last_days
    from kit.data.purchases._split import split_purchases as split_purchases

__getattr__, __dir__ = lazy_names(__name__, __file__)

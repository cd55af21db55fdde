"""Differential privacy of recommenders: what a model tells of any one person is bounded."""

from typing import TYPE_CHECKING

from kit._lazy import lazy_names

if TYPE_CHECKING:
    from kit.privacy._audit import CanaryAudit as CanaryAudit
    from kit.privacy._audit import Membership as Membership
    from kit.privacy._audit import audit_by_canaries as audit_by_canaries
    from kit.privacy._audit import epsilon_shown as epsilon_shown
    from kit.privacy._audit import membership as membership
    from kit.privacy._gaussian import delta_of as delta_of
    from kit.privacy._gaussian import epsilon_of as epsilon_of
    from kit.privacy._gaussian import noise_of as noise_of
    from kit.privacy._item_statistics import MOST_ITEMS as MOST_ITEMS
    from kit.privacy._item_statistics import PrivateItems as PrivateItems
    from kit.privacy._item_statistics import private_items as private_items
    from kit.privacy._item_statistics import private_rng as private_rng
    from kit.privacy._item_statistics import private_weights as private_weights

__getattr__, __dir__ = lazy_names(__name__, __file__)

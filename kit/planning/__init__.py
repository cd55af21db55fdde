"""Plan what to show to whom: calibrated values, prices of scarce items, and their simulation."""

from typing import TYPE_CHECKING

from kit._lazy import lazy_names

if TYPE_CHECKING:
    from kit.planning._assign import assign as assign
    from kit.planning._calibration import isotonic_table as isotonic_table
    from kit.planning._demand import expected_visits as expected_visits
    from kit.planning._exact import linear_program as linear_program
    from kit.planning._limits import Limits as Limits
    from kit.planning._limits import check_feasible as check_feasible
    from kit.planning._offers import OfferTable as OfferTable
    from kit.planning._offers import read_offers as read_offers
    from kit.planning._plan import Plan as Plan
    from kit.planning._plan import Trial as Trial
    from kit.planning._plan import plan as plan
    from kit.planning._plan import try_plan as try_plan
    from kit.planning._prices import Candidates as Candidates
    from kit.planning._prices import Prices as Prices
    from kit.planning._prices import find_prices as find_prices
    from kit.planning._problem import Problem as Problem
    from kit.planning._problem import read_problem as read_problem
    from kit.planning._refresh import assign_users as assign_users
    from kit.planning._refresh import check_age as check_age
    from kit.planning._refresh import refresh as refresh
    from kit.planning._report import PolicyResult as PolicyResult
    from kit.planning._simulate import Policy as Policy
    from kit.planning._simulate import Run as Run
    from kit.planning._simulate import simulate as simulate
    from kit.planning._values import Scores as Scores
    from kit.planning._values import Values as Values
    from kit.planning._values import calibrated as calibrated
    from kit.planning._versions import scores_of as scores_of
    from kit.planning._visits import Visits as Visits
    from kit.planning._visits import read_visits as read_visits

__getattr__, __dir__ = lazy_names(__name__, __file__)

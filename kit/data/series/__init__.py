"""Time series: open a table of them, put them on a regular grid, split them by time."""

from typing import TYPE_CHECKING

from kit._lazy import lazy_names

if TYPE_CHECKING:
    from kit.data.series._covariates import HOLIDAYS as HOLIDAYS
    from kit.data.series._covariates import Covariate as Covariate
    from kit.data.series._covariates import HolidayCalendar as HolidayCalendar
    from kit.data.series._frequency import FREQUENCIES as FREQUENCIES
    from kit.data.series._frequency import Frequency as Frequency
    from kit.data.series._hierarchy import TOTAL as TOTAL
    from kit.data.series._hierarchy import Hierarchy as Hierarchy
    from kit.data.series._plan import Plan as Plan
    from kit.data.series._plan import change_plan as change_plan
    from kit.data.series._plan import read_plan as read_plan
    from kit.data.series._read import SeriesColumns as SeriesColumns
    from kit.data.series._source import SeriesSource as SeriesSource
    from kit.data.series._source import open_series as open_series
    from kit.data.series._split import SeriesData as SeriesData
    from kit.data.series._split import split_series as split_series

__getattr__, __dir__ = lazy_names(__name__, __file__)

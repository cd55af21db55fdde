"""Sources of any size, read by Apache Spark (the extra `spark`)."""

from typing import TYPE_CHECKING

from kit._lazy import lazy_names

if TYPE_CHECKING:
    from kit.data.spark._interactions import SparkReader as SparkReader
    from kit.data.spark._output import SparkOutput as SparkOutput
    from kit.data.spark._session import check_java as check_java
    from kit.data.spark._session import on_executors as on_executors
    from kit.data.spark._session import spark_errors as spark_errors
    from kit.data.spark._session import spark_session as spark_session
    from kit.data.spark._session import tasks_shown as tasks_shown
    from kit.data.spark._table import Rows as Rows
    from kit.data.spark._table import SparkTable as SparkTable
    from kit.data.spark._table import open_spark_table as open_spark_table

__getattr__, __dir__ = lazy_names(__name__, __file__)

"""A session of Spark on two cores of this machine, or the reason why there is none."""

import gc
import shutil
import warnings
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

MISSING = [name for name in ("pyspark", "pandas") if find_spec(name) is None]
if shutil.which("java") is None:
    MISSING.append("Java")
WHY = f"needs {', '.join(MISSING)}: pip install '.[spark]', and Java 17"
needs_spark = [
    pytest.mark.slow,
    pytest.mark.skipif(bool(MISSING), reason=WHY),
    # Of pyspark and pandas, on versions of Python and NumPy that they do not know.
    pytest.mark.filterwarnings("ignore"),
]


@pytest.fixture(scope="package")
def session() -> Iterator[Any]:
    """A session that cuts files of a few kilobytes among several tasks."""
    from kit.data.spark import spark_session

    with spark_session("local[2]") as found:
        for option, value in (
            ("spark.sql.files.maxPartitionBytes", 20_000),
            ("spark.sql.files.openCostInBytes", 4_000),
            ("spark.sql.files.minPartitionNum", 2),
            ("spark.sql.shuffle.partitions", 2),
            ("spark.sql.execution.arrow.maxRecordsPerBatch", 400),
            # Compiling each query takes longer than running it.
            ("spark.sql.codegen.wholeStage", "false"),
            ("spark.sql.codegen.factoryMode", "NO_CODEGEN"),
            ("spark.sql.adaptive.enabled", "false"),
        ):
            found.conf.set(option, value)
        yield found
    _close()


def _close() -> None:
    """End the Java machine; pyspark leaves its sockets to the garbage collector."""
    from pyspark import SparkContext

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        SparkContext._gateway.shutdown()
        SparkContext._gateway = SparkContext._jvm = None
        gc.collect()


def differences(one: Path, other: Path) -> list[str]:
    """The files of two prepared folders that are not the same in content, order and types."""
    names = [
        {str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file()}
        for folder in (one, other)
    ]
    apart = sorted(names[0] ^ names[1])
    for name in sorted(names[0] & names[1]):
        first, second = one / name, other / name
        if name.endswith(".npy"):
            arrays = [np.load(file) for file in (first, second)]
            is_same = arrays[0].dtype == arrays[1].dtype and np.array_equal(*arrays)
        elif name.endswith(".parquet"):
            is_same = pl.read_parquet(first).equals(pl.read_parquet(second), null_equal=True)
        else:
            is_same = first.read_text() == second.read_text()
        apart += [] if is_same else [name]
    return apart

"""A session of Apache Spark, and its errors in words."""

import functools
import json
import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from kit.errors import UserError
from kit.progress import stage

JAVA_VERSIONS = (8, 11, 17)
# Within the message of an error of an executor.
_MARK = "kit.errors.UserError as JSON: "
_QUIET = """rootLogger.level = error
logger.tasks.name = org.apache.spark.scheduler.TaskSetManager
logger.tasks.level = off
logger.executor.name = org.apache.spark.executor.Executor
logger.executor.level = off
logger.utils.name = org.apache.spark.util.Utils
logger.utils.level = off
logger.python.name = org.apache.spark.api.python.PythonGatewayServer
logger.python.level = error
rootLogger.appenderRef.stderr.ref = console
appender.console.type = Console
appender.console.name = console
appender.console.target = SYSTEM_ERR
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = %d{HH:mm:ss} %p %c{1}: %m%n
"""
# A batch of a Python worker; large enough that the work on it outweighs the call.
ROWS_OF_A_BATCH = 1 << 17
_SMALLEST_PARTITIONS = 8


@contextmanager
def spark_session(master: str | None = None) -> Iterator[Any]:
    """A session of Spark, which is ended behind the block if it was begun for it.

    Settings of `spark-submit` and `spark-defaults.conf` hold; one that is open is used as it is.

    Args:
        master: URL of a cluster; None takes that of `spark-submit` or of the environment variable
            SPARK_MASTER, else `local[*]`.

    Raises:
        UserError: there is no pyspark or no Java that it runs on, or no such cluster.
    """
    try:
        from pyspark import SparkConf, SparkContext
        from pyspark.sql import SparkSession
        from pyspark.sql.pandas.utils import require_minimum_pandas_version

        require_minimum_pandas_version()
    except ImportError as error:
        raise UserError(
            "Apache Spark is not installed.",
            where="--engine spark",
            expected=f"the packages pyspark 3.5 and pandas ({error})",
            remedy="pip install 'keras-application-kit[spark]'",
        ) from None
    open_one = SparkSession.getActiveSession()
    is_submitted = "PYSPARK_GATEWAY_PORT" in os.environ
    if open_one is None and not is_submitted:
        check_java()
    with TemporaryDirectory(prefix="kit-spark-") as folder:
        if open_one is None and not is_submitted:
            _be_quiet(Path(folder))
        if open_one is None:
            named = master or (None if is_submitted else os.environ.get("SPARK_MASTER"))
            # With its machine Spark reads spark-defaults.conf and what spark-submit was given.
            SparkContext._ensure_initialized()
            session = _begun(SparkSession.builder, named or SparkConf().get("spark.master"))
        else:
            session = open_one
        least = max(_SMALLEST_PARTITIONS, session.sparkContext.defaultParallelism)
        settings = {
            "spark.sql.session.timeZone": "UTC",
            "spark.sql.execution.arrow.maxRecordsPerBatch": ROWS_OF_A_BATCH,
            "spark.sql.legacy.parquet.nanosAsLong": "true",
            # Files are cut at the same places whenever they are read.
            "spark.sql.files.minPartitionNum": least,
        }
        before = {option: session.conf.get(option, None) for option in settings}
        try:
            for option, value in settings.items():
                session.conf.set(option, value)
            if open_one is None:
                session.sparkContext.setLogLevel("ERROR")
            yield session
        finally:
            if open_one is None:
                session.stop()
            else:
                for option, given in before.items():
                    session.conf.unset(option) if given is None else session.conf.set(option, given)


def check_java() -> None:
    """Raise `UserError` unless there is a Java that Spark runs on."""
    expected = f"Java {', '.join(map(str, JAVA_VERSIONS[:-1]))} or {JAVA_VERSIONS[-1]}"
    home = os.environ.get("JAVA_HOME")
    java = str(Path(home) / "bin" / "java") if home else shutil.which("java")
    remedy = "Install one, such as openjdk-17-jre-headless, or point JAVA_HOME to it."
    where = f"JAVA_HOME={home}" if home else "the programs in PATH"
    try:
        if java is None:
            raise FileNotFoundError
        said = subprocess.run([java, "-version"], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        raise UserError(
            "There is no Java, which Apache Spark runs on.",
            where=where,
            expected=expected,
            remedy=remedy,
        ) from None
    found = re.search(r'version "(?:1\.)?(\d+)', said.stderr + said.stdout)
    if found is None or int(found[1]) not in JAVA_VERSIONS:
        raise UserError(
            f"Apache Spark does not run on Java {found[1] if found else 'of this version'}.",
            where=java,
            expected=expected,
            remedy=remedy,
        )


def _be_quiet(folder: Path) -> None:
    """Of a Java machine that is begun here nothing but errors is printed."""
    settings = folder / "log4j2.properties"
    settings.write_text(_QUIET)
    options = f"--driver-java-options -Dlog4j2.configurationFile=file:{settings}"
    given = os.environ.get("PYSPARK_SUBMIT_ARGS", "pyspark-shell")
    if "--driver-java-options" not in given:
        os.environ["PYSPARK_SUBMIT_ARGS"] = f"{options} {given}"


def _begun(builder: Any, master: str) -> Any:
    builder = builder.appName("kit").master(master)
    builder = builder.config("spark.ui.showConsoleProgress", "false")
    if master.startswith("local"):
        # Executors on this machine run this Python with this kit.
        os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
        root = str(Path(__file__).resolve().parents[3])
        given = os.environ.get("PYTHONPATH")
        path = os.pathsep.join([root, *([given] if given else [])])
        builder = builder.config("spark.executorEnv.PYTHONPATH", path)
        builder = builder.config("spark.executorEnv.TF_CPP_MIN_LOG_LEVEL", "3")
        os.environ["PYTHONPATH"] = path
        os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
    try:
        return builder.getOrCreate()
    except Exception as error:
        raise UserError(
            f"Apache Spark does not start: {_first_line(error)}",
            where=f"--master {master}",
            expected="local[*], local[2], spark://HOST:PORT, yarn or k8s://https://HOST:PORT",
            remedy="Check the URL and that the cluster runs; try --master 'local[2]'.",
        ) from None


def on_executors(
    function: Callable[..., Iterator[Any]],
) -> Callable[..., Iterator[Any]]:
    """Make the user errors of a function readable for `spark_errors`."""

    @functools.wraps(function)
    def wrapped(*arguments: Any) -> Iterator[Any]:
        try:
            yield from function(*arguments)
        except UserError as error:
            fields = (error.what, error.where, error.expected, error.remedy)
            raise RuntimeError(_MARK + json.dumps(fields)) from None

    return wrapped


@contextmanager
def spark_errors(where: str) -> Iterator[None]:
    """Turn errors of Spark into one `UserError`.

    Args:
        where: what is read or written.
    """
    from py4j.protocol import Py4JError
    from pyspark.errors import PySparkException

    try:
        yield
    except (Py4JError, PySparkException) as error:
        text = str(getattr(error, "java_exception", "")) + str(error)
        if found := re.search(re.escape(_MARK) + r"(\[.*\])", text):
            what, place, expected, remedy = json.loads(found[1])
            raise UserError(what, where=place, expected=expected, remedy=remedy) from error
        raise UserError(
            f"Apache Spark failed: {_first_line(error)}",
            where=where,
            remedy="The logs of the driver and of its executors say more; --debug shows the trace.",
        ) from error


@contextmanager
def tasks_shown(session: Any, name: str) -> Iterator[None]:
    """While it is entered, show how many tasks of Spark are done."""
    tracker, ended = session.sparkContext.statusTracker(), threading.Event()
    with stage(name) as shown:

        def watch() -> None:
            while not ended.wait(1):
                running = [tracker.getStageInfo(one) for one in tracker.getActiveStageIds()]
                known = [one for one in running if one is not None]
                done = sum(one.numCompletedTasks for one in known)
                shown.note = f"{done:,} of {sum(one.numTasks for one in known):,} tasks"

        watching = threading.Thread(target=watch, name="kit-spark-tasks", daemon=True)
        watching.start()
        try:
            yield
        finally:
            ended.set()
            watching.join()


def _first_line(error: BaseException) -> str:
    """What went wrong, of traces of Python in Java in Python."""
    text = str(error)
    # Of Python on an executor the last line of its trace.
    if found := re.findall(r"^(\w[\w.]*(?:Error|Exception|Exit)\b.*)$", text, re.MULTILINE):
        causes = [
            line for line in found if "py4j" not in line and "SparkException: Job" not in line
        ]
        return str((causes or found)[0])[:300]
    return next((line for line in text.splitlines() if line.strip()), type(error).__name__)[:300]

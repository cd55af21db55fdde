"""Folders that Spark writes."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kit.data._prepared import check_may_be_made
from kit.data.spark._session import spark_errors, tasks_shown
from kit.errors import UserError


@dataclass(frozen=True)
class SparkOutput:
    """A folder of files that Spark writes.

    Args:
        folder: a path or URL.
        format: .parquet, .csv, .tsv or .jsonl.
    """

    folder: str
    format: str

    @classmethod
    def of(cls, folder: str, *, has_lists: bool = False) -> "SparkOutput":
        """The folder of `--output`; the end of its name says the format, Parquet without one.

        Raises:
            UserError: another format, or a folder of this machine that is there already or that
                cannot be written.
        """
        format = Path(folder).suffix.lower() or ".parquet"
        if format not in (".parquet", ".csv", ".tsv", ".jsonl") or folder == "-":
            raise UserError(
                f"Spark does not write {Path(folder).suffix or folder!r}.",
                where=f"--output {folder}",
                expected="the name of a folder that ends in .parquet, .csv, .tsv or .jsonl",
                remedy=f"Give --output {Path(folder).stem if folder != '-' else 'answers'}.parquet",
            )
        if has_lists and format in (".csv", ".tsv"):
            raise UserError(
                f"A {format} file has no columns of lists.",
                where=f"--output {folder} --list-column",
                expected="a folder that ends in .parquet or .jsonl",
                remedy="Leave --list-column out, or name another folder.",
            )
        if "://" not in folder:
            path = Path(folder).absolute()
            if path.exists():
                raise cls(folder, format)._exists()
            check_may_be_made(path, f"--output {folder}", "Name a folder you may write to.")
        return cls(folder, format)

    def write(self, frame: Any, spark: Any, name: str) -> int:
        """Write a DataFrame of Spark; the number of its rows.

        Raises:
            UserError: the folder is there, or it cannot be made.
        """
        from pyspark.sql import Observation
        from pyspark.sql import functions as f

        context = spark.sparkContext
        url = self.folder
        configuration = context._jsc.hadoopConfiguration()
        if "://" not in url and configuration.get("fs.defaultFS", "file:").startswith("file:"):
            url = f"file://{Path(url).absolute()}"
        with spark_errors(f"--output {self.folder}"):
            place = context._jvm.org.apache.hadoop.fs.Path(url)
            if place.getFileSystem(configuration).exists(place):
                raise self._exists()
            counted = Observation("kit")
            frame = frame.observe(counted, f.count(f.lit(1)).alias("rows"))
            with tasks_shown(spark, name):
                if self.format == ".parquet":
                    frame.write.parquet(url)
                elif self.format == ".jsonl":
                    frame.write.json(url, ignoreNullFields=False)
                else:
                    separator = "\t" if self.format == ".tsv" else ","
                    frame.write.csv(url, header=True, sep=separator, escape='"')
            return int(counted.get["rows"])

    def _exists(self) -> UserError:
        return UserError(
            "There is something already where the answers should go.",
            where=f"--output {self.folder}",
            expected="the name of a new folder",
            remedy="Name another, or remove it first.",
        )

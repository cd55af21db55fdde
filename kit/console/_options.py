"""Options that mean the same on every recipe."""

import os
from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kit.console._bundle import Function, bundled
from kit.console._format_options import FORMAT, FormatOptions
from kit.errors import UserError
from kit.progress import stage

if TYPE_CHECKING:
    from kit.data import Dataset, Source
    from kit.retrieval import IndexSettings


@dataclass(frozen=True)
class DataOptions(FormatOptions):
    """What the data are; the help of the options says what each means."""

    data: str
    user_column: str | None
    item_column: str | None
    time_column: str | None
    weight_column: str | None
    items: str | None
    users: str | None
    split: str | None
    limit: int | None
    seed: int
    time_format: str | None = None

    @stage("read")
    def open(self) -> "Source":
        """Open the source."""
        from kit.data import Columns, open_source

        columns = Columns(
            self.user_column,
            self.item_column,
            self.time_column,
            self.weight_column,
            self.time_format,
        )
        return open_source(
            self.data,
            columns=columns,
            items=self.items,
            users=self.users,
            limit=self.limit,
            format=self.format(),
        )

    @stage("read")
    def dataset(self) -> "Dataset":
        """Open the source, split and encode it; what `kit prepare` wrote is so already."""
        from kit.data import is_prepared, open_prepared

        if not is_prepared(self.data):
            return self.split_of(self.open())
        given = [
            f"--{field.name.replace('_', '-')}"
            for field in fields(self)
            if field.name not in ("data", "seed") and getattr(self, field.name) is not None
        ]
        if given:
            raise UserError(
                f"{', '.join(given)} cannot be changed for prepared data.",
                where=self.data,
                expected="these options to be given to kit prepare",
                remedy="Leave them out, or prepare the source again with them.",
            )
        return open_prepared(Path(self.data))

    @stage("split")
    def split_of(self, source: "Source") -> "Dataset":
        """Split and encode it."""
        from kit.data import split

        return split(source, self.split, seed=self.seed)


@dataclass(frozen=True)
class TrainingOptions:
    """How to train and where results go."""

    epochs: int | None
    batch_size: int | None
    dim: int
    learning_rate: float | None
    strategy: str
    precision: str
    output: str | None
    report: str | None
    quiet: bool

    def __post_init__(self) -> None:
        # Said before training, not after it.
        for folder, option in ((self.output, "--output"), (self.report, "--report")):
            if folder is not None:
                check_folder(Path(folder), option)


@dataclass(frozen=True)
class IndexOptions:
    """How the export finds the best items."""

    index: str
    recall: float
    index_rows: str

    def settings(self) -> "IndexSettings":
        """The same for `kit.export`."""
        import numpy as np

        from kit.retrieval import IndexSettings, index_for

        settings = IndexSettings(self.index, self.recall, self.index_rows)  # type: ignore[arg-type]
        # Whether its libraries load is said before training, not after it.
        index_for(settings, np.eye(16, dtype=np.float32))
        return settings


def check_folder(folder: Path, option: str) -> None:
    """Raise `UserError` where a folder that is still to be made cannot be written."""
    nearest = next(place for place in (folder, *folder.absolute().parents) if place.exists())
    if not nearest.is_dir() or not os.access(nearest, os.W_OK):
        raise UserError(
            f"The folder of {option} cannot be written.",
            where=str(folder),
            expected=f"{nearest} to be a folder you may write to",
            remedy=f"Name another: {option} FOLDER",
        )


_SOURCE = click.option(
    "--data",
    metavar="SOURCE",
    required=True,
    help="A .csv, .tsv, .parquet or .jsonl file (also .gz), a folder of such files (train.*, "
    "valid.*, test.* are taken as the split), tfds:NAME, the built-in online-retail, or a folder "
    "of kit prepare.",
)

LIMIT_AND_SEED = [
    click.option(
        "--limit",
        type=click.IntRange(min=1),
        metavar="ROWS",
        help="Use the latest ROWS rows only, for a quick trial.",
    ),
    click.option(
        "--seed",
        type=click.IntRange(0, 2**32 - 1),
        metavar="NUMBER",
        default=0,
        show_default=True,
        help="Random seed.",
    ),
]

TIME_FORMAT = click.option(
    "--time-format",
    metavar="FORMAT",
    help="How times are written: a strptime pattern such as '%d/%m/%Y %H:%M', day-first, "
    "month-first or year-first; of numbers s, ms, us, ns or excel.  [default: found]",
)

_DATA = [
    click.option("--user-column", metavar="NAME", help="Column of the user, if not found by name."),
    click.option("--item-column", metavar="NAME", help="Column of the item."),
    click.option("--time-column", metavar="NAME", help="Column of the time."),
    TIME_FORMAT,
    click.option(
        "--weight-column",
        metavar="NAME",
        help="Column that says how much an interaction counts in training.  [default: all alike]",
    ),
    click.option("--items", metavar="FILE", help="Features of the items, by item id."),
    click.option("--users", metavar="FILE", help="Features of the users, by user id."),
    click.option(
        "--split",
        type=click.Choice(["time", "leave-one-out", "random", "given"]),
        help="How the test set is held out.  [default: given, else time, or leave-one-out "
        "where time leaves fewer than 200 users or 10 % of them to test, else random]",
    ),
    *LIMIT_AND_SEED,
    *FORMAT,
]

_EPOCHS = [
    click.option(
        "--epochs",
        type=click.IntRange(min=1),
        help="Maximum epochs; training stops early when the validation metric plateaus.  "
        "[default: 20,000 steps]",
    ),
]

_TRAINING = [
    click.option(
        "--learning-rate",
        type=click.FloatRange(min=0, min_open=True),
        help="Peak learning rate.  [default: the recipe's]",
    ),
    click.option(
        "--strategy",
        type=click.Choice(["auto", "one", "mirrored", "multi-worker", "parameter-server", "tpu"]),
        default="auto",
        show_default=True,
        help="Devices to train on. auto: the cluster of TF_CONFIG or SLURM, else a TPU, else all "
        "GPUs of the machine where there are several, else one device.",
    ),
    click.option(
        "--precision",
        type=click.Choice(["auto", "float32", "mixed_bfloat16", "mixed_float16"]),
        default="auto",
        show_default=True,
        help="Precision of computation; auto is mixed_bfloat16 on TPUs, GPUs of compute capability "
        "8.0 or above and CPUs with AMX, else float32. Weights and exports are float32.",
    ),
    click.option(
        "--output",
        metavar="FOLDER",
        help="Folder for versions of the model.  [default: saved_models/RECIPE]",
    ),
    click.option(
        "--report", metavar="FOLDER", help="Folder for the report.  [default: reports/RECIPE]"
    ),
    click.option("--quiet", is_flag=True, help="Print the closing table only."),
]


_INDEX = [
    click.option(
        "--index",
        type=click.Choice(["auto", "exact", "inverted-file", "scann"]),
        default="auto",
        show_default=True,
        help="How the export finds the best items; auto is exact up to 50,000 items and an "
        "inverted file above. ScaNN needs a server that has its operations.",
    ),
    click.option(
        "--recall",
        type=click.FloatRange(0, 1, min_open=True),
        metavar="SHARE",
        default=0.95,
        show_default=True,
        help="Recall@10 that an inverted file has to reach.",
    ),
    click.option(
        "--index-rows",
        type=click.Choice(["float32", "bfloat16", "int8"]),
        default="float32",
        show_default=True,
        help="How an inverted file keeps its vectors; the short ones are scored again in float32.",
    ),
]


def data_options(function: Function) -> Function:
    """Add --data to --seed; the command gets them as `data`, a `DataOptions`."""
    return bundled(function, [_SOURCE, *_DATA], "data", DataOptions)


def source_argument(function: Function) -> Function:
    """The same with the source as the command's argument."""
    argument = click.argument("data", metavar="SOURCE")
    return bundled(function, [argument, *_DATA], "data", DataOptions)


def training_options_of(*, rows: str, dim: int) -> Callable[[Function], Function]:
    """Add --epochs to --quiet; the command gets them as `training`, a `TrainingOptions`.

    Args:
        rows: what a batch is made of, in the plural.
        dim: width of the embeddings, if not given.
    """
    own = [
        click.option(
            "--batch-size",
            type=click.IntRange(min=1),
            metavar=rows.upper(),
            help=f"{rows.capitalize()} in a batch.  [default: by the number of {rows}]",
        ),
        click.option(
            "--dim",
            type=click.IntRange(min=2),
            default=dim,
            show_default=True,
            help="Width of the embeddings.",
        ),
    ]
    options = [*_EPOCHS, *own, *_TRAINING]
    return lambda function: bundled(function, options, "training", TrainingOptions)


training_options = training_options_of(rows="users", dim=128)
"""Adds the training options with the defaults of the two-tower recipe."""


def index_options(function: Function) -> Function:
    """Add --index to --index-rows; the command gets them as `index`, an `IndexOptions`."""
    return bundled(function, _INDEX, "index", IndexOptions)

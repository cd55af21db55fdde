"""Options of recipes that learn from interactions."""

from dataclasses import dataclass, fields, replace
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from kit.config._options import Options, option
from kit.errors import UserError
from kit.progress import stage

if TYPE_CHECKING:
    from kit.data import Dataset, RowReader, Source, TableFormat

SEED = 2**32 - 1
# Of what shuffles and augments with seeds of 32 bits with a sign.
SIGNED_SEED = 2**31 - 1
TIME_FORMAT = (
    "How times are written: a strptime pattern such as '%d/%m/%Y %H:%M', day-first, month-first "
    "or year-first; of numbers s, ms, us, ns or excel.  [default: found]"
)


@dataclass(frozen=True, kw_only=True)
class FormatOptions(Options):
    """How text tables are written, where their content does not show it."""

    group: ClassVar[str] = "Data"

    separator: str | None = option(
        None,
        "Separates the cells of text tables; also tab, space, pipe.  [default: detected]",
        metavar="CHARACTER",
    )
    encoding: str | None = option(
        None,
        "Encoding of text files that are not UTF-8, for example windows-1252.",
        metavar="NAME",
    )
    header: bool | None = option(
        None,
        "Whether the first row of the source names the columns; without, they are 1, 2, 3.  "
        "[default: header]",
    )
    quote: str | None = option(
        None,
        "Whether cells may be in double quotes, or quotes are text.  [default: detected]",
        choices=("double", "none"),
    )

    def format(self) -> "TableFormat":
        """The same for `kit.data`."""
        from kit.data import TableFormat

        return TableFormat(
            self.separator,
            self.encoding,
            self.header,
            self.quote,  # type: ignore[arg-type]
        )


@dataclass(frozen=True, kw_only=True)
class UserLogOptions(FormatOptions):
    """Logs of what users did: whose rows are left out."""

    without_users: str | None = option(
        None, "Leave out the users whose ids are in this file, one a line.", metavar="FILE"
    )

    def users_left_out(self) -> list[str]:
        """Their ids.

        Raises:
            UserError: the file cannot be read, or holds no id.
        """
        return [] if self.without_users is None else read_ids(self.without_users, self.format())

    def card(self) -> dict[str, Any]:
        # Who was left out is nobody's business.
        return {name: value for name, value in super().card().items() if name != "without_users"}


def read_ids(file: str | PathLike[str], format: "TableFormat | None" = None) -> list[str]:
    """The ids in a file, one a line.

    Args:
        file: its path.
        format: of which the encoding is used.

    Raises:
        UserError: it cannot be read, or holds none.
    """
    from kit.data import clean_id, read_lines

    ids = [one for line in read_lines(Path(file), format) if (one := clean_id(line))]
    if not ids:
        raise UserError("The list of ids is empty.", where=str(file), expected="an id a line")
    return ids


@dataclass(frozen=True, kw_only=True)
class DataOptions(UserLogOptions):
    """Where interactions are and how they are split.

    Example:

    >>> DataOptions(data="online-retail", limit=2000).dataset().num_items > 100
    True
    """

    data: Any = option(
        help="A .csv, .tsv, .parquet or .jsonl file (also .gz), a folder of such files (train.*, "
        "valid.*, test.* are taken as the split), tfds:NAME, the built-in online-retail, or a "
        "folder of kit prepare.",
        metavar="SOURCE",
    )
    user_column: str | None = option(
        None, "Column of the user, if not found by name.", metavar="NAME"
    )
    item_column: str | None = option(None, "Column of the item.", metavar="NAME")
    time_column: str | None = option(None, "Column of the time.", metavar="NAME")
    time_format: str | None = option(None, TIME_FORMAT, metavar="FORMAT")
    weight_column: str | None = option(
        None,
        "Column that says how much an interaction counts in training.  [default: all alike]",
        metavar="NAME",
    )
    min_weight: float | None = option(
        None,
        "Rows with a smaller weight are no interactions: of ratings from 1 to 5, 4 leaves out what "
        "was not liked.  [default: all are]",
        min=0,
        metavar="WEIGHT",
    )
    items: Any = option(None, "Features of the items, by item id.", metavar="FILE")
    users: Any = option(None, "Features of the users, by user id.", metavar="FILE")
    split: str | None = option(
        None,
        "How the test set is held out.  [default: given, else time, or leave-one-out where time "
        "leaves fewer than 200 users or 10 % of them to test, else random]",
        choices=("time", "leave-one-out", "random", "given"),
    )
    limit: int | None = option(
        None, "Use the latest ROWS rows only, for a quick trial.", min=1, metavar="ROWS"
    )
    seed: int = option(0, "Random seed.", min=0, max=SEED, metavar="NUMBER")

    @stage("read")
    def open(self, read: "RowReader | None" = None) -> "Source":
        """Open the source, maybe with another reader of its rows."""
        from kit.data import Columns, open_source

        columns = Columns(
            self.user_column,
            self.item_column,
            self.time_column,
            self.weight_column,
            self.time_format,
            self.min_weight,
        )
        return open_source(
            self.data,
            columns=columns,
            items=self.items,
            users=self.users,
            limit=self.limit,
            format=self.format(),
            without_users=self.users_left_out(),
            read=read,
        )

    def dataset(self) -> "Dataset":
        """Open the source, split and encode it; what `kit prepare` wrote is so already."""
        return replace(self._dataset(), options=self)

    @stage("read")
    def _dataset(self) -> "Dataset":
        from kit.data import is_prepared, open_prepared

        if not isinstance(self.data, str | PathLike) or not is_prepared(str(self.data)):
            return self.split_of(self.open())
        given = [
            f"--{field.name.replace('_', '-')}"
            for field in fields(self)
            if field.name not in ("data", "seed") and getattr(self, field.name) is not None
        ]
        if given:
            raise UserError(
                f"{', '.join(given)} cannot be changed for prepared data.",
                where=str(self.data),
                expected="these options to be given to kit prepare",
                remedy="Leave them out, or prepare the source again with them.",
            )
        return open_prepared(Path(self.data))

    @stage("split")
    def split_of(self, source: "Source") -> "Dataset":
        """Split and encode it."""
        from kit.data import split

        return split(source, self.split, seed=self.seed)

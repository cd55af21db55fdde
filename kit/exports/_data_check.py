"""What changed in a log since an export was trained, and whether to train on it."""

import time as clock
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from kit.data import LogProfile, Source, form_of, quantiles
from kit.exports._card import RetrievalCard
from kit.exports._loaded import LoadedExport

A_DAY = 86_400
WEEKS, FEWEST_DAYS = 8, 3
# Of the median of the same weekdays. In a year of online-retail 4 % of the days have less than the
# least share, half a day nearly always.
LEAST_VOLUME, MOST_VOLUME = 0.6, 3.0
# Shares of rows: dropped ones, those with ids of a new form, those with unknown items.
DROPPED, NEW_FORM, UNKNOWN = 0.05, 0.05, 0.3
TIMES_USUAL = 3.0
# Of the total variation between shares of items that chance leaves room for; .2 is usual.
SHIFT = 0.4
# Of the median weight.
WEIGHT_FACTOR = 3.0
SHOWN, MOVERS = 3, 5


@dataclass(frozen=True)
class Check:
    """One comparison.

    Args:
        name: of what is compared: a column, or "volume".
        before: in the training data of the export, in words.
        now: in the new rows.
        problem: why nothing should be trained on them; "" if nothing is wrong.
    """

    name: str
    before: str
    now: str
    problem: str = ""


@dataclass(frozen=True)
class DataCheck:
    """What changed in a log since an export was trained.

    Args:
        version: folder of the export.
        rows: new rows: those after the last one the export was made of, or all of a log that begins
            later.
        checks: the comparisons.
        movers: `item_id`, `name`, `share_before`, `share`: items whose share of the rows changed
            most.
    """

    version: Path
    rows: int
    checks: Sequence[Check]
    movers: pl.DataFrame = field(repr=False)

    @property
    def problems(self) -> list[str]:
        """Why nothing should be trained on the log; empty if it is fine."""
        return [f"{one.name}: {one.problem}" for one in self.checks if one.problem]

    @property
    def is_fine(self) -> bool:
        """Whether no comparison found a problem."""
        return not self.problems


def check_data(source: Source, folder: str | Path, *, now: float | None = None) -> DataCheck:
    """Compare a log with what an export was trained on.

    Args:
        source: what `kit.data.open_source` returned: the whole log to date, or its new rows alone.
        folder: of a version of a recommender, or of the versions, of which the latest is taken.
        now: the time, in seconds since 1970; None is that of the clock.

    Returns:
        The comparisons. An export of an earlier version of the kit has no profile of its data: only
        its items and users are compared then.

    Raises:
        UserError: the folder holds no recommender.
    """
    from kit.exports._check import check_operations
    from kit.exports._version_folder import version_folder

    version = version_folder(Path(folder))
    check_operations(version)
    export = LoadedExport(version)
    saved = (export.card.dataset or {}).get("profile")
    profile = LogProfile(**saved) if saved else None
    log = source.interactions
    is_whole = False
    if "time" in log.columns and profile is not None and profile.last is not None:
        is_whole = int(log["time"].min()) <= profile.last  # type: ignore[arg-type]
        if is_whole:
            log = log.filter(pl.col("time") > profile.last)
    comparison = _Comparison(source, export, profile, log, is_whole, now or clock.time())
    checks = list(comparison.checks())
    return DataCheck(version, len(log), checks, comparison.movers())


@dataclass(frozen=True)
class _Comparison:
    source: Source
    export: LoadedExport
    profile: LogProfile | None
    log: pl.DataFrame
    is_whole: bool
    now: float

    def checks(self) -> Iterator[Check]:
        yield from self.features()
        if not len(self.log):
            last = _day(self.profile.last) if self.profile and self.profile.last else ""
            yield Check("rows", f"up to {last}", "none", f"no row is later than {last}")
            return
        if self.profile is None:
            yield Check("profile", "none: an export of an earlier version", "ids compared only")
        else:
            yield self.dropped(self.profile)
        yield from self.times()
        yield from self.volume()
        yield self.ids("item", list(self.export.card.names))
        yield self.ids("user", self.users)
        if self.profile is not None and self.profile.weights is not None:
            yield self.weights(self.profile.weights)
        yield self.shift()

    @property
    def users(self) -> list[str] | None:
        return self.export.user_ids() if self.export.card.known_users else None

    def features(self) -> Iterator[Check]:
        """Whether the columns that the model reads are there."""
        card = self.export.card
        saved = card.item_encoder if isinstance(card, RetrievalCard) else None
        if saved is None:
            return
        wanted = [*saved["text"], *(name for name, _, _ in saved["numbers"])]
        table = self.source.items
        for name in wanted:
            if table is None or name not in table.columns:
                yield Check(name, "a feature of the items", "missing", "the column is missing")
                continue
            empty = table[name].null_count() / max(len(table), 1)
            is_number = table[name].dtype.is_numeric()
            if is_number != (name not in saved["text"]):
                kind = "a number" if name not in saved["text"] else "text"
                yield Check(name, kind, str(table[name].dtype), f"it is no longer {kind}")
            elif empty == 1:
                yield Check(name, "a feature of the items", "no value", "it is empty in every row")
            elif empty:
                yield Check(name, "a feature of the items", f"{empty:.1%} without a value")

    def dropped(self, profile: LogProfile) -> Check:
        """Rows that cleaning dropped, of the new ones where the log holds the old ones, too."""
        now = {step.name: step.rows for step in self.source.cleaning if step.of_log}
        read = self.source.rows_read
        before = sum(profile.dropped.values()) / max(profile.rows_read, 1)
        if self.is_whole and read > profile.rows_read:
            now = {n: rows - profile.dropped.get(n, 0) for n, rows in now.items()}
            read -= profile.rows_read
        share = sum(now.values()) / max(read, 1)
        words = f"{share:.1%} of the rows dropped"
        problem = ""
        if share > max(TIMES_USUAL * before, before + DROPPED):
            worst = max(now, key=lambda name: now[name])
            problem = f"{words}, mostly {worst} ({now[worst]:,})"
        return Check("missing values", f"{before:.1%} of the rows dropped", words, problem)

    def times(self) -> Iterator[Check]:
        if "time" not in self.log.columns:
            if self.profile is not None and self.profile.last is not None:
                yield Check("time", "there", "missing", "the log has no times any more")
            return
        time = self.log["time"].to_numpy()
        future = int((time > self.now + A_DAY).sum())
        before = "unknown"
        if self.profile is not None and self.profile.first is not None:
            before = f"{_day(self.profile.first)} to {_day(self.profile.last)}"
        problem = f"{future:,} rows lie in the future" if future else ""
        yield Check("time", before, f"{_day(time.min())} to {_day(time.max())}", problem)

    def volume(self) -> Iterator[Check]:
        """Each new day beside the same weekdays of the weeks before."""
        profile = self.profile
        if profile is None or profile.first is None or "time" not in self.log.columns:
            return
        assert profile.last is not None
        first, since = profile.first // A_DAY, profile.last // A_DAY
        days = self.log["time"].to_numpy() // A_DAY
        # Times in the future are refused as such, and earlier ones are no new day.
        days = days[(days > since) & (days * A_DAY <= self.now)]
        if not len(days):
            return
        rows = np.bincount(days - first)
        rows[: len(profile.rows_of_days)] = profile.rows_of_days
        strange, ratios = [], []
        for place in range(since + 1 - first, len(rows)):
            # Rows of a day alone say nothing of those that lie between.
            usual = _usual(rows, place)
            if usual is None or (not self.is_whole and not rows[place]):
                continue
            ratios.append(rows[place] / usual)
            if not LEAST_VOLUME <= ratios[-1] <= MOST_VOLUME:
                day = _day((first + place) * A_DAY)
                strange.append(f"{day} has {rows[place]:,} rows, the median is {usual:,.0f}")
        if ratios:
            now = f"{len(ratios)} days with {min(ratios):.0%} to {max(ratios):.0%} of that"
            more = f"; {len(strange) - SHOWN} more days" if len(strange) > SHOWN else ""
            problem = "; ".join(strange[:SHOWN]) + more
            yield Check("volume", "median of the same weekday", now, problem)

    def ids(self, role: str, known: Sequence[str] | None) -> Check:
        """New and gone ids, and ids of another form."""
        counts = (
            self.log.group_by(pl.col(f"{role}_id").cast(pl.String).alias("id"))
            .agg(rows=pl.len())
            .sort("id")
        )
        found, total = set(counts["id"].to_list()), int(counts["rows"].sum())
        name = f"{role}_id"
        now = f"{len(found):,} {role}s"
        before, problem = "not in the export", ""
        if known is not None:
            ours = set(known)
            is_known = pl.col("id").is_in(list(ours))
            unknown = 1 - int(counts.filter(is_known)["rows"].sum()) / total
            before = f"{len(ours):,} {role}s"
            now += f", {len(found - ours):,} new with {unknown:.1%} of the rows"
            if self.is_whole:
                everyone = self.source.interactions[name].cast(pl.String).unique().to_list()
                now += f", {len(ours.difference(everyone)):,} gone"
            cold = 0.0 if self.profile is None else self.profile.cold.get(role, 0.0)
            if role == "item" and unknown > max(UNKNOWN, TIMES_USUAL * cold):
                some = counts.filter(~is_known).sort("rows", descending=True)["id"].to_list()
                problem = (
                    f"{unknown:.0%} of the rows have items that the export does not know, such as "
                    f"{_some(some)}; it knows {_some(sorted(ours))}"
                )
        forms = {} if self.profile is None else self.profile.forms.get(role, {})
        if forms:
            other = counts.with_columns(form=form_of(counts["id"])).filter(
                ~pl.col("form").is_in(list(forms))
            )
            share = int(other["rows"].sum()) / total
            if share > NEW_FORM:
                problem = (
                    f"{share:.0%} of the rows have ids of another form, such as "
                    f"{_some(other.sort('rows', descending=True)['id'].to_list())}; before they "
                    f"were like {_some(list(forms))} (9 is digits, A letters)"
                )
        return Check(name, before, now, problem)

    def weights(self, before: Sequence[float]) -> Check:
        words = "5 %, 50 % and 95 %: {:g}, {:g}, {:g}"
        if "weight" not in self.log.columns:
            return Check("weight", words.format(*before), "missing", "the column is missing")
        now = quantiles(self.log["weight"].to_numpy())
        # The median of what users buy may well double, but not that of all.
        problem = ""
        if before[1] > 0 and not 1 / WEIGHT_FACTOR <= now[1] / before[1] <= WEIGHT_FACTOR:
            problem = f"the median went from {before[1]:g} to {now[1]:g}"
        return Check("weight", words.format(*before), words.format(*now), problem)

    def shares(self) -> tuple[NDArray[np.float64], NDArray[np.float64], list[str]]:
        """Shares of the known items before, their users now, and the items."""
        popular = self.export.popularity()
        items = list(popular)
        before = np.array([popular[item] for item in items], np.float64)
        # Of each item its users count, as in the export.
        counts = self.log.group_by(pl.col("item_id").cast(pl.String)).agg(
            users=pl.col("user_id").n_unique()
        )
        now = dict(counts.iter_rows())
        rows = np.array([now.get(item, 0) for item in items], np.float64)
        return before / max(before.sum(), 1e-12), rows, items

    def shift(self) -> Check:
        """Popularity of the known items, by total variation."""
        before, rows, _ = self.shares()
        total = int(rows.sum())
        if not total or not before.sum():
            return Check("popularity", "", "nothing to compare")
        variation = float(0.5 * np.abs(rows / total - before).sum())
        drawn = np.random.default_rng(0).multinomial(total, before / before.sum()) / total
        usual = float(0.5 * np.abs(drawn - before).sum())
        problem = ""
        if variation - usual > SHIFT * (1 - usual):
            problem = (
                f"shares of items differ by a total variation of {variation:.2f}; samples of "
                f"{total:,} of the data before differ by {usual:.2f}"
            )
        return Check(
            "popularity", f"total variation {usual:.2f} by chance", f"{variation:.2f}", problem
        )

    def movers(self) -> pl.DataFrame:
        """Items whose share changed most."""
        schema = {"item_id": pl.String, "name": pl.String, "share_before": pl.Float64}
        if not len(self.log):
            return pl.DataFrame(schema=schema | {"share": pl.Float64})
        before, rows, items = self.shares()
        now = rows / max(rows.sum(), 1)
        order = np.argsort(-np.abs(now - before), kind="stable")[:MOVERS]
        chosen = [items[place] for place in order]
        return pl.DataFrame(
            {
                "item_id": chosen,
                "name": [self.export.name(item) for item in chosen],
                "share_before": before[order],
                "share": now[order],
            },
            schema_overrides=schema,
        )


def _usual(rows: NDArray[np.int64], place: int) -> float | None:
    """The median of the same weekdays of the weeks before; None where they have no rows."""
    same = rows[max(0, place - 7 * WEEKS) : place][::-1][6::7]
    same = same[same > 0]
    return float(np.median(same)) if len(same) >= FEWEST_DAYS else None


def _day(time: float | None) -> str:
    if time is None:
        return "unknown"
    try:
        return f"{datetime.fromtimestamp(float(time), UTC):%Y-%m-%d}"
    except (OverflowError, ValueError, OSError):
        return f"second {time:.0f}"


def _some(ids: Sequence[str]) -> str:
    return ", ".join(f"'{one}'" for one in ids[:SHOWN])

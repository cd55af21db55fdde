"""The page of a log: who comes back, and what goes together."""

from collections.abc import Iterable, Mapping
from html import escape

import numpy as np

from kit.data import BasketPairs, Cohorts, Source, basket_pairs, cohorts, title_column
from kit.errors import UserError
from kit.report._figures import GRID, MODEL, SOFT, Drawing
from kit.report._html import counted, figure, licence, page, repeat
from kit.report._report import versions

SHOWN_PAIRS = 25
TINT = 60  # percent of the colour of a share of 1


def log_page(source: Source, *, command: str = "") -> str:
    """Cohorts, repeat rates and basket pairs of a log, as a self-contained page of HTML.

    No id of a user is on the page, and no pair that fewer than five users have.

    Args:
        source: the log, as `kit.data.open_source` reads it.
        command: the command line that makes the page again.
    """
    log = source.interactions
    is_timed = "time" in log.columns
    try:
        found, missing = (cohorts(log) if is_timed else None), ""
    except UserError as error:
        found, missing = None, error.what
    try:
        pairs, alone = basket_pairs(log), ""
    except UserError as error:
        pairs, alone = None, error.what
    title = f"{source.name}: who comes back, and what goes together"
    size = (
        f"{len(log):,} interactions of {log['user_id'].n_unique():,} users with "
        f"{log['item_id'].n_unique():,} items."
    )
    return page(
        title,
        [
            f"<h1>{escape(title)}</h1><p class='soft'>{size}</p>",
            _headline(found) if found is not None else "",
            _retention(found) if found is not None else _untimed(is_timed, missing),
            _pairs(pairs, _names(source)) if pairs is not None else _without_pairs(alone),
            _words(found, pairs),
            licence(source.licence),
            repeat(command, {}, {}, versions()),
        ],
    )


def _headline(found: Cohorts) -> str:
    if not len(found.horizons):
        return ""
    place = min(len(found.horizons) - 1, 2)
    low, high = found.repeats.interval
    lines = "".join(
        f"<li>{days} days: {_percent(share)} ({_percent(least)} to {_percent(most)}) of "
        f"{users:,} users</li>"
        for days, share, least, most, users in zip(
            found.horizons, found.repeats.share, low, high, found.repeats.of, strict=True
        )
    )
    return (
        "<div class='headline'><div class='number'>"
        f"{_percent(found.repeats.share[place])} <small>come back within "
        f"{found.horizons[place]} days (95 % {_percent(low[place])} to {_percent(high[place])})"
        f"</small></div></div><h2>Repeat rate</h2><p>Users with an interaction on a later day "
        "within so many days of their first one, among those whose days are over in the log:</p>"
        f"<ul>{lines}</ul>"
    )


def _retention(found: Cohorts) -> str:
    """The curve of all cohorts and the table of each."""
    low, high = found.retention.interval
    share = found.retention.share
    later = [n for n in range(share.shape[1]) if np.isfinite(share[:, n]).any()]
    head = "".join(f'<th scope="col">+{n + 1}</th>' for n in later)

    def row(name: str, size: int, cells: Iterable[tuple[float, float, float]]) -> str:
        return (
            f'<tr><th scope="row">{escape(name)}</th><td>{size:,}</td>'
            + "".join(_cell(*cell) for cell in cells)
            + "</tr>"
        )

    rows = [
        row(name, int(size), ((share[n, m], low[n, m], high[n, m]) for m in later))
        for n, (name, size) in enumerate(zip(found.periods, found.sizes, strict=True))
        if size
    ]
    pooled_low, pooled_high = found.pooled.interval
    pooled = zip(found.pooled.share[later], pooled_low[later], pooled_high[later], strict=True)
    rows.append(row("all", int(found.sizes.sum()), pooled))
    end = f" The log ends within a {found.unit}, which is left out." if found.is_cut else ""
    note = (
        f"Share of the users whose first interaction was in a {found.unit}, who came back so many "
        f"{found.unit}s later, with 95 % intervals. Who came before the log began counts in the "
        f"first row.{end}"
    )
    curve = figure(_curve(found, later), f"All cohorts by {found.unit}s since the first one.")
    return (
        f"<h2>Retention by cohort</h2>{curve if later else ''}"
        f'<p class="soft caption">{escape(note)}</p><div class="wide"><table><thead><tr>'
        f'<th scope="col">{found.unit}</th><th scope="col">users</th>{head}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table></div>"
    )


def _cell(share: float, low: float, high: float) -> str:
    if not np.isfinite(share):
        return "<td></td>"
    tint = f"color-mix(in srgb, var(--model) {TINT * share:.0f}%, transparent)"
    return (
        f'<td style="background: {tint}">{_percent(share)}'
        f"<small>{100 * low:.0f} to {100 * high:.0f}</small></td>"
    )


def _curve(found: Cohorts, later: list[int]) -> str:
    low, high = (end[later] for end in found.pooled.interval)
    with Drawing("retention", height=2.0) as drawing:
        axes = drawing.axes()
        places = np.array(later) + 1
        axes.fill_between(places, low, high, color=MODEL, alpha=0.25, linewidth=0)
        axes.plot(places, found.pooled.share[later], color=MODEL, marker=".")
        axes.yaxis.set_major_formatter(lambda value, _: f"{100 * value:.0f} %")
        axes.set_ylim(bottom=0)
        axes.set_xlabel(f"{found.unit}s later")
        axes.set_ylabel("came back", color=SOFT)
        axes.grid(axis="y", color=GRID, linewidth=0.6)
    return drawing.svg


def _untimed(is_timed: bool, missing: str) -> str:
    why = missing if is_timed else "The log has no times: cohorts and repeat rates need them."
    return f"<h2>Retention by cohort</h2><p>{escape(why)}</p>"


def _without_pairs(alone: str) -> str:
    return f"<h2>What goes together</h2><p>{escape(alone)}</p>"


def _pairs(found: BasketPairs, names: Mapping[str, str]) -> str:
    shown = found.table.head(SHOWN_PAIRS)
    rows = "".join(
        f'<tr><td class="text">{escape(names.get(row["item"], row["item"]))}</td>'
        f'<td class="text">{escape(names.get(row["other"], row["other"]))}</td>'
        f"<td>{row['lift']:,.1f}</td><td>{row['baskets']:,}</td><td>{row['users']:,}</td>"
        f"<td>{_probability(row['p'])}</td></tr>"
        for row in shown.to_dicts()
    )
    head = "".join(
        f'<th scope="col">{name}</th>' for name in ("", "", "lift", "baskets", "users", "p")
    )
    several = "" if len(shown) == len(found.table) else f" The {len(shown)} largest lifts:"
    of_all = "" if found.items == found.of_items else f" in the most baskets, of {found.of_items:,}"
    are = "is" if len(found.table) == 1 else "are"
    summary = (
        f"{counted(len(found.table), 'pair')} of {found.tested:,} {are} above chance at a false "
        f"discovery rate of 5 %, with at least {found.fewest:,} baskets and 5 users. "
        f"{found.baskets:,} baskets: {found.basket}. Compared are "
        f"{counted(found.items, 'item')}{of_all}.{several}"
    )
    body = f"<thead><tr>{head}</tr></thead><tbody>{rows}</tbody>"
    table = f'<div class="wide"><table>{body}</table></div>'
    return f"<h2>What goes together</h2><p>{escape(summary)}</p>{table if len(shown) else ''}"


def _words(found: Cohorts | None, pairs: BasketPairs | None) -> str:
    words = []
    if found is not None:
        words.append(
            "Intervals of shares are Wilson's, at 95 %, each for itself. A cohort that comes back "
            "less than another need not be worse: seasons and campaigns are in these shares."
        )
    if pairs is not None:
        words.append(
            "Lift is the number of baskets with both items over that of independent ones. p is of "
            "the exact test given how many baskets each item is in (hypergeometric, one-sided), "
            "the false discovery rate is held by Benjamini and Hochberg over all pairs of the "
            "compared items. Baskets of one user count as independent, though they are not. In "
            "large baskets everything meets: that alone gives any two items a lift of "
            f"{pairs.size_lift:.1f} here. What is bought together need not be sold by being shown "
            "together."
        )
    parts = "".join(f"<li>{escape(one)}</li>" for one in words)
    return f"<h2>How the numbers were measured</h2><ul>{parts}</ul>" if words else ""


def _names(source: Source) -> dict[str, str]:
    """Titles of items, where they have one."""
    column = title_column(source.items)
    if column is None or source.items is None:
        return {}
    pairs = source.items.select("item_id", column).drop_nulls().iter_rows()
    return {item: title for item, title in pairs if title.strip()}


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def _probability(p: float) -> str:
    return "below 1e-99" if p < 1e-99 else f"{p:.2g}"

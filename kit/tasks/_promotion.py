"""Whether a new version takes over from the one that is live."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from kit.config import RunOptions, as_values
from kit.errors import UserError
from kit.exports import (
    STABLE,
    label_version,
    live_version,
    read_labels,
    remove_old_versions,
)
from kit.tasks._compare import ExportComparison, compare_exports


def with_promotion(
    recipe: Any,
    options: Any,
    run: Callable[[Any, Any], Path | None],
    say: Callable[[str], object],
) -> tuple[Path | None, bool]:
    """Train, let the new version take over if it may, and remove old versions.

    Args:
        recipe: a `kit.pipeline.Recipe`.
        options: of its class; `training` says what is wanted.
        run: trains and exports; returns the new version, or None in a process that exports none.
        say: prints a line.

    Returns:
        The new version, and whether it may answer: it may unless the gate was asked for and the
        version is worse than the live one.

    Raises:
        UserError: the versions cannot be compared.
    """
    training: RunOptions = options.training
    folder = Path(training.output or f"saved_models/{recipe.name}")
    if training.promote_if_better:
        _check(options)
        _hold(folder)
    version = run(recipe, options)
    is_live = True
    if version is not None and training.promote_if_better:
        is_live = _promoted(folder, version, say)
    if version is not None and training.keep_versions is not None:
        removed = remove_old_versions(folder, training.keep_versions)
        if removed:
            say(f"removed:   versions {', '.join(map(str, removed))}")
    return version, is_live


def _check(options: Any) -> None:
    """What can be known before training is said before it."""
    if as_values(options).get("refit"):
        raise UserError(
            "A refit leaves no rows to compare the versions on.",
            where="--promote-if-better",
            expected="a model that is measured on rows it was not trained on",
            remedy="Leave --refit out; or train without --promote-if-better, compare on later "
            "rows with kit compare, and give the version its label with kit label.",
        )
    if not isinstance(options.data.data, str | Path):
        raise UserError(
            "The versions cannot be compared on a table in memory.",
            where="promote_if_better",
            expected="data in a file, a folder or a built-in data set",
        )


def _hold(folder: Path) -> None:
    """Label the live version, or servers would load the next one as soon as it is there."""
    live = live_version(folder)
    if live is not None and STABLE not in read_labels(folder).versions:
        label_version(folder, int(live.name))


def _promoted(folder: Path, version: Path, say: Callable[[str], object]) -> bool:
    while True:
        live = live_version(folder)
        if live is None or live == version or STABLE not in read_labels(folder).versions:
            label_version(folder, int(version.name))
            say(f"promote:   version {version.name} is {STABLE}, the first one")
            return True
        try:
            found = compare_exports(live, version, timed=False)
        except UserError as error:
            raise UserError(
                f"Version {version.name} was not promoted. {error.what}",
                where=error.where,
                expected=error.expected,
                remedy=f"Compare it on other data: kit compare {live} {version} --data SOURCE; "
                f"then kit label {folder} {version.name} {STABLE}",
            ) from error
        for line in found.warnings:
            say(line)
        if found.verdict in ("worse", "not measured"):
            say(f"refused:   version {version.name} is exported but not {STABLE}: {_gaps(found)}")
            return False
        # Another training may have been faster.
        if label_version(folder, int(version.name), instead_of=int(live.name)):
            say(f"promote:   version {version.name} is {STABLE}: {_gaps(found)}")
            return True


def _gaps(found: ExportComparison) -> str:
    texts = []
    for result in found.results:
        name, (before, now, gap) = next(iter(result.metrics.items()))
        interval = "" if gap.low != gap.low else f", 95 % {gap.low:+.4f} to {gap.high:+.4f}"
        texts.append(f"{name} {now:.4f} after {before:.4f} ({gap.mean:+.4f}{interval})")
    return f"{'; '.join(texts)} against version {found.first.name}: {found.verdict}"

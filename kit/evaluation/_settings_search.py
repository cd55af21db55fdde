"""Choose the settings of a model on valid, one after the other."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import numpy as np
import scipy.sparse as sparse
from numpy.typing import NDArray

from kit.data import Dataset, train_histories
from kit.evaluation._baselines import as_good_as_best
from kit.evaluation._evaluate import Scorer, evaluate
from kit.evaluation._ranking_task import RankingTask
from kit.progress import stage

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Settings = TypeVar("Settings", bound="DataclassInstance")
Model = TypeVar("Model")

DAY = 86_400
HALVINGS = 4


class Interactions:
    """The interactions of train, to be fitted with several settings.

    Args:
        dataset: the split data.
        weighted: whether interactions count by the weight column.
    """

    def __init__(self, dataset: Dataset, weighted: bool = False) -> None:
        self.owned = train_histories(dataset)
        self._items = dataset.num_items
        entries = len(self.owned.items)
        self._weights = self.owned.weights_of(dataset.train) if weighted else np.ones(entries)

    @property
    def span(self) -> float:
        """Days from the first interaction to the last one; 0 without times."""
        times = self.owned.times
        return 0.0 if times is None or not len(times) else float(np.ptp(times)) / DAY

    def matrix(self, half_life: float | None) -> sparse.csr_matrix:
        """float32 [users, items]: the importance of each interaction, 1 on average.

        So the penalty means the same, whatever the half-life.
        """
        importance = self._weights * self.owned.recency(half_life)
        values = np.asarray(importance / importance.mean(), np.float32)
        shape = (len(self.owned), self._items)
        return sparse.csr_matrix((values, self.owned.items, self.owned.offsets), shape)


@dataclass(frozen=True)
class Fitted(Generic[Settings, Model]):
    """A model fitted with some settings, and its NDCG@10 of each user of valid."""

    settings: Settings
    model: Model
    users: NDArray[np.float64]


class SettingsSearch(Generic[Settings, Model]):
    """The settings with the best NDCG@10 on valid, found by moving one after the other.

    Args:
        task: the valid task.
        given: where the search starts.
        fit: makes a model and its scorer with some settings.
        fixed: names of settings that are not to be changed.
    """

    def __init__(
        self,
        task: RankingTask,
        given: Settings,
        fit: Callable[[Settings], tuple[Model, Scorer]],
        fixed: frozenset[str] = frozenset(),
    ) -> None:
        self._task, self._fit, self._fixed = task, fit, fixed
        self.best = self._fitted(given)

    def climb(self, steps: Iterable[Mapping[str, Any]], *, clearly: bool = False) -> bool:
        """Change settings step by step as long as the metric gains.

        Args:
            steps: the changes of each step to the present settings, by name; those of fixed
                settings are left out.
            clearly: stop at the first step that is as good as the best one by the
                one-standard-error rule, which moves only where it helps; False takes the best.

        Returns:
            Whether the settings changed.
        """
        first, found = self.best, [self.best]
        for changes in steps if len(self._task.users) else ():
            if self._fixed.isdisjoint(changes):
                found.append(self._fitted(replace(first.settings, **changes)))
                if found[-1].users.mean() <= found[-2].users.mean():
                    break
        if len(found) > 1:
            users = np.stack([one.users for one in found])
            means = users.mean(axis=1)
            enough = as_good_as_best(users) if clearly else means == means.max()
            self.best = found[int(np.argmax(enough))]
        return self.best is not first

    def climb_by_factors(self, names: Mapping[str, float], steps: int) -> bool:
        """Multiply settings by their factors, or divide by them if that is no gain.

        Args:
            names: of the settings, with the factor of each.
            steps: most factors of one direction.
        """
        now = {name: getattr(self.best.settings, name) for name in names}

        def powers(sign: int) -> list[dict[str, float]]:
            return [
                {name: now[name] * factor ** (sign * step) for name, factor in names.items()}
                for step in range(1, steps + 1)
            ]

        return self.climb(powers(1)) or self.climb(powers(-1))

    def climb_half_life(self, days: float) -> bool:
        """Move `half_life` to half the span of the data, its half and so on, where it is not set.

        Args:
            days: from the first interaction to the last one; 0 without times.
        """
        if not days or getattr(self.best.settings, "half_life", None):
            return False
        # Only where it gains clearly do interactions count less than others.
        halves = [{"half_life": days / 2.0**step} for step in range(1, HALVINGS + 1)]
        return self.climb(halves, clearly=True)

    def _fitted(self, settings: Settings) -> Fitted[Settings, Model]:
        with stage("fit") as progress:
            progress.note = ", ".join(
                f"{name} {value:g}" for name, value in asdict(settings).items() if value
            )
            model, scorer = self._fit(settings)
            result = evaluate(self._task, scorer, ks=[10])
            return Fitted(settings, model, result.per_user["NDCG@10"])

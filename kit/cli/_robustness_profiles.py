"""Robustness of recommenders: how far made-up users can promote an item."""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING, Any

from kit.cli._options_again import file_of_ids, fitted, options_again, recipe_of_log
from kit.cli._robustness import Measured, Request
from kit.console import echo, quiet_tensorflow
from kit.errors import UserError

if TYPE_CHECKING:
    import numpy as np
    import polars as pl
    from numpy.typing import NDArray

    from kit.pipeline import Recipe

KINDS = ("popular", "mixed")
# Users of an item of the tail, which is promoted by default.
TAIL = (3, 8)
TOP = 10
# Of all users, who are left out by the defence.
LEFT_OUT = 0.1
MADE_UP = "made up"


def measure(request: Request) -> Measured:
    """Train with made-up users, with and without the defence, and measure both."""
    quiet_tensorflow()
    recipe = recipe_of_log(request.card, request.version)
    trial = Trial.of(recipe, request)
    clean = trial.trained([], [])
    rows = [["none", "", *cells(clean, clean)]]
    document: list[dict[str, Any]] = [{"kind": None, **clean.document(clean)}]
    for kind in KINDS:
        fakes = trial.fakes(kind, request.fakes)
        suspicious, auc = trial.suspicious(fakes)
        for defence, left_out in (("", []), ("defended", suspicious)):
            found = trial.trained(fakes, left_out)
            rows.append([kind, defence, *cells(found, clean)])
            figures = {"defended": bool(defence), "detector": auc, **found.document(clean)}
            document.append({"kind": kind, **figures})
        rows[-1][1] = f"defended (detector AUC {auc:.3f})"
    return Measured(
        title=f"{request.fakes:.0%} made-up users promote item {trial.item}, which "
        f"{trial.takers} users have; seed {request.seed}",
        columns=["made-up users", "", "reach@10", "median rank", "NDCG@10", "change"],
        rows=rows,
        document={"item": trial.item, "share": request.fakes, "runs": document},
        notes=[
            "reach@10: of real users without the item, those who have it in their top 10. The "
            f"defence leaves out the {LEFT_OUT:.0%} of users that stand out most: kit data "
            "--suspicious FILE, then kit train --without-users FILE",
        ],
    )


@dataclass(frozen=True)
class Effect:
    """What a model recommends of the promoted item, and how good its lists are.

    Args:
        reach: share of real users without the item who have it in their top 10.
        rank: its median rank for them.
        quality: id of a real user to the NDCG@10 of the list.
    """

    reach: float
    rank: float
    quality: dict[str, float]

    def document(self, clean: "Effect") -> dict[str, float]:
        """The figures; quality is of users whom the model without made-up users knows, too."""
        common = [user for user in self.quality if user in clean.quality]
        own, other = (fmean(one.quality[user] for user in common) for one in (self, clean))
        change = own / other - 1 if other else 0.0
        return {"reach@10": self.reach, "median rank": self.rank, "NDCG@10": own, "change": change}


def cells(found: Effect, clean: Effect) -> list[str]:
    """What a row shows of a model."""
    figures = found.document(clean)
    change = "" if found is clean else f"{figures['change']:+.1%}"
    return [f"{found.reach:.1%}", f"{found.rank:,.0f}", f"{figures['NDCG@10']:.4f}", change]


@dataclass(frozen=True)
class Trial:
    """A log and its recipe, to be trained with made-up users in train.

    Args:
        recipe: of the export.
        request: of the command.
        parts: the rows of train, valid and test.
        ids: of the items, by code of `owned`.
        owned: [users, items] of train.
        code: of the promoted item.
        rng: draws the users.
    """

    recipe: "Recipe"
    request: Request
    parts: "dict[str, pl.DataFrame]"
    ids: "NDArray[np.object_]"
    owned: Any
    code: int
    rng: "np.random.Generator"

    @classmethod
    def of(cls, recipe: "Recipe", request: Request) -> "Trial":
        """Read the log and choose what is promoted.

        Raises:
            UserError: the item is not in train, or none is of the tail.
        """
        import numpy as np
        import polars as pl

        from kit.data import histories

        options = options_again(recipe, request.card, request.version, data=request.source)
        whole = recipe.read(options)
        parts = {}
        for name in ("train", "valid", "test"):
            events = getattr(whole, name)
            columns = {
                "user_id": whole.user_ids[events.user],
                "item_id": whole.item_ids[events.item],
            }
            columns |= {} if events.time is None else {"timestamp": events.time}
            parts[name] = pl.DataFrame({k: list(v) for k, v in columns.items()})
        owned = histories([whole.train], whole.num_users).below(whole.num_items)
        matrix = owned.matrix(whole.num_items)
        rng = np.random.default_rng(request.seed)
        takers = np.asarray((matrix > 0).sum(axis=0)).ravel()
        ids = whole.item_ids[: whole.num_items]
        if request.promote is not None:
            places = np.flatnonzero(ids == request.promote)
            expected = f"an item of train, such as {ids[0]}"
        else:
            places = np.flatnonzero((takers >= TAIL[0]) & (takers <= TAIL[1]))
            expected = f"an item with {TAIL[0]} to {TAIL[1]} users"
        if not len(places):
            raise UserError(
                "There is no item to promote.",
                where="--promote",
                expected=expected,
                remedy="Name an item: --promote ITEM",
            )
        return cls(recipe, request, parts, ids, matrix, int(rng.choice(places)), rng)

    @property
    def item(self) -> str:
        """Id of the promoted item."""
        return str(self.ids[self.code])

    @property
    def takers(self) -> int:
        """Number of users who have it."""
        return int((self.owned[:, [self.code]] > 0).sum())

    def fakes(self, kind: str, share: float) -> "list[NDArray[np.int64]]":
        """Histories of made-up users."""
        from kit.evaluation import fake_profiles

        count = max(1, round(share * self.owned.shape[0]))
        return fake_profiles(self.owned, kind, count, self.code, self.rng)

    def rows(self, fakes: "Sequence[NDArray[np.int64]]") -> "pl.DataFrame":
        """Train with made-up users, at times at which others come."""
        import polars as pl

        train = self.parts["train"]
        made_up = pl.DataFrame(
            {
                "user_id": [f"{MADE_UP} {n}" for n, one in enumerate(fakes) for _ in one],
                "item_id": [str(self.ids[code]) for one in fakes for code in one],
            },
            schema={"user_id": pl.String, "item_id": pl.String},
        )
        if "timestamp" in train.columns:
            times = self.rng.choice(train["timestamp"].to_numpy(), len(made_up))
            made_up = made_up.with_columns(
                timestamp=pl.Series(times, dtype=train["timestamp"].dtype)
            )
        return pl.concat([train, made_up])

    def suspicious(self, fakes: "Sequence[NDArray[np.int64]]") -> tuple[list[str], float]:
        """Users that stand out most, and the AUC of made-up users among all."""
        import numpy as np
        import polars as pl

        from kit.data import most_suspicious, suspicion_of_log
        from kit.metrics import auc

        found = suspicion_of_log(self.rows(fakes)).users
        label = found["user_id"].str.starts_with(f"{MADE_UP} ").cast(pl.Int64).to_numpy()
        score = found["suspicion"].to_numpy()
        return most_suspicious(found, LEFT_OUT), float(auc(np.asarray(label), score))

    def trained(self, fakes: "Sequence[NDArray[np.int64]]", left_out: Sequence[str]) -> Effect:
        """Reach of the item and quality for real users of a model."""
        is_timed = "timestamp" in self.parts["train"].columns
        columns = {"user_column": "user_id", "item_column": "item_id"}
        columns |= {"time_column": "timestamp"} if is_timed else {}
        changes: dict[str, Any] = dict.fromkeys(
            ("time_column", "weight_column", "min_weight", "split", "limit", "items", "users")
        )
        with tempfile.TemporaryDirectory() as folder, file_of_ids(left_out) as gone:
            for name, rows in {**self.parts, "train": self.rows(fakes)}.items():
                rows.write_csv(Path(folder, f"{name}.csv"))
            options = options_again(
                self.recipe,
                self.request.card,
                self.request.version,
                data=folder,
                without_users=gone if left_out else None,
                quiet=True,
                **changes | columns,
            )
            echo(f"train:     {len(fakes):,} made-up users, {len(left_out):,} left out", err=True)
            model, data = fitted(self.recipe, options)
        return self.measured(model, data)

    def measured(self, model: Any, data: Any) -> Effect:
        import numpy as np

        from kit.data import histories
        from kit.evaluation import evaluate, ranking_task, retrieval_scorer

        scorer = retrieval_scorer(model, data.popularity_with_valid)
        task = ranking_task(data, "test", max_users=self.request.limit)
        found = evaluate(task, scorer, ks=[TOP]).per_user[f"NDCG@{TOP}"]
        quality = dict(zip(data.user_ids[task.users].tolist(), found.tolist(), strict=True))
        known = histories([data.train, data.valid], data.num_users, with_times=model.is_timed)
        known = known.below(data.num_items)
        real = np.array([not one.startswith(MADE_UP) for one in data.user_ids[: data.num_users]])
        (place,) = np.flatnonzero(data.item_ids[: data.num_items] == self.item)
        has_it = np.zeros(data.num_users, bool)
        has_it[known.row_of_each_item[known.items == place]] = True
        users = np.flatnonzero(real & ~has_it)
        users = np.sort(np.random.default_rng(0).permutation(users)[: self.request.limit])
        some = known.take(users)
        scores = np.asarray(scorer(users.astype(np.int32), some))
        scores[some.row_of_each_item, some.items] = -np.inf
        rank = 1 + (scores > scores[:, [place]]).sum(axis=1)
        return Effect(float((rank <= TOP).mean()), float(np.median(rank)), quality)

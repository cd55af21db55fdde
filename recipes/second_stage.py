"""The model and the stream of the second of two stages."""

from typing import TYPE_CHECKING

from kit.console import DataOptions
from kit.errors import UserError

if TYPE_CHECKING:
    from kit.data import Dataset
    from kit.evaluation import CandidateLists
    from kit.models import CandidateRanking
    from kit.training import ListBatches


def ranking_and_batches(
    lists: "CandidateLists", data: DataOptions, dataset: "Dataset"
) -> tuple["CandidateRanking", "ListBatches"]:
    """The compiled second stage and the lists it learns from."""
    import keras

    from kit.losses import ListwiseSoftmax
    from kit.models import CandidateRanking
    from kit.optimizers import LazyAdamW
    from kit.training import ListBatches

    if not len(lists.items):
        raise UserError(
            "Nobody took a candidate in the later part of train: there is nothing to rank by.",
            where=dataset.name,
            expected="people who come back",
            remedy="Give more rows or --candidates, or train one stage: kit train two-tower.",
        )
    keras.utils.set_random_seed(data.seed)
    model = CandidateRanking(list(lists.features))
    model.set_numbers(lists.features)
    model.compile(LazyAdamW(1e-3, weight_decay=0.01), loss=ListwiseSoftmax(), jit_compile=False)
    size = min(64, len(lists.items))
    return model, ListBatches(lists.features, lists.taken, batch_size=size, seed=data.seed)

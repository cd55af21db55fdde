"""What two-tower and sequential share: options, content of items, and the task."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from kit.console import (
    AnswerOptions,
    CheckpointOptions,
    ContentOptions,
    DataOptions,
    IndexOptions,
    TrainingOptions,
)
from kit.pipeline import Recipe, run
from kit.tasks import Built, Retrieval, Stage

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kit.data import Dataset, TrainableColumn
    from kit.models import RetrievalModel
    from kit.training import Batches, Precision

    Contents = Sequence[tuple[TrainableColumn, NDArray[Any]]]
    Parts = tuple[RetrievalModel, Batches, Mapping[str, Any]]


def run_retrieval(
    recipe: Recipe,
    build: "Callable[[Dataset, Contents, Precision], Parts]",
    *,
    data: DataOptions,
    training: TrainingOptions,
    checkpoint: CheckpointOptions,
    index: IndexOptions,
    answers: AnswerOptions,
    content: ContentOptions,
) -> None:
    """Train, evaluate, export and verify a model that ranks the catalogue.

    Args:
        recipe: its name and what its cards say.
        build: compiled model, batches and settings, of the split data and of what the model learns
            to read.
        data: the source.
        training: how to train and where results go.
        checkpoint: whether to resume from a checkpoint, and when to write one.
        index: how the export finds the best items.
        answers: what the export answers.
        content: images and texts of the items.
    """

    def built(dataset: "Dataset", precision: "Precision") -> Built:
        from kit.training import digest

        joined, contents = content.joined(dataset, data.items)
        model, batches, settings = build(joined, contents, precision)
        return Built(
            model=model,
            batches=batches,
            name=recipe.name,
            settings={
                **asdict(content),
                **settings,
                "learning_rate": float(model.optimizer.learning_rate.numpy()),
            },
            stages=[Stage(epochs=training.epochs)],
            content={"content of features": digest(*model.non_trainable_weights)},
            parts=[one for one, _ in contents],
            data=joined,
        )

    task = Retrieval(
        k=answers.top,
        exclude_seen=not answers.include_seen,
        index=index.settings,
        weight_column=data.weight_column,
        encoded=lambda: [part.card() for part in content.encoded(data.items)],
    )
    run(
        recipe,
        task,
        data.dataset,
        built,
        source=asdict(data),
        training=training,
        checkpoint=checkpoint,
        seed=data.seed,
    )

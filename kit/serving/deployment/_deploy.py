"""From a model's folder to the files an operator needs."""

from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from kit.errors import UserError
from kit.manifests import kubernetes_name, mebibytes, pinned_image, write
from kit.serving.deployment._compose import compose
from kit.serving.deployment._kserve import kserve
from kit.serving.deployment._kubernetes import kubernetes
from kit.serving.deployment._plan import MARK, Plan, claim, memory_for
from kit.serving.deployment._readme import readme
from kit.serving.deployment._served import Served, find_models
from kit.serving.deployment._server_config import server_config


@dataclass(frozen=True)
class Deployed:
    """What was written.

    Args:
        folder: where.
        files: paths inside it.
        models: their names.
        image: the server's.
        memory: MiB of one replica.
        notes: what the operator should know.
    """

    folder: Path
    files: list[str]
    models: list[str]
    image: str
    memory: int
    notes: list[str]


def deploy(
    folder: Path,
    output: Path | None = None,
    *,
    model_name: str | None = None,
    replicas: int = 2,
    cpus: int = 2,
    memory: str | None = None,
    image: str | None = None,
    batching: bool | None = None,
    storage_uri: str | None = None,
) -> Deployed:
    """Write configuration, compose, Kubernetes and KServe files for stock TensorFlow Serving.

    Args:
        folder: a model's folder of numbered versions, a version to stay with, or a folder of
            models' folders.
        output: where the files go; None for `deploy/NAME`. Files of an earlier call are rewritten.
        model_name: what clients call the model; None for its folder's name.
        replicas: at least so many in Kubernetes, at most four times as many.
        cpus: processors of one replica.
        memory: of one replica, such as "2Gi" or "512Mi"; None computes it from the model's size.
        image: with a version as its tag; None for tensorflow/serving at the version of the
            installed tensorflow-serving-api.
        batching: join requests of different clients; None for yes, unless an input has an unknown
            dimension after the batch. There TensorFlow Serving either fails the batch or fills
            shorter rows up with their request's first value, which changes answers
            (`AddPadding` in tensorflow_serving/batching/batching_util.cc).
        storage_uri: where KServe finds `folder`; None for the volume Kubernetes uses.

    Raises:
        UserError: no model, one with operations that stock TensorFlow Serving lacks, or a setting
            or an output folder that will not do.
    """
    called, models = find_models(folder, model_name)
    name = kubernetes_name(called)
    plan = Plan(
        models=models,
        name=name,
        image=pinned_image(image or f"tensorflow/serving:{version('tensorflow-serving-api')}"),
        replicas=replicas,
        cpus=cpus,
        memory=memory_for(models) if memory is None else mebibytes(memory),
        batching=not any(m.variable_length for m in models) if batching is None else batching,
        storage_uris=_storage_uris(storage_uri, called, models),
        output=Path("deploy") / name if output is None else output,
    )
    _refuse_same_names(plan)
    notes = _notes(plan, called, asked=batching is not None)
    config = server_config(plan)
    files = {
        "README.md": readme(plan, notes),
        "compose.yaml": compose(plan),
        "kubernetes.yaml": kubernetes(plan, config),
        "kserve.yaml": kserve(plan),
        **{f"config/{file}": content for file, content in config.items()},
    }
    write(plan.output, files, MARK)
    names = [model.name for model in models]
    return Deployed(plan.output, list(files), names, plan.image, plan.memory, notes)


def _notes(plan: Plan, called: str, *, asked: bool) -> list[str]:
    notes = []
    for taken in dict.fromkeys([called, *(model.name for model in plan.models)]):
        if kubernetes_name(taken) != taken:
            notes.append(
                f"{taken!r} is no name Kubernetes takes; there it is {kubernetes_name(taken)!r}, "
                "for a model under KServe in the URL too."
            )
    inputs = ", ".join(plan.variable_length)
    if plan.variable_length and plan.batching:
        notes.append(
            f"Batching is on and {inputs} has rows of any length: TensorFlow Serving fills shorter "
            "rows up with the first value of their request, so every row must begin with the value "
            'the model passes over ("" in this kit\'s models), or answers change under load. '
            "In kserve.yaml it is off."
        )
    elif plan.variable_length and not asked:
        notes.append(
            f"Batching is off: {inputs} has rows of any length, and joining them would fail or "
            "change answers. If every row of it begins with the value the model passes over "
            '("" in this kit\'s models), turn it on: --batching'
        )
    if any(model.pinned is not None for model in plan.models):
        notes.append("One version is served whatever comes after it; KServe takes the newest.")
    if any(model.labels is not None for model in plan.models):
        notes.append(
            "models.config states the labels of today: after kit label or kit rollback deploy "
            "again, and TensorFlow Serving reads it with "
            "--model_config_file_poll_wait_seconds. A label of a version that is still loading "
            "needs --allow_version_labels_for_unavailable_models. KServe takes the newest version."
        )
    return notes


def _storage_uris(given: str | None, called: str, models: tuple[Served, ...]) -> dict[str, str]:
    if given is None:
        volume = claim(kubernetes_name(called))
        return {model.name: f"pvc://{volume}/{model.name}" for model in models}
    if models[0].name == called:
        return {called: given}
    return {model.name: f"{given.rstrip('/')}/{model.name}" for model in models}


def _refuse_same_names(plan: Plan) -> None:
    named: dict[str, str] = {}
    for model in plan.models:
        other = named.setdefault(kubernetes_name(model.name), model.name)
        if other != model.name:
            raise UserError(
                f"{other!r} and {model.name!r} have the same name in Kubernetes.",
                where=str(model.folder.parent),
                expected="names that differ in more than capitals and punctuation",
                remedy="Rename one folder, or deploy them one by one with --model-name.",
            )

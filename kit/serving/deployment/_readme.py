"""The page that goes with the files."""

from textwrap import fill

from kit.serving.deployment._plan import (
    ANSWERS_PER_BYTE,
    GRPC_PORT,
    LOADED_PER_BYTE,
    MARK,
    METRICS_PATH,
    REST_PORT,
    SERVER_MEMORY,
    VERSIONS,
    Plan,
    claim,
)
from kit.serving.deployment._served import Served

NOT_RUN = (
    "No container engine, no cluster and no TensorFlow Serving was run with these files. The kit's "
    "tests validate what it writes: models.config by the message of tensorflow-serving-api, "
    "compose.yaml by the schema of the Compose specification, kubernetes.yaml by the strict "
    "schemas of Kubernetes; the other two text protos and kserve.yaml by descriptions of their "
    "fields that the kit made itself."
)


def _versions(model: Served) -> str:
    if model.pinned:
        return f"version {model.pinned}"
    if model.labels is None:
        return "its newest version"
    labelled = [
        f"{number} ({', '.join(model.labels.of(number))})".replace(" ()", "")
        for number in model.versions
    ]
    return f"versions {', '.join(labelled)}"


def readme(plan: Plan, notes: list[str]) -> str:
    """README.md: how to use each file, where the memory comes from, what was checked."""
    size = sum(model.size for model in plan.models) / 2**20
    models = "".join(f"- `{m.name}`: {_versions(m)}\n" for m in plan.models)
    first = plan.models[0].name
    memory = (
        f"Memory is {plan.memory} MiB a replica. Without `--memory` that is {SERVER_MEMORY} MiB "
        f"for the server, and for each of the {size:.0f} MiB of a version {LOADED_PER_BYTE} MiB "
        f"when it is loaded, {VERSIONS} times as another takes over from it, and "
        f"{ANSWERS_PER_BYTE} MiB for the answers under way."
    )
    paragraphs = "\n\n".join(_filled(text) for text in (memory, *notes, NOT_RUN))
    return f"""\
<!-- {MARK} -->
# {plan.name}

Stock TensorFlow Serving, {plan.image}:

{models}
- compose: `docker compose up --wait`, then `curl localhost:{REST_PORT}/v1/models/{first}`.
  REST on {REST_PORT} and gRPC on {GRPC_PORT}, both on loopback only.
- Kubernetes: make a PersistentVolumeClaim `{claim(plan.name)}` with MODEL/VERSION of every model
  at its root, then `kubectl apply -f kubernetes.yaml`.
- KServe: `kubectl apply -f kserve.yaml`. The model is read from its `storageUri`.
- Metrics for Prometheus: `{METRICS_PATH}` on {REST_PORT}.

A new version is loaded when it appears in the model's folder, and the old one is dropped after
it. Write it under another name and rename it, as `kit train` does.

{paragraphs}
"""


def _filled(paragraph: str) -> str:
    return fill(paragraph, 100, break_long_words=False, break_on_hyphens=False)

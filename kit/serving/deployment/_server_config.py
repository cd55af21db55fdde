"""The three text protos that TensorFlow Serving reads."""

from collections.abc import Sequence

from kit.exports import Labels
from kit.serving.deployment._plan import MARK, METRICS_PATH, Plan
from kit.serving.deployment._served import Served

# Rows computed at once. Exact search holds a score for every row and item: at 64 rows no more than
# the vectors themselves, where they have 64 dimensions.
ROWS_AT_ONCE = 64
ROWS_OF_A_REQUEST = 1024


def server_config(plan: Plan) -> dict[str, str]:
    """File names and contents."""
    files = {"models.config": _models(plan), "monitoring.config": _monitoring()}
    if plan.batching:
        files["batching.config"] = _batching(plan)
    return files


def _models(plan: Plan) -> str:
    configs = "".join(_model(model) for model in plan.models)
    return f"# {MARK} ModelServerConfig.\nmodel_config_list {{\n{configs}}}\n"


def _model(model: Served) -> str:
    policy, labels = "latest { num_versions: 1 }", ""
    if model.pinned is not None:
        policy = f"specific {{ versions: {model.pinned} }}"
    elif model.labels is not None:
        policy = _policy(model.labels, model.versions)
        labels = "".join(
            f'    version_labels {{ key: "{name}" value: {number} }}\n'
            for name, number in sorted(model.labels.versions.items())
            # TensorFlow Serving does not start with a label of a version that is not there.
            if number in model.versions
        )
    return f"""\
  config {{
    name: "{model.name}"
    base_path: "/models/{model.name}"
    model_platform: "tensorflow"
    model_version_policy {{ {policy} }}
{labels}  }}
"""


def _policy(labels: Labels, versions: Sequence[int]) -> str:
    """The policy in TensorFlow Serving's terms, which has none for labelled versions."""
    if labels.policy == "all":
        return "all {}"
    if not labels.versions and labels.policy.startswith("latest:"):
        return f"latest {{ num_versions: {labels.policy.partition(':')[2]} }}"
    return "specific { " + " ".join(f"versions: {number}" for number in versions) + " }"


def _monitoring() -> str:
    return f"""\
# {MARK} MonitoringConfig.
prometheus_config {{
  enable: true
  path: "{METRICS_PATH}"
}}
"""


def _batching(plan: Plan) -> str:
    padding = ""
    if plan.variable_length:
        padding = f"""\
# Shorter rows are filled up with the first value of their own request or, where that is computed
# in parts, of their part. So every row of
# {", ".join(plan.variable_length)}
# must begin with the value the model passes over ("" in this kit's models).
pad_variable_length_inputs: true
"""
    return f"""\
# {MARK} BatchingParameters.
# One batch a processor; what waits is joined while they are busy, and nothing waits longer for it.
num_batch_threads {{ value: {plan.cpus} }}
batch_timeout_micros {{ value: 0 }}
# Rows one request may have, and rows that are computed at once.
max_batch_size {{ value: {ROWS_OF_A_REQUEST} }}
enable_large_batch_splitting {{ value: true }}
max_execution_batch_size {{ value: {ROWS_AT_ONCE} }}
# What does not fit in the queue is answered with UNAVAILABLE; four of the largest requests fit.
max_enqueued_batches {{ value: {4 * ROWS_OF_A_REQUEST // ROWS_AT_ONCE} }}
{padding}"""

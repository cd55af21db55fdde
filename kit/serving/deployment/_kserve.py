"""Manifests for KServe."""

import json

from kit.manifests import kubernetes_name
from kit.serving.deployment._plan import MARK, Plan
from kit.serving.deployment._served import Served


def kserve(plan: Plan) -> str:
    """One InferenceService a model; KServe's own runtime for TensorFlow serves it."""
    documents = [_inference_service(plan, model) for model in plan.models]
    return f"# {MARK} kubectl apply -f kserve.yaml\n" + "---\n".join(documents)


def _inference_service(plan: Plan, model: Served) -> str:
    # The parameters of batching are a file, and KServe's container has none but the model's.
    batching = plan.batching and not plan.variable_length
    flags = [
        "--enable_model_warmup=true",
        f"--enable_batching={str(batching).lower()}",
        *plan.thread_flags,
    ]
    args = "\n".join(f"        - {flag}" for flag in flags)
    name = kubernetes_name(model.name)
    tag = plan.image.rpartition(":")[2]
    return f"""\
apiVersion: serving.kserve.io/v1beta1
kind: InferenceService
metadata:
  name: {name}
spec:
  predictor:
    minReplicas: {plan.replicas}
    maxReplicas: {4 * plan.replicas}
    model:
      modelFormat:
        name: tensorflow
        version: "2"
      # The name is also the model's: /v1/models/{name}; its newest version is served.
      protocolVersion: v1
      runtimeVersion: "{tag}"
      storageUri: {json.dumps(plan.storage_uris[model.name])}
      args:
{args}
      resources:
        requests:
          cpu: "{plan.cpus}"
          memory: {plan.memory}Mi
        limits:
          cpu: "{plan.cpus}"
          memory: {plan.memory}Mi
"""

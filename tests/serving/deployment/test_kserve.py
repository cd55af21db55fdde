import dataclasses

import jsonschema
import pytest
import yaml

from kit.serving.deployment import kserve
from tests.serving.deployment.parts import plan

TEXT = {"type": "string", "minLength": 1}
LABEL = {"type": "string", "pattern": "^[a-z]([-a-z0-9]*[a-z0-9])?$", "maxLength": 63}
AMOUNTS = {"cpu": {"type": "string"}, "memory": {"type": "string", "pattern": "^[0-9]+Mi$"}}


def strict(**properties):
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


# The fields of serving.kserve.io/v1beta1 that are used, written down here: the definition that
# KServe installs in a cluster is in no package that is light enough to test with.
SCHEMA = strict(
    apiVersion={"const": "serving.kserve.io/v1beta1"},
    kind={"const": "InferenceService"},
    metadata=strict(name=LABEL),
    spec=strict(
        predictor=strict(
            minReplicas={"type": "integer"},
            maxReplicas={"type": "integer"},
            model=strict(
                modelFormat=strict(name={"const": "tensorflow"}, version={"enum": ["1", "2"]}),
                protocolVersion={"enum": ["v1", "grpc-v1"]},
                runtimeVersion=TEXT,
                storageUri={"type": "string", "pattern": "^[a-z0-9]+://.+$"},
                args={"type": "array", "items": {"type": "string", "pattern": "^--[a-z_]+="}},
                resources=strict(requests=strict(**AMOUNTS), limits=strict(**AMOUNTS)),
            ),
        )
    ),
)


def services(**changes):
    documents = list(yaml.safe_load_all(kserve(plan(**changes))))
    for document in documents:
        jsonschema.validate(document, SCHEMA)
    return documents


def test_a_model_is_an_inference_service():
    (service,) = services()
    assert service["metadata"]["name"] == "two-tower"
    predictor = service["spec"]["predictor"]
    assert (predictor["minReplicas"], predictor["maxReplicas"]) == (3, 12)
    assert predictor["model"]["storageUri"] == "s3://bucket/two_tower"
    assert predictor["model"]["runtimeVersion"] == "2.21.0"
    assert predictor["model"]["resources"]["limits"] == {"cpu": "4", "memory": "1024Mi"}


def test_every_model_has_its_own():
    (model,) = plan().models
    other = dataclasses.replace(model, name="Other.v2")
    uris = {"two_tower": "pvc://all/two_tower", "Other.v2": "pvc://all/Other.v2"}
    found = services(models=(model, other), storage_uris=uris)
    assert [service["metadata"]["name"] for service in found] == ["two-tower", "other-v2"]
    stored = [service["spec"]["predictor"]["model"]["storageUri"] for service in found]
    assert stored == list(uris.values())


@pytest.mark.parametrize(
    ("batching", "variable_length", "on"),
    [(True, (), True), (False, (), False), (True, ("s.x",), False)],
)
def test_batching_is_on_only_where_it_needs_no_padding(batching, variable_length, on):
    (model,) = plan().models
    models = (dataclasses.replace(model, variable_length=variable_length),)
    (service,) = services(models=models, batching=batching)
    args = service["spec"]["predictor"]["model"]["args"]
    assert f"--enable_batching={str(on).lower()}" in args

from types import SimpleNamespace

import pytest
from tensorflow.core.protobuf.meta_graph_pb2 import SignatureDef

from kit.serving import ServingError, State, metadata_of, refuse_method, status_of


def version(method: str = "tensorflow/serving/predict"):
    definition = SignatureDef(method_name=method)
    signatures = {"serving_default": SimpleNamespace(definition=definition)}
    return SimpleNamespace(
        number=7, definitions={"serving_default": definition}, signatures=signatures
    )


def test_states_keep_their_order_and_their_reasons():
    response = status_of([(3, State("END", "NOT_FOUND", "no file")), (2, State("AVAILABLE"))])
    found = [
        (v.version, v.state, v.status.error_code, v.status.error_message)
        for v in response.model_version_status
    ]
    assert found == [(3, 50, 5, "no file"), (2, 30, 0, "")]


def test_metadata():
    spec, signatures = metadata_of("shop", version())
    assert (spec.name, spec.version.value) == ("shop", 7)
    definition = signatures.signature_def["serving_default"]
    assert definition.method_name == "tensorflow/serving/predict"


@pytest.mark.parametrize(
    ("name", "method", "has", "code", "message"),
    [
        ("", "classify", "predict", "INVALID_ARGUMENT", "Expected classification signature"),
        ("", "regress", "predict", "INVALID_ARGUMENT", "Expected a regression signature"),
        ("", "classify", "classify", "UNIMPLEMENTED", "This server has no classify"),
        ("no", "regress", "predict", "INVALID_ARGUMENT", "No signature was found with the name"),
    ],
)
def test_methods_that_nothing_has(name, method, has, code, message):
    with pytest.raises(ServingError, match=message) as caught:
        refuse_method(version(f"tensorflow/serving/{has}"), name, method)
    assert caught.value.code == code

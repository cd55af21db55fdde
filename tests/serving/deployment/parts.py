"""Models that are quick to make, plans, and the messages that read what is written."""

from pathlib import Path
from typing import Any

from google.protobuf import (
    descriptor_pb2,
    descriptor_pool,
    message_factory,
    text_format,
    wrappers_pb2,
)
from tensorflow.core.protobuf import saved_model_pb2

from kit.serving.deployment import Plan, Served

FIXED = {"serving_default": {"user_id": [-1]}, "embed": {"item_id": [-1]}}
HISTORY = {**FIXED, "from_history": {"history": [-1, -1]}}


def saved_model(version: Path, signatures: dict[str, Any], size: int = 1000) -> Path:
    """A folder that looks to a server's operator like a SavedModel."""
    saved = saved_model_pb2.SavedModel(saved_model_schema_version=1)
    graph = saved.meta_graphs.add()
    graph.meta_info_def.tags.append("serve")
    for name, inputs in signatures.items():
        for key, shape in inputs.items():
            tensor = graph.signature_def[name].inputs[key]
            if shape is None:
                tensor.tensor_shape.unknown_rank = True
            for length in shape or []:
                tensor.tensor_shape.dim.add(size=length)
    (version / "variables").mkdir(parents=True)
    (version / "assets.extra").mkdir()
    (version / "saved_model.pb").write_bytes(saved.SerializeToString())
    (version / "variables" / "variables.data-00000-of-00001").write_bytes(bytes(size))
    return version


def plan(**changes: Any) -> Plan:
    model = Served("two_tower", Path("saved_models/two_tower"), None, 2**20, ())
    settings: dict[str, Any] = {
        "models": (model,),
        "name": "two-tower",
        "image": "tensorflow/serving:2.21.0",
        "replicas": 3,
        "cpus": 4,
        "memory": 1024,
        "batching": True,
        "storage_uris": {"two_tower": "s3://bucket/two_tower"},
        "output": Path("deploy/two-tower"),
    }
    return Plan(**{**settings, **changes})


def messages() -> dict[str, Any]:
    """BatchingParameters and MonitoringConfig, which tensorflow-serving-api does not carry.

    Names and types of their fields as in TensorFlow Serving's session_bundle_config.proto and
    monitoring_config.proto; a text proto does not show the numbers.
    """
    kinds = descriptor_pb2.FieldDescriptorProto
    described = {
        "BatchingParameters": {
            "max_batch_size": "Int64Value",
            "batch_timeout_micros": "Int64Value",
            "max_enqueued_batches": "Int64Value",
            "num_batch_threads": "Int64Value",
            "pad_variable_length_inputs": kinds.TYPE_BOOL,
            "enable_large_batch_splitting": "BoolValue",
            "max_execution_batch_size": "Int64Value",
        },
        "PrometheusConfig": {"enable": kinds.TYPE_BOOL, "path": kinds.TYPE_STRING},
        "MonitoringConfig": {"prometheus_config": "PrometheusConfig"},
    }
    file = descriptor_pb2.FileDescriptorProto(name="server.proto", package="server")
    file.syntax = "proto3"
    file.dependency.append(wrappers_pb2.DESCRIPTOR.name)
    for name, fields in described.items():
        message = file.message_type.add(name=name)
        for number, (field, kind) in enumerate(fields.items(), start=1):
            added = message.field.add(name=field, number=number, label=kinds.LABEL_OPTIONAL)
            if isinstance(kind, str):
                package = "server" if kind in described else "google.protobuf"
                added.type, added.type_name = kinds.TYPE_MESSAGE, f".{package}.{kind}"
            else:
                added.type = kind
    pool = descriptor_pool.DescriptorPool()
    wrappers = descriptor_pb2.FileDescriptorProto()
    wrappers_pb2.DESCRIPTOR.CopyToProto(wrappers)
    pool.Add(wrappers)
    pool.Add(file)
    return {
        name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"server.{name}"))
        for name in described
    }


def read(kind: str, text: str) -> Any:
    """The message a text proto means; text_format refuses what it does not know."""
    return text_format.Parse(text, messages()[kind]())

import dataclasses

import pytest
from google.protobuf import text_format
from tensorflow_serving.config import model_server_config_pb2

from kit.exports import Labels
from kit.serving.deployment import server_config
from kit.serving.deployment._plan import METRICS_PATH
from tests.serving.deployment.parts import plan, read


def models_config(files):
    message = model_server_config_pb2.ModelServerConfig()
    return text_format.Parse(files["models.config"], message).model_config_list.config


def test_models_are_named_and_their_newest_version_served():
    (model,) = plan().models
    other = dataclasses.replace(model, name="other.v2", pinned=7)
    first, second = models_config(server_config(plan(models=(model, other))))
    assert (first.name, first.base_path) == ("two_tower", "/models/two_tower")
    assert (second.name, second.base_path) == ("other.v2", "/models/other.v2")
    assert first.model_platform == "tensorflow"
    assert first.model_version_policy.latest.num_versions == 1
    assert list(second.model_version_policy.specific.versions) == [7]


def test_metrics_are_at_the_path_the_manifests_name():
    config = read("MonitoringConfig", server_config(plan())["monitoring.config"])
    assert config.prometheus_config.enable
    assert config.prometheus_config.path == METRICS_PATH


def test_a_request_of_the_largest_size_fits_in_the_queue():
    text = server_config(plan(cpus=6))["batching.config"]
    batching = read("BatchingParameters", text)
    assert batching.num_batch_threads.value == 6
    assert batching.enable_large_batch_splitting.value
    rows = batching.max_enqueued_batches.value * batching.max_execution_batch_size.value
    assert rows >= batching.max_batch_size.value > batching.max_execution_batch_size.value
    assert not batching.pad_variable_length_inputs


def test_rows_of_any_length_are_padded_where_batching_is_asked_for():
    (model,) = plan().models
    models = (dataclasses.replace(model, variable_length=("from_history.history",)),)
    text = server_config(plan(models=models))["batching.config"]
    assert read("BatchingParameters", text).pad_variable_length_inputs
    assert "two_tower: from_history.history" in text
    assert "batching.config" not in server_config(plan(models=models, batching=False))


def test_what_reads_the_files_here_is_strict():
    with pytest.raises(text_format.ParseError):
        read("BatchingParameters", "max_batch_sizes { value: 1 }")
    with pytest.raises(text_format.ParseError):
        read("BatchingParameters", "max_batch_size: 1")


def test_labels_and_policy_are_in_the_terms_of_tensorflow_serving():
    (model,) = plan().models
    labelled = dataclasses.replace(
        model, labels=Labels({"stable": 2, "canary": 5, "gone": 9}), versions=(2, 5)
    )
    latest = dataclasses.replace(model, labels=Labels({}, "latest:3"), versions=(1, 2, 3))
    both = dataclasses.replace(model, labels=Labels({"stable": 1}, "latest:1"), versions=(1, 3))
    every = dataclasses.replace(model, labels=Labels({"stable": 1}, "all"), versions=(1, 3))
    found = models_config(server_config(plan(models=(labelled, latest, both, every))))
    assert list(found[0].model_version_policy.specific.versions) == [2, 5]
    assert dict(found[0].version_labels) == {"stable": 2, "canary": 5}
    assert found[1].model_version_policy.latest.num_versions == 3
    assert list(found[2].model_version_policy.specific.versions) == [1, 3]
    assert found[3].model_version_policy.HasField("all")
    assert dict(found[3].version_labels) == {"stable": 1}

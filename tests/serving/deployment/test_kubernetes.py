import kubernetes_validate
import pytest
import yaml

from kit.serving.deployment import kubernetes, server_config
from kit.serving.deployment._kubernetes import DRAIN_SECONDS
from kit.serving.deployment._plan import METRICS_PATH, REST_TIMEOUT_SECONDS
from tests.serving.deployment.parts import plan

OLDEST, NEWEST = "1.27", kubernetes_validate.latest_version()


def manifests(**changes):
    asked = plan(**changes)
    documents = list(yaml.safe_load_all(kubernetes(asked, server_config(asked))))
    return {document["kind"]: document for document in documents}


@pytest.fixture(scope="module")
def written():
    return manifests()


@pytest.mark.parametrize("version", [OLDEST, NEWEST])
def test_every_manifest_is_valid_by_the_strict_schemas(written, version):
    assert sorted(written) == [
        "ConfigMap",
        "Deployment",
        "HorizontalPodAutoscaler",
        "PodDisruptionBudget",
        "Service",
    ]
    for manifest in written.values():
        kubernetes_validate.validate(manifest, version, strict=True)


def test_the_schemas_are_strict(written):
    service = {**written["Service"], "sepc": {}}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(service, NEWEST, strict=True)


def test_the_map_holds_the_servers_files_unchanged(written):
    assert written["ConfigMap"]["data"] == server_config(plan())


def test_what_refers_to_each_other_agrees(written):
    template = written["Deployment"]["spec"]["template"]
    labels = template["metadata"]["labels"].items()
    for selector in (
        written["Deployment"]["spec"]["selector"]["matchLabels"],
        written["PodDisruptionBudget"]["spec"]["selector"]["matchLabels"],
        written["Service"]["spec"]["selector"],
    ):
        assert selector
        assert selector.items() <= labels
    target = written["HorizontalPodAutoscaler"]["spec"]["scaleTargetRef"]
    assert (target["kind"], target["name"]) == ("Deployment", "two-tower")
    (container,) = template["spec"]["containers"]
    ports = {port["name"] for port in container["ports"]}
    assert {port["targetPort"] for port in written["Service"]["spec"]["ports"]} <= ports
    volumes = {volume["name"]: volume for volume in template["spec"]["volumes"]}
    assert {mount["name"] for mount in container["volumeMounts"]} == set(volumes)
    assert volumes["config"]["configMap"]["name"] == written["ConfigMap"]["metadata"]["name"]
    assert volumes["models"]["persistentVolumeClaim"]["claimName"] == "two-tower-models"


def test_replicas_are_the_autoscalers(written):
    spec = written["HorizontalPodAutoscaler"]["spec"]
    assert (spec["minReplicas"], spec["maxReplicas"]) == (3, 12)
    assert "replicas" not in written["Deployment"]["spec"]


def test_a_container_has_no_rights_limits_and_probes(written):
    template = written["Deployment"]["spec"]["template"]
    (container,) = template["spec"]["containers"]
    assert container["command"] + container["args"] == ["tensorflow_model_server", *plan().flags]
    assert template["spec"]["securityContext"]["runAsNonRoot"]
    assert container["securityContext"]["readOnlyRootFilesystem"]
    assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert container["resources"]["limits"] == {"cpu": "4", "memory": "1024Mi"}
    assert container["resources"]["requests"] == container["resources"]["limits"]
    for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
        assert container[probe]["httpGet"] == {"path": "/v1/models/two_tower", "port": "rest"}
    annotations = template["metadata"]["annotations"]
    assert annotations["prometheus.io/path"] == METRICS_PATH


def test_requests_end_before_the_server_is_killed(written):
    grace = written["Deployment"]["spec"]["template"]["spec"]["terminationGracePeriodSeconds"]
    assert grace > DRAIN_SECONDS > REST_TIMEOUT_SECONDS


def test_other_configuration_makes_other_replicas():
    def template(**changes):
        return manifests(**changes)["Deployment"]["spec"]["template"]["metadata"]["annotations"]

    assert template() == template()
    assert template(cpus=8)["checksum/config"] != template()["checksum/config"]

"""``deploy/kubernetes/``: each document fits the schemas of Kubernetes, and all fit together."""

from __future__ import annotations

import copy
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from mock_sei import __version__
from mock_sei.operations.table import TABLE
from mock_sei.runtime.limits import DRAIN
from mock_sei.settings import Settings, load_settings
from mock_sei.state.urls import read_state_url
from mock_sei.web.control.listener import refused_caller

pytestmark = pytest.mark.long

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / "deploy/kubernetes"
VERSIONS = ("1.31", kubernetes_validate.latest_version())
"""Of Kubernetes: the oldest one that is still used much, and the newest one that is known."""
NAME = "app.kubernetes.io/name"
VERSION = "app.kubernetes.io/version"

Document = dict[str, Any]


@cache
def kustomization() -> Document:
    found: Document = yaml.safe_load((FOLDER / "kustomization.yaml").read_text(encoding="utf-8"))
    return found


@cache
def documents() -> tuple[Document, ...]:
    texts = ((FOLDER / name).read_text(encoding="utf-8") for name in kustomization()["resources"])
    return tuple(each for text in texts for each in yaml.safe_load_all(text))


def of_kind(kind: str) -> list[Document]:
    return [each for each in documents() if each["kind"] == kind]


def named(kind: str, name: str) -> Document:
    return next(each for each in of_kind(kind) if each["metadata"]["name"] == name)


def workloads() -> list[Document]:
    return [*of_kind("Deployment"), *of_kind("StatefulSet")]


def pod_of(workload: Document) -> Document:
    pod: Document = workload["spec"]["template"]["spec"]
    return pod


def container_of(workload: Document) -> Document:
    container: Document
    (container,) = pod_of(workload)["containers"]
    return container


def labels_of(workload: Document) -> dict[str, str]:
    labels: dict[str, str] = workload["spec"]["template"]["metadata"]["labels"]
    return labels


def ports_of(workload: Document) -> dict[str, int]:
    return {each["name"]: each["containerPort"] for each in container_of(workload)["ports"]}


def generated() -> dict[str, str]:
    """The variables of the server."""
    made = [*kustomization()["configMapGenerator"], *kustomization()["secretGenerator"]]
    return dict(each.split("=", 1) for part in made for each in part["literals"])


def selectors(value: Any) -> Iterator[Mapping[str, str]]:
    """Everything that chooses pods by labels."""
    if isinstance(value, dict):
        labels = value.get("matchLabels") or (value.get("selector") if "ports" in value else None)
        if isinstance(labels, dict) and NAME in labels:
            yield labels
        for each in value.values():
            yield from selectors(each)
    elif isinstance(value, list):
        for each in value:
            yield from selectors(each)


SERVER = named("Deployment", "mock-sei")
STORE = named("StatefulSet", "mock-sei-redis")


@pytest.mark.parametrize("version", VERSIONS)
def test_each_document_fits_its_schema(version: str) -> None:
    for each in documents():
        kubernetes_validate.validate(each, version, strict=True)


def test_a_misspelt_or_wrong_field_would_be_found() -> None:
    for each in documents():
        wrong_fields: tuple[Document, ...] = ({"sepc": {}}, {"metadata": {"name": ["a"]}})
        for change in wrong_fields:
            with pytest.raises(kubernetes_validate.ValidationError):
                kubernetes_validate.validate({**each, **change}, VERSIONS[-1], strict=True)
    wrong = copy.deepcopy(SERVER)
    container_of(wrong)["readinesProbe"] = {}
    with pytest.raises(kubernetes_validate.ValidationError, match="readinesProbe"):
        kubernetes_validate.validate(wrong, VERSIONS[-1], strict=True)


def test_every_file_is_named_and_every_name_is_a_file() -> None:
    files = {path.name for path in FOLDER.glob("*.yaml")} - {"kustomization.yaml"}

    assert files == set(kustomization()["resources"])


def test_what_is_referred_to_is_there() -> None:
    maps, secrets = (
        {each["name"] for each in kustomization()[f"{kind}Generator"]}
        for kind in ("configMap", "secret")
    )
    sources = container_of(SERVER)["envFrom"]
    pods = [labels_of(each) for each in workloads()]
    images = {each["name"] for each in kustomization()["images"]}

    assert {each["configMapRef"]["name"] for each in sources if "configMapRef" in each} == maps
    assert {each["secretRef"]["name"] for each in sources if "secretRef" in each} == secrets
    assert images == {container_of(SERVER)["image"]}
    chosen = list(selectors(list(documents())))
    assert len(chosen) >= 9
    assert [each for each in chosen if not any(each.items() <= pod.items() for pod in pods)] == []
    for workload in workloads():
        volumes = {each["name"] for each in pod_of(workload).get("volumes", ())} | {
            each["metadata"]["name"] for each in workload["spec"].get("volumeClaimTemplates", ())
        }
        assert {each["name"] for each in container_of(workload)["volumeMounts"]} == volumes


def test_services_and_probes_lead_to_ports_that_are_open() -> None:
    paths = {each.path for each in TABLE if each.method == "GET"}
    for service in of_kind("Service"):
        target = next(
            each for each in workloads() if service["spec"]["selector"] == labels_of(each)
        )
        assert {each["targetPort"] for each in service["spec"]["ports"]} <= ports_of(target).keys()
    probes = [container_of(SERVER)[f"{kind}Probe"] for kind in ("startup", "readiness", "liveness")]
    asked = [each["httpGet"]["path"] for each in probes]
    assert asked == ["/health/live", "/health/ready", "/health/live"]
    assert set(asked) <= paths
    assert {each["httpGet"]["port"] for each in probes} == {"control"}


def test_the_variables_are_settings_and_say_what_the_rest_says() -> None:
    values = {name.removeprefix("MOCK_SEI_").lower(): value for name, value in generated().items()}
    ports = ports_of(SERVER)
    services = {
        port["name"]: port["port"] for each in of_kind("Service") for port in each["spec"]["ports"]
    }
    redis = named("Service", "mock-sei-redis")["metadata"]["name"]

    assert values.keys() <= Settings.model_fields.keys()
    for name in ("one-way", "two-way", "control"):
        assert int(values[f"{name.replace('-', '_')}_port"]) == ports[name] > 1023
    assert (services["one-way"], services["two-way"], services["control"]) == (443, 444, 8044)
    assert values["state"].startswith(f"redis://{redis}:{services['redis']}/")
    assert values["public_url"] == "https://mock-sei"
    assert values["public_two_way_url"] == f"https://mock-sei:{services['two-way']}"
    own = f"mock-sei.{kustomization()['namespace']}"
    assert values["hostname"].split(",") == [own, f"{own}.svc", f"{own}.svc.cluster.local"]


def test_the_server_understands_its_variables(tmp_path: Path) -> None:
    nowhere = tmp_path / "mock-sei.toml"
    nowhere.touch()
    settings = load_settings({}, file=nowhere, environ=generated())

    assert settings.two_way_port == ports_of(SERVER)["two-way"]
    assert len(settings.hostname) == 3
    assert settings.public_url == generated()["MOCK_SEI_PUBLIC_URL"]
    assert read_state_url(settings.state, source="").redis is not None


def test_the_control_listener_lets_in_the_names_of_its_service_and_the_probes_of_the_node() -> None:
    names = generated()["MOCK_SEI_HOSTNAME"].split(",")

    def why_refused(host: str) -> str | None:
        scope = {
            "type": "http",
            "method": "GET",
            "headers": [(b"host", f"{host}:8044".encode())],
            "server": ("10.0.0.7", 8044),
        }
        return refused_caller(scope, names)

    service = named("Service", "mock-sei-control")["metadata"]["name"]
    own = f"{service}.{kustomization()['namespace']}"
    for host in (service, f"{own}.svc", f"{own}.svc.cluster.local", "10.0.0.7"):
        assert why_refused(host) is None
    assert why_refused("evil.example") is not None


def test_no_service_becomes_a_setting() -> None:
    """Kubernetes would set ``MOCK_SEI_CONTROL_PORT`` to an address, by the name of a service."""
    assert pod_of(SERVER)["enableServiceLinks"] is False


def test_nothing_runs_as_root_or_may_become_it() -> None:
    user = re.search(r"^USER (\d+):(\d+)$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    assert user is not None
    assert pod_of(SERVER)["securityContext"]["runAsUser"] == int(user[1])
    for each in workloads():
        pod, own = pod_of(each)["securityContext"], container_of(each)["securityContext"]
        assert pod["runAsNonRoot"] is True
        assert pod["runAsUser"] > 0
        assert pod["seccompProfile"] == {"type": "RuntimeDefault"}
        assert own == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert pod_of(each)["automountServiceAccountToken"] is False
    enforced = named("Namespace", "mock-sei")["metadata"]["labels"]
    assert enforced["pod-security.kubernetes.io/enforce"] == "restricted"


def test_a_pod_has_the_time_that_its_end_takes() -> None:
    _, seconds = container_of(SERVER)["lifecycle"]["preStop"]["exec"]["command"]

    assert pod_of(SERVER)["terminationGracePeriodSeconds"] >= int(seconds) + DRAIN + 4


def test_the_version_is_that_of_the_project() -> None:
    (labels,) = kustomization()["labels"]
    (image,) = kustomization()["images"]

    assert labels["pairs"][VERSION] == __version__
    assert image["newTag"] == __version__


def test_the_store_keeps_everything_that_is_written() -> None:
    command = container_of(STORE)["command"]
    options = dict(zip(command[1::2], command[2::2], strict=True))

    assert options["--appendonly"] == "yes"
    assert options["--maxmemory-policy"] == "noeviction"
    assert options["--dir"] in {each["mountPath"] for each in container_of(STORE)["volumeMounts"]}


def test_only_who_needs_them_reaches_the_control_listener_and_the_store() -> None:
    server, store = (
        named("NetworkPolicy", each)["spec"] for each in ("mock-sei", "mock-sei-redis")
    )
    to_all = [each for each in server["ingress"] if "from" not in each]

    assert [port["port"] for each in to_all for port in each["ports"]] == [
        "one-way",
        "two-way",
    ]
    (entry,) = store["ingress"]
    assert entry["from"] == [{"podSelector": {"matchLabels": labels_of(SERVER)}}]
    assert "egress" not in store
    assert "Egress" in store["policyTypes"]
    assert all(each["spec"].get("type", "ClusterIP") == "ClusterIP" for each in of_kind("Service"))


@pytest.mark.nightly
def test_kustomize_builds_documents_that_fit_their_schemas() -> None:
    program = shutil.which("kubectl")
    if program is None:
        pytest.skip("needs kubectl")
    built = subprocess.run(
        [program, "kustomize", FOLDER], capture_output=True, text=True, check=True
    ).stdout
    made = list(yaml.safe_load_all(built))

    assert len(made) == len(documents()) + 2
    for each in made:
        kubernetes_validate.validate(each, VERSIONS[-1], strict=True)
        assert each["metadata"]["labels"][VERSION] == __version__

"""The manifests for Kubernetes: taken by its schemas, bounded, and with values that the server takes."""

import shutil
import subprocess
from functools import cache
from typing import Any

import httpx
import kubernetes_validate
import pytest
import yaml

from qarnot_mcp import __version__
from tests.support.processes import ROOT, server_process

OVERLAYS = ROOT / "deploy" / "kubernetes" / "overlays"
NAMES = ("single", "tls-elsewhere", "replicas", "autoscaling")
# The oldest that is still supported, and the newest.
VERSIONS = ("1.34", "1.37")
SECRET = "a-secret-that-is-long-enough-for-the-server"

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(shutil.which("kubectl") is None, reason="kubectl, which renders the overlays, is not installed"),
]


@cache
def rendered(overlay: str) -> list[dict[str, Any]]:
    command = ["kubectl", "kustomize", str(OVERLAYS / overlay)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=True)
    assert done.stderr == ""
    return list(yaml.safe_load_all(done.stdout))


def one(overlay: str, kind: str, name: str = "qarnot-mcp") -> dict[str, Any]:
    (found,) = [item for item in rendered(overlay) if (item["kind"], item["metadata"]["name"]) == (kind, name)]
    return found


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("overlay", NAMES)
def test_the_schemas_of_kubernetes_take_every_object(overlay: str, version: str) -> None:
    for item in rendered(overlay):
        kubernetes_validate.validate(item, version, strict=True)


@pytest.mark.parametrize("overlay", NAMES)
def test_every_container_is_bounded_and_can_neither_write_nor_rise(overlay: str) -> None:
    pods = [
        item["spec"]["template"]["spec"] for item in rendered(overlay) if item["kind"] in ("Deployment", "StatefulSet")
    ]
    assert pods
    for pod in pods:
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["automountServiceAccountToken"] is False
        for container in pod["containers"]:
            assert container["securityContext"]["readOnlyRootFilesystem"] is True
            assert container["securityContext"]["allowPrivilegeEscalation"] is False
            assert container["securityContext"]["capabilities"]["drop"] == ["ALL"]
            assert container["resources"]["limits"]["memory"]


def test_the_overlays_differ_in_what_their_names_say() -> None:
    assert "tls" in one("single", "Ingress")["spec"]
    assert "tls" not in one("tls-elsewhere", "Ingress")["spec"]
    assert one("replicas", "Deployment")["spec"]["replicas"] == 3
    assert "replicas" not in one("autoscaling", "Deployment")["spec"]
    assert one("replicas", "PodDisruptionBudget")["spec"]["maxUnavailable"] == 1


@pytest.mark.parametrize("overlay", NAMES)
def test_secrets_come_by_reference_and_the_image_is_of_this_version(overlay: str) -> None:
    assert not [item for item in rendered(overlay) if item["kind"] == "Secret"]
    container = one(overlay, "Deployment")["spec"]["template"]["spec"]["containers"][0]
    assert container["image"] == f"ghcr.io/qarnot/qarnot-mcp:{__version__}"
    variables = {variable["name"]: variable for variable in container["env"]}
    assert "secretKeyRef" in variables["QARNOT_MCP_SECRET_KEY"]["valueFrom"]


async def test_a_server_with_these_settings_starts_and_answers_the_probes() -> None:
    settings = one("replicas", "ConfigMap", "qarnot-mcp-settings")["data"]
    container = one("replicas", "Deployment")["spec"]["template"]["spec"]["containers"][0]
    settings |= {"QARNOT_MCP_SECRET_KEY": SECRET, "QARNOT_MCP_METRICS": "false"}
    settings["QARNOT_MCP_STORE_URL"] = "redis://:password@127.0.0.1:9/0"
    async with server_process("--sandbox", **settings) as server, httpx.AsyncClient() as http:
        for name in ("startupProbe", "livenessProbe", "readinessProbe"):
            probe = container[name]["httpGet"]
            # As the kubelet asks: by the address of the pod.
            headers = {"Host": "10.1.2.3:8000"}
            response = await http.get(f"http://127.0.0.1:{server.port}{probe['path']}", headers=headers)
            assert response.status_code == 200

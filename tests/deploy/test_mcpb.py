"""The bundle for Claude Desktop: valid for the official validator, and running from its unpacked folder."""

import importlib.util
import json
import os
import shutil
import zipfile
from pathlib import Path
from types import ModuleType

import pytest
from fastmcp import Client
from fastmcp.client.transports import StdioTransport

from qarnot_mcp import __version__
from qarnot_mcp.settings.model import Settings, variables_of
from tests.support.processes import ROOT, environment, finish
from tests.support.running_server import call

# npm install --global @anthropic-ai/mcpb, or the path of its command in MCPB.
VALIDATOR = os.environ.get("MCPB") or shutil.which("mcpb")


def build_script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("mcpb_build", ROOT / "deploy/mcpb/build.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    bundle = build_script().build(tmp_path_factory.mktemp("dist"))
    folder = tmp_path_factory.mktemp("extension")
    with zipfile.ZipFile(bundle) as archive:
        archive.extractall(folder)
    return folder


def test_the_manifest_asks_for_the_key_as_a_secret_and_sets_only_known_settings(unpacked: Path) -> None:
    manifest = json.loads((unpacked / "manifest.json").read_text())
    assert manifest["version"] == __version__
    assert len(manifest["tools"]) == 8
    assert manifest["user_config"]["api_key"]["sensitive"] is True
    known = {variable for name in Settings.model_fields for variable in variables_of(name)}
    wanted = manifest["server"]["mcp_config"]["env"]
    assert set(wanted) <= known
    assert {value.removeprefix("${user_config.").rstrip("}") for value in wanted.values()} == set(
        manifest["user_config"]
    )


@pytest.mark.e2e
@pytest.mark.skipif(VALIDATOR is None, reason="the validator of @anthropic-ai/mcpb is not installed")
def test_the_official_validator_takes_the_manifest(unpacked: Path) -> None:
    checked = finish(unpacked, str(VALIDATOR), "validate", str(unpacked / "manifest.json"))
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert "passes" in checked.stdout


@pytest.mark.e2e
async def test_the_unpacked_bundle_serves_its_tools(unpacked: Path, tmp_path: Path) -> None:
    uv = shutil.which("uv")
    if uv is None:
        pytest.skip("uv is not installed")
    config = json.loads((unpacked / "manifest.json").read_text())["server"]["mcp_config"]
    arguments = [argument.replace("${__dirname}", str(unpacked)) for argument in config["args"]]
    # What the host runs first: it makes the environment of the bundle.
    made = finish(unpacked, uv, *arguments[:-1], "--version")
    if made.returncode != 0 and "Failed to fetch" in made.stderr:
        pytest.skip("the packages of the bundle cannot be fetched here")
    assert made.stdout == f"qarnot-mcp {__version__}\n", made.stderr
    settings = {"QARNOT_MCP_TOOLSETS": "default", "QARNOT_MCP_READ_ONLY": "true"}
    transport = StdioTransport(
        uv,
        [*arguments, "--sandbox"],
        env=environment(**settings),
        cwd=str(tmp_path),
        keep_alive=False,
        log_file=tmp_path / "log",
    )
    async with Client(transport) as client:
        assert len(await client.list_tools()) == 5
        assert "docker-batch" in (await call(client, "list_profiles"))["profiles"]

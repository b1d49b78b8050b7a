"""`server.json` as the MCP registry takes it."""

import json
import os
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from qarnot_mcp import __version__
from qarnot_mcp.settings.model import Settings, variables_of
from tests.support.processes import ROOT

# The schema that `$schema` of the file names, saved; it is not ours to publish.
SCHEMA = os.environ.get("MCP_SERVER_SCHEMA", "")


@pytest.fixture
def document() -> dict[str, Any]:
    read: dict[str, Any] = json.loads((ROOT / "server.json").read_text())
    return read


@pytest.mark.skipif(not SCHEMA, reason="MCP_SERVER_SCHEMA does not name the schema of the registry")
def test_the_schema_of_the_registry_takes_it(document: dict[str, Any]) -> None:
    schema = json.loads(Path(SCHEMA).read_text())
    assert schema["$id"] == document["$schema"]
    jsonschema.validate(document, schema, jsonschema.Draft7Validator)


def test_every_version_is_that_of_the_code(document: dict[str, Any]) -> None:
    package, image = document["packages"]
    assert (document["version"], package["version"]) == (__version__, __version__)
    assert image["identifier"] == f"ghcr.io/qarnot/qarnot-mcp:{__version__}"


def test_it_sets_only_what_the_server_knows_and_marks_the_key_as_a_secret(document: dict[str, Any]) -> None:
    known = {variable for name in Settings.model_fields for variable in variables_of(name)}
    for package in document["packages"]:
        variables = {variable["name"]: variable for variable in package["environmentVariables"]}
        assert set(variables) <= known
        assert variables["QARNOT_API_KEY"]["isSecret"] is True
        assert package["packageArguments"] == [{"type": "positional", "value": "--stdio"}]


def test_it_fits_the_limits_of_the_registry_and_its_icons_are_there(document: dict[str, Any]) -> None:
    assert len(document["description"]) <= 100
    for icon in document["icons"]:
        assert (ROOT / icon["src"].partition("/main/")[2]).is_file()

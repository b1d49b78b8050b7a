"""The schemas of every tool set, by the rules of each family of models."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from qarnot_mcp.auth.mode import READ_SCOPE, WRITE_SCOPE
from qarnot_mcp.server.fastmcp_tools import make_tool
from qarnot_mcp.tools.registry import REGISTRY

TOOLS = [make_tool(entry) for entry in REGISTRY.tools.values()]
each_tool = pytest.mark.parametrize("tool", TOOLS, ids=[tool.name for tool in TOOLS])


def parts(schema: Any) -> Iterator[dict[str, Any]]:
    """Yield a schema and all schemas in it."""
    if isinstance(schema, dict):
        yield schema
    for part in schema.values() if isinstance(schema, dict) else schema if isinstance(schema, list) else ():
        yield from parts(part)


@each_tool
def test_claude_takes_the_schema(tool: Any) -> None:
    assert re.fullmatch(r"[A-Za-z0-9_-]{1,64}", tool.name)
    assert len(json.dumps(tool.parameters)) <= 16_000
    assert len(tool.description) <= 2_000
    assert tool.parameters["type"] == "object"
    assert not {"anyOf", "oneOf", "allOf"} & tool.parameters.keys()


@each_tool
def test_openai_takes_the_schema(tool: Any) -> None:
    assert "properties" in tool.parameters
    for part in parts(tool.parameters):
        assert not {"$ref", "$defs", "allOf", "not", "if", "patternProperties"} & part.keys()
        if isinstance(part.get("description"), str):
            assert len(part["description"]) <= 1_024
        if part.get("type") == "array":
            assert "items" in part


@each_tool
def test_gemini_takes_the_schema(tool: Any) -> None:
    for part in parts(tool.parameters):
        assert "const" not in part
        assert part.get("default", 0) is not None
        assert part.get("type") != "null"
        assert not isinstance(part.get("type"), list)
        assert all(isinstance(value, str) for value in part.get("enum", [])) or part.get("type") != "string"


@each_tool
def test_every_list_says_how_many_it_takes(tool: Any) -> None:
    assert all("maxItems" in part for part in parts(tool.parameters) if part.get("type") == "array")


def test_choices_are_enums() -> None:
    for tool in TOOLS:
        for name in ("log_type", "scheduling_type", "detail", "rerun"):
            if name in tool.parameters["properties"]:
                assert tool.parameters["properties"][name]["enum"], f"{tool.name}: {name}"


def test_bounds_stand_in_the_schema() -> None:
    properties = {tool.name: tool.parameters["properties"] for tool in TOOLS}
    assert properties["submit_task"]["tags"]["maxItems"] == 10
    assert properties["submit_task"]["name"]["maxLength"] == 2047
    assert properties["submit_task"]["labels"]["maxProperties"] > 0
    assert properties["submit_task"]["tags"]["type"] == "array"


# What adds something that costs nothing and can be taken back; everything else that writes asks a person before.
HARMLESS = {"request_upload", "create_job"}


@each_tool
def test_the_directory_takes_the_annotations(tool: Any) -> None:
    assert tool.annotations.title == tool.title
    entry = REGISTRY.tools[tool.name]
    assert tool.annotations.read_only_hint is not entry.writes
    assert entry.scope == (WRITE_SCOPE if entry.writes else READ_SCOPE)
    if not entry.writes:
        assert tool.annotations.destructive_hint is False


def test_what_spends_credits_or_cannot_be_undone_is_marked_as_destructive() -> None:
    marked = {tool.name for tool in TOOLS if tool.annotations and tool.annotations.destructive_hint}
    assert {"submit_task", "abort_task", "delete_task"} <= marked
    assert {tool.name for tool in TOOLS if REGISTRY.tools[tool.name].writes} - marked <= HARMLESS

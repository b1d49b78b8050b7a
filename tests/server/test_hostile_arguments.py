"""What a request with hostile arguments costs: nothing is built from more than a tool takes."""

import sys
from typing import Any

import pytest
from fastmcp.exceptions import ToolError
from mcp import MCPError
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from qarnot_mcp.qarnot.errors import MESSAGE_CHARACTERS
from qarnot_mcp.server.arguments import MAX_ARGUMENTS, beginning_of, normalise_arguments, read_arguments
from qarnot_mcp.server.client_habits import types_of
from qarnot_mcp.server.fastmcp_tools import schema_of
from qarnot_mcp.tools.checks import Arguments
from qarnot_mcp.tools.registry import REGISTRY
from qarnot_mcp.tools.tasks.list_tasks import ListTasks
from qarnot_mcp.tools.tasks.new_task import NewTask
from qarnot_mcp.tools.toolset import ToolEntry
from tests.support.arguments import refusal_of
from tests.support.running_server import ERAS, Era, refusal, running_server

VALID = {"name": "n", "profile": "docker-batch"}
MANY = 20_000


@pytest.mark.parametrize(
    ("model", "arguments"),
    [
        (ListTasks, {"tags": [1] * MANY}),
        (NewTask, {**VALID, "constants": [{}] * MANY}),
        (NewTask, {**VALID, "constants": {str(number): 1 for number in range(MANY)}}),
        (NewTask, {**VALID, "resource_buckets": [None] * MANY}),
        (NewTask, {**VALID, "dependencies": [{}] * MANY}),
        (NewTask, {**VALID, "labels": {str(number): [] for number in range(MANY)}}),
        (NewTask, {**VALID, "hardware_constraints": [[]] * MANY}),
    ],
)
def test_no_entry_of_a_list_that_is_too_long_is_looked_at(model: type[Arguments], arguments: dict[str, Any]) -> None:
    with pytest.raises(ValidationError) as raised:
        model.model_validate(arguments)
    assert raised.value.error_count() == 1
    assert f"{MANY} " in refusal_of(model, **arguments)


def test_a_list_is_read_up_to_its_first_fault() -> None:
    faults = faults_of(NewTask, {**VALID, "dependencies": [{}] * 1000, "tags": [1] * 10})
    assert sorted(str(fault["loc"][0]) for fault in faults) == ["dependencies", "tags"]


def test_arguments_without_number_are_refused_before_they_are_read() -> None:
    text = refusal_of(ListTasks, **{f"unknown{number}": 1 for number in range(MANY)})
    assert text == f"Give at most {MAX_ARGUMENTS} arguments: these are 20,000."


@pytest.mark.parametrize("given", [[1.5] * MANY, {str(number): 1.5 for number in range(MANY)}])
def test_nothing_is_made_of_a_list_that_no_parameter_takes(given: Any) -> None:
    schema = {"properties": {"tags": {"type": "array", "items": {"type": "string"}}}}
    meant, warnings = normalise_arguments({"tags": given}, schema)
    assert warnings == []
    assert meant["tags"] is given or meant["tags"][0] is given


def test_an_argument_that_is_nested_deeper_than_any_is_looked_at_no_further() -> None:
    deep: list[Any] = [1.5]
    for _ in range(5000):
        deep = [deep]
    assert normalise_arguments({"tags": deep}, {"properties": {"tags": {"type": "string"}}}) == ({"tags": deep}, [])


def test_a_given_value_is_cut_before_it_is_shown() -> None:
    deep: list[Any] = []
    for _ in range(200):
        deep = [deep] * 30
    value = {"a" * MANY: ["b" * MANY] * MANY, "number": 10**5000, "deep": deep}
    assert len(repr(beginning_of(value))) < 60_000
    assert "5000" not in refusal_of(ListTasks, limit=10**5000)


@pytest.mark.parametrize("era", ERAS)
async def test_without_a_key_no_argument_is_validated(era: Era) -> None:
    async with running_server(key="") as server, server.client(era) as client:
        for tool, arguments in (
            ("list_tasks", {"tags": [1] * 100}),
            ("submit_task", {"wrong": "argument"}),
            ("get_task", {}),
        ):
            assert (await refusal(client, tool, **arguments)).startswith("This call carries no Qarnot API key.")
        for uri in ("qarnot://tasks/---", f"qarnot://tasks/{'x' * 5_000}", "qarnot://tasks/---/logs/nope"):
            with pytest.raises(MCPError, match="carries no Qarnot API key"):
                await client.read_resource(uri)


def faults_of(model: type[BaseModel], arguments: dict[str, Any]) -> list[ErrorDetails]:
    with pytest.raises(ValidationError) as raised:
        model.model_validate(arguments)
    return raised.value.errors()


GIANTS: dict[str, list[Any]] = {
    "array": [[1] * 32_512, [1.5] * 32_512, [[]] * 32_512, "[" + "1," * 60_000 + "1]"],
    "object": [{str(number): 1.5 for number in range(20_000)}],
    "string": ["x" * 250_000, "\x90" * 125_000, ["x"] * 32_512],
}
MOST_CALLS = 3_000
"""Some hundreds of functions look at a call; one more for each entry would be tens of thousands."""
PARAMETERS = [
    (entry, name, kind)
    for entry in REGISTRY.tools.values()
    for name, schema in schema_of(entry.arguments)["properties"].items()
    for kind in types_of(schema)
    if kind in GIANTS
]


@pytest.mark.parametrize(
    ("entry", "name", "kind"), PARAMETERS, ids=[f"{entry.name}-{name}-{kind}" for entry, name, kind in PARAMETERS]
)
def test_a_giant_list_or_text_is_refused_before_anything_is_built_from_it(
    entry: ToolEntry, name: str, kind: str
) -> None:
    schema = schema_of(entry.arguments)
    others = dict.fromkeys(schema.get("required", ()), "x")
    for giant in GIANTS[kind]:
        calls = 0

        def count(*_: object) -> None:
            nonlocal calls
            calls += 1

        sys.setprofile(count)
        try:
            with pytest.raises(ToolError) as refused:
                read_arguments(entry.arguments, normalise_arguments({**others, name: giant}, schema)[0], schema)
        finally:
            sys.setprofile(None)
        assert name in str(refused.value)
        assert len(str(refused.value)) <= MESSAGE_CHARACTERS
        assert calls < MOST_CALLS

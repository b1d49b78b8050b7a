"""What a request with hostile arguments costs: nothing is built from more than a tool takes."""

from typing import Any

import pytest
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from qarnot_mcp.server.arguments import MAX_ARGUMENTS, beginning_of, normalise_arguments
from qarnot_mcp.tools.checks import Arguments
from qarnot_mcp.tools.tasks.list_tasks import ListTasks
from qarnot_mcp.tools.tasks.new_task import NewTask
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


def faults_of(model: type[BaseModel], arguments: dict[str, Any]) -> list[ErrorDetails]:
    with pytest.raises(ValidationError) as raised:
        model.model_validate(arguments)
    return raised.value.errors()

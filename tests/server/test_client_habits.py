"""Arguments as clients were seen to send them."""

import json
from typing import Any

import pytest

from qarnot_mcp.server.arguments import normalise_arguments
from qarnot_mcp.server.client_habits import EXTRAS, HABITS, takes_pairs
from qarnot_mcp.server.fastmcp_tools import schema_of
from qarnot_mcp.tools.registry import REGISTRY
from tests.support.running_server import call, refusal, running_server

PAIR = {"key": "DOCKER_CMD", "value": "echo hi"}


def meant(tool: str, **arguments: Any) -> dict[str, Any]:
    return normalise_arguments(arguments, schema_of(REGISTRY.tools[tool].arguments))[0]


@pytest.mark.parametrize(
    ("given", "taken"),
    [
        ({"labels": '{"team": "a"}'}, {"labels": {"team": "a"}}),
        ({"hardware_constraints": '[{"discriminator": "x"}]'}, {"hardware_constraints": [{"discriminator": "x"}]}),
        ({"hardware_constraints": {"discriminator": "x"}}, {"hardware_constraints": [{"discriminator": "x"}]}),
        ({"hardware_constraints": ['{"discriminator": "x"}']}, {"hardware_constraints": [{"discriminator": "x"}]}),
        ({"constants": ["DOCKER_CMD=echo hi"]}, {"constants": [PAIR]}),
        ({"constants": "DOCKER_CMD=echo hi"}, {"constants": [PAIR]}),
        ({"constants": ["DOCKER_CMD=a=b"]}, {"constants": [{"key": "DOCKER_CMD", "value": "a=b"}]}),
        ({"constants": '[{"key": "DOCKER_CMD", "value": "echo hi"}]'}, {"constants": [PAIR]}),
        ({"tags": "a"}, {"tags": ["a"]}),
        ({"tags": '["a", "b"]'}, {"tags": ["a", "b"]}),
        ({"tags": "[draft] a"}, {"tags": ["[draft] a"]}),
        ({"tags": [2024]}, {"tags": ["2024"]}),
        ({"name": 12345}, {"name": "12345"}),
        ({"name": "null"}, {"name": "null"}),  # a required text is what it says
        ({"name": '{"a": 1}'}, {"name": '{"a": 1}'}),
        ({"completion_time_to_live": 3600}, {"completion_time_to_live": "3600"}),
        ({"tags": "null", "shortname": "None", "result_bucket": "undefined", "job_uuid": None, "labels": ""}, {}),
        ({"tags": []}, {}),
        ({"sessionId": "x", "action": "x", "chatInput": "x", "toolCallId": "x", "random_string": "x"}, {}),
        ({"sesion": "x"}, {"sesion": "x"}),
    ],
)
def test_an_argument_is_taken_as_it_is_meant(given: dict[str, Any], taken: dict[str, Any]) -> None:
    assert meant("submit_task", **given) == taken


def test_a_word_that_may_be_meant_is_not_dropped_without_a_word() -> None:
    schema = schema_of(REGISTRY.tools["list_tasks"].arguments)
    assert normalise_arguments({"tags": "None"}, schema) == ({}, ["tags was given as 'None' and taken as left out."])
    assert normalise_arguments({"tags": "null", "state": "undefined"}, schema) == ({}, [])


def test_each_habit_says_where_it_was_seen() -> None:
    assert all(row.seen for row in (*EXTRAS, *HABITS))
    assert all(row.sent for row in HABITS)


def test_a_log_can_be_searched_for_none() -> None:
    assert meant("get_task_logs", task_uuid="x", search="None") == {"task_uuid": "x", "search": "None"}


def test_what_is_meant_is_read_in_the_steps_of_a_pipeline_too() -> None:
    step = {"name": "a", "constants": "DOCKER_CMD=echo hi", "after": "b", "profile": None, "other": "x"}
    as_given = {"name": "a", "constants": [PAIR], "after": ["b"], "profile": None, "other": "x"}
    assert meant("submit_pipeline", name="p", steps=step) == {"name": "p", "steps": [as_given]}


@pytest.mark.parametrize("tool", ["submit_task", "update_task", "create_pool"])
@pytest.mark.parametrize("given", ["DOCKER_CMD=echo hi", ["DOCKER_CMD=echo hi"], [PAIR], f"[{json.dumps(PAIR)}]"])
def test_constants_are_read_in_each_form_by_each_tool(tool: str, given: object) -> None:
    assert meant(tool, constants=given) == {"constants": [PAIR]}


@pytest.mark.parametrize("tool", ["submit_task", "update_task", "create_pool"])
def test_the_values_of_constants_are_in_no_refusal(tool: str) -> None:
    assert takes_pairs(schema_of(REGISTRY.tools[tool].arguments)["properties"]["constants"])


async def test_the_extras_of_clients_refuse_no_call_and_unknown_names_do() -> None:
    async with running_server() as server, server.client() as client:
        assert (await call(client, "list_profiles", random_string="x", sessionId="y"))["profiles"]
        assert "not a parameter of this tool. Did you mean tags?" in await refusal(client, "list_tasks", tagss=["a"])


async def test_a_fraction_for_a_text_is_told_in_the_result() -> None:
    constants = [PAIR, {"key": "DOCKER_TAG", "value": 22.1}]
    async with running_server() as server, server.client() as client:
        result = await client.call_tool(
            "submit_task",
            {
                "name": "t",
                "profile": "docker-batch",
                "instance_count": 1,
                "constants": constants,
                "validate_only": True,
            },
            raise_on_error=False,
        )
        said = " ".join(block.text for block in result.content if block.type == "text")
        assert "DOCKER_TAG came as the number 22.1" in said
        assert result.structured_content is not None
        assert "DOCKER_TAG" in result.structured_content["argument_warnings"][0]
        silent = await client.call_tool("get_task", {"task_uuid": "x", "wait_seconds": 0.5}, raise_on_error=False)
        assert "came as the number" not in str(silent.content)

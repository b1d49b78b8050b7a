"""The evals: every scenario is solved by a caller that knows the tools, within its budget, and judged wrong if not."""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from evals import model, scripted
from evals.judging import judge
from evals.scenario import Scenario, names
from evals.serving import Served, serving
from tests.support.ports import free_port
from tests.support.serving import serve


@asynccontextmanager
async def served(scenario: Scenario) -> AsyncIterator[Served]:
    async with serving(scenario, Served(free_port(), free_port())) as running:
        yield running


def test_there_are_at_least_twelve_scenarios_each_with_a_script() -> None:
    assert len(names()) >= 12
    assert {*names()} == {*scripted.SCRIPTS}


@pytest.mark.parametrize("name", names())
async def test_the_scripted_caller_solves_it_within_the_budget(name: str) -> None:
    scenario = Scenario.read(name)
    async with served(scenario) as server:
        verdict = await judge(scenario, server, await scripted.run(name, server.url))
    sys.stdout.write(f"{name}: {verdict.calls} calls, {verdict.characters:,} characters\n")
    assert verdict.faults == []
    assert verdict.calls >= 1


async def test_a_caller_that_does_nothing_or_something_else_is_judged_wrong() -> None:
    scenario = Scenario.read("stop_the_nightly_ones")
    async with served(scenario) as server:
        idle = await judge(scenario, server, "Done.")
        assert "abort_task was not called" in idle.faults
        assert any("in place of '~PendingCancel|Cancelled'" in fault for fault in idle.faults)
        assert "the answer does not say '3|three'" in idle.faults
        await scripted.run("clean_up_test_runs", server.url)
        wrong = await judge(scenario, server, None)
    assert "delete_task was called" in wrong.faults


async def test_calls_and_characters_are_counted_as_the_caller_reads_them() -> None:
    scenario = Scenario.read("which_profile_for_pip")
    async with served(scenario) as server:
        answer = await scripted.run(scenario.name, server.url)
        (call,) = await server.calls()
    assert (call.tool, call.arguments, call.is_error) == ("get_profile", {"profile_name": "docker-network"}, False)
    assert call.characters == len(answer.removeprefix("docker-network: "))


async def test_a_model_behind_an_api_is_given_the_tools_and_asked_on(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[dict[str, Any]] = []

    async def messages(request: Request) -> JSONResponse:
        asked.append({**await request.json(), "key": request.headers["x-api-key"]})
        if len(asked) == 1:
            wanted = {"type": "tool_use", "id": "1", "name": "get_profile", "input": {"profile_name": "docker-network"}}
            return JSONResponse({"content": [{"type": "text", "text": "I look."}, wanted]})
        return JSONResponse({"content": [{"type": "text", "text": "docker-network, with DOCKER_CMD."}]})

    monkeypatch.setenv(model.KEY_VARIABLE, "a-key-of-a-model")
    scenario = Scenario.read("which_profile_for_pip")
    api = Starlette(routes=[Route("/v1/messages", messages, methods=["POST"])])
    async with serve(api) as api_url, served(scenario) as server:
        answer = await model.run(scenario.request, server.url, "a-model", f"{api_url}/v1/messages")
        verdict = await judge(scenario, server, answer)
    assert verdict.faults == []
    first, second = asked
    assert (first["model"], first["key"]) == ("a-model", "a-key-of-a-model")
    assert len(first["tools"]) == 8
    assert "Qarnot" in first["system"]
    assert second["messages"][-1]["content"][0]["tool_use_id"] == "1"
    assert "DOCKER_CMD" in second["messages"][-1]["content"][0]["content"]

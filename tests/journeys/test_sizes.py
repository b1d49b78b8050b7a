"""How much a model has to read, whatever the account holds."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count

import pytest
from pydantic_core import to_json
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from qarnot_mcp.web.app import create_app
from tests.support.conversation import Conversation, conversation
from tests.support.qarnot_api import task_document
from tests.support.running_server import RunningServer, settings_for, text_of
from tests.support.serving import serve

LONGEST_RESULT = 100_000
MOST_TASK_CHARACTERS = 50_000
MOST_LIST_BYTES = 50_000
"""Under 25,000 tokens, where Claude Code cuts, at two bytes a token."""
HOURS = 3600


@pytest.fixture
async def model() -> AsyncIterator[Conversation]:
    async with conversation(speed=1) as begun:
        yield begun


@pytest.mark.parametrize("tags", [None, ["nightly"]])
async def test_100_tasks_in_24_000_characters(model: Conversation, tags: list[str] | None) -> None:
    await model.given(100, name="calibration of sensor array 17, pass 3", tags=["nightly", "team-blue"])
    await model.advance(24 * HOURS)
    listed = await model.call("list_tasks", limit=100, **({"tags": tags} if tags else {}))
    assert listed["count"] == 100
    model.told(f"list_tasks of 100 tasks, {'by tag' if tags else 'all'}")
    assert model.characters <= 24_000


@pytest.mark.parametrize(
    ("state", "command", "seconds"),
    [
        ("PartiallyDispatched", "sleep 36000", 60),
        ("PartiallyExecuting", "sleep 36000", HOURS),
        ("Success", "echo hello from ${INSTANCE_ID}", 24 * HOURS),
        ("Failure", "sh -c 'echo instance ${INSTANCE_ID} is broken >&2; exit 1'", 24 * HOURS),
        ("Failure", "sh -c 'echo instance ${INSTANCE_ID} is broken >&2; exit ${INSTANCE_ID}'", 24 * HOURS),
    ],
)
async def test_1_000_instances_in_4_000_characters(model: Conversation, state: str, command: str, seconds: int) -> None:
    uuid = await model.started(command, instance_count=1000)
    await model.advance(seconds)
    task = await model.call("get_task", task_uuid=uuid)
    assert task["state"] == state
    assert task["instances"]["total"] == 1000
    model.told(f"get_task of 1,000 instances, {state}")
    assert model.characters <= 4_000


async def test_1_000_instances_of_which_every_other_failed(model: Conversation) -> None:
    # The exit code is that of the id modulo 256: of each pair the first succeeds and the second fails.
    ranges = ",".join(f"{number}-{number + 1}" for number in range(0, 500 * 256, 256))
    command = "sh -c 'echo instance ${INSTANCE_ID} is broken >&2; exit ${INSTANCE_ID}'"
    uuid = await model.started(command, advanced_ranges=ranges)
    await model.advance(24 * HOURS)
    task = await model.call("get_task", task_uuid=uuid)
    assert (task["instances"]["succeeded"], task["instances"]["failed"]) == (500, 500)
    model.told("get_task of 1,000 instances, every other failed")
    assert model.characters <= 4_000


@pytest.mark.parametrize(("command", "seconds"), [("sleep 36000", HOURS), ("sh -c 'exit ${INSTANCE_ID}'", 24 * HOURS)])
async def test_full_detail_of_2_000_instances_is_bounded(model: Conversation, command: str, seconds: int) -> None:
    constants = [{"key": f"A{number}", "value": f'"\\{number}é' * 60} for number in range(149)]
    constants.append({"key": "DOCKER_CMD", "value": command})
    names = {"name": 'é"\\' * 500, "tags": ['"\\' * 255 + str(number) for number in range(10)]}
    # As large as a request may be.
    labels = {f"l{number}" * 100: '"' * 500 for number in range(100)}
    uuid = await model.started("", instance_count=2000, constants=constants, labels=labels, **names)
    await model.advance(seconds)
    await model.call("get_task", task_uuid=uuid, detail="full")
    model.told("get_task in full of 2,000 instances, giant names")
    assert model.longest <= MOST_TASK_CHARACTERS


@pytest.mark.parametrize("text", ['"' * 300, "\\" * 300, "é" * 300, "x"])
async def test_the_longest_log_is_bounded(model: Conversation, text: str) -> None:
    command = "sh -c 'seq 1 40000; " + "echo ${TEXT}; " * 100 + "'"
    constants = [{"key": "DOCKER_CMD", "value": command}, {"key": "TEXT", "value": text}]
    uuid = await model.started("", constants=constants, instance_count=4)
    await model.advance(HOURS)
    log = await model.call("get_task_logs", task_uuid=uuid, tail_lines=10_000, max_characters=100_000, fold=False)
    assert len(log["text"]) > 30_000
    assert model.longest <= LONGEST_RESULT


async def test_500_giant_tasks_and_10_000_running_instances_are_bounded() -> None:
    async with giant_account() as server, server.client() as client:
        for arguments in ({"limit": 500}, {"limit": 500, "tags": ["x"]}):
            result = await client.call_tool("list_tasks", arguments)
            assert len(text_of(result).encode()) <= MOST_LIST_BYTES, arguments
            assert result.structured_content is not None
            assert result.structured_content["count"] >= 20, arguments
        for account, summary in (("many", 4_000), ("giant", MOST_TASK_CHARACTERS)):
            for detail, most in (("summary", summary), ("full", MOST_TASK_CHARACTERS)):
                result = await client.call_tool("get_task", {"task_uuid": account, "detail": detail})
                assert len(text_of(result)) <= most, (account, detail)


@asynccontextmanager
async def giant_account() -> AsyncIterator[RunningServer]:
    """A server on an API whose tasks are as large as they can be: the sandbox allows no such account."""
    running = {"instanceId": 0, "phase": "execution", "cpuModel": "x" * 100, "progress": 12.3456789}
    many = task_document(
        totalInstanceCount=10_000,
        instanceCount=10_000,
        status={
            "succeededRange": ",".join(map(str, range(0, 10_000, 2))),
            "runningInstancesInfo": {
                "perRunningInstanceInfo": [running | {"instanceId": number} for number in range(10_000)]
            },
        },
    )
    large = {
        "name": '\u202eé"\\' * 500,
        "tags": [f"{number}" * 511 for number in range(10)],
        "labels": {f"{number}" * 100: '"' * 2000 for number in range(100)},
        "profile": "p" * 500,
        "state": "s" * 500,
        "resourceBuckets": ["b" * 255] * 100,
        "resultBucket": "r" * 255,
        "errors": [{"code": "E" * 500, "message": '"' * 5000}] * 50,
    }
    giant = many | large | {"constants": [{"key": f"K{number}" * 100, "value": '"' * 2000} for number in range(150)]}
    row = {name: large[name] for name in ("name", "tags", "profile", "state")}
    page = {"data": [task_document(**row)] * 50, "total": 100_000, "isTruncated": True}
    tokens = count()

    async def api(scope: Scope, receive: Receive, send: Send) -> None:
        is_list = scope["path"].endswith("/paginate")
        task = giant if scope["path"].endswith("/giant") else many
        body = page | {"nextToken": f"page-{next(tokens)}"} if is_list else task
        await Response(to_json(body), media_type="application/json")(scope, receive, send)

    async with serve(api) as api_url, serve(create_app(settings_for(api_url))) as url:
        yield RunningServer(url, api_url, "a-key")

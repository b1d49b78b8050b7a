"""What a model reads when it calls a tool wrongly or meets a defect, and the one line that the log keeps of a call."""

import asyncio
import logging
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from fastmcp import Client
from fastmcp.client.transports import StreamableHttpTransport
from fastmcp.server.middleware import CallNext, Middleware, MiddlewareContext
from fastmcp.tools import Tool
from pydantic import BaseModel, SecretStr

from qarnot_mcp.qarnot.http.transport import Transport
from qarnot_mcp.server.app import create_server
from tests.support.running_server import ERAS, Era, RunningServer, call, refusal, running_server, settings_for
from tests.support.serving import serve


@pytest.fixture
async def server() -> AsyncIterator[RunningServer]:
    async with running_server(retry_seconds=0) as server:
        yield server


@pytest.fixture
async def client(server: RunningServer) -> AsyncIterator[Client[StreamableHttpTransport]]:
    async with server.client() as client:
        yield client


REFERENCE = "The task's UUID, its shortname, or its exact name where no other task has it."
WRONG: list[tuple[str, dict[str, Any], str]] = [
    (
        "get_task",
        {},
        f"task_uuid is missing: give a value of type string. {REFERENCE}",
    ),
    (
        "get_task",
        {"task_id": "x"},
        f"task_uuid is missing: give a value of type string. {REFERENCE} task_id is not a parameter of this tool. Did "
        "you mean task_uuid? Its parameters: task_uuid, detail, wait_seconds, instance_id.",
    ),
    ("list_profiles", {"page": 2}, "page is not a parameter of this tool. Its parameters: none."),
    (
        "get_task",
        {"task_uuid": "x", "detail": "all"},
        "detail is 'all', which does not fit: give one of summary, full. full adds everything the API said, secrets "
        "masked.",
    ),
    (
        "list_tasks",
        {"limit": "many"},
        "limit is 'many', which does not fit: give a value of type integer. How many tasks at most, 1 to 500.",
    ),
    (
        "list_tasks",
        {"tags": {"a": 1}},
        "tags is {'a': 1}, which does not fit: give a value of type array. Only tasks with at least one of these tags.",
    ),
    (
        "get_task_logs",
        {"task_uuid": "x", "instance_id": [1]},
        "instance_id is [1], which does not fit: give a value of type integer. Only this instance; without it all, "
        "each line with its instance, such as 0>.",
    ),
]


@pytest.mark.parametrize("era", ERAS)
async def test_wrong_arguments_are_told_in_plain_words(server: RunningServer, era: Era) -> None:
    async with server.client(era) as client:
        for tool, arguments, words in WRONG:
            assert await refusal(client, tool, **arguments) == words


BLANK = dict.fromkeys(("shortname", "advanced_ranges", "pool_uuid", "result_bucket", "scheduling_type", "labels"), "")
NULL = dict.fromkeys(("tags", "job_uuid", "validate_only", "completion_time_to_live", "instance_count"))


async def test_what_is_null_or_blank_was_left_out(client: Client[StreamableHttpTransport]) -> None:
    uuid = (
        await call(
            client, "submit_task", name="x", profile="docker-batch", constants={"DOCKER_CMD": "true"}, **BLANK, **NULL
        )
    )["uuid"]
    task = await call(client, "get_task", task_uuid=uuid, detail=None, wait_seconds="")
    assert (task["instances"]["total"], "result_bucket" in task) == (1, False)
    assert (await call(client, "list_tasks", limit=None, tags="", state=" "))["total"] == 1
    log = await call(client, "get_task_logs", task_uuid=uuid, instance_id="", log_type=None, tail_lines=None, fold="")
    assert log["log_type"] == "stdout"
    assert (await refusal(client, "get_task", task_uuid=" ")).startswith("task_uuid is ''")


@pytest.mark.parametrize("tags", ["demo", '["demo"]', ["demo"], '["demo", "other"]'])
async def test_a_text_is_a_list_of_one_or_the_list_it_holds(client: Client[StreamableHttpTransport], tags: Any) -> None:
    await call(client, "submit_task", name="x", profile="docker-batch", constants={"DOCKER_CMD": "true"}, tags=["demo"])
    assert (await call(client, "list_tasks", tags=tags))["total"] == 1


@pytest.mark.parametrize(
    "constants",
    [
        {"key": "DOCKER_CMD", "value": "true"},
        {"DOCKER_CMD": "true"},
        [{"key": "DOCKER_CMD", "value": "true"}],
        '{"DOCKER_CMD": "true"}',
        '[{"key": "DOCKER_CMD", "value": "true"}]',
    ],
)
async def test_constants_are_understood_however_they_are_written(
    client: Client[StreamableHttpTransport], constants: Any
) -> None:
    task = await call(client, "submit_task", name="x", profile="docker-batch", constants=constants)
    assert "warnings" not in task
    assert (await call(client, "get_task", task_uuid=task["uuid"]))["constants"] == {"DOCKER_CMD": "true"}


async def test_a_text_that_is_no_list_of_constants_is_refused(client: Client[StreamableHttpTransport]) -> None:
    for given in ("DOCKER_CMD", "[" * 100_000, "5"):
        message = await refusal(client, "submit_task", name="x", profile="docker-batch", constants=given)
        assert message.startswith("constants is ")


async def test_a_check_without_buckets_says_nothing_of_them(client: Client[StreamableHttpTransport]) -> None:
    arguments = {"name": "x", "profile": "docker-batch", "constants": {"DOCKER_CMD": "true"}, "validate_only": True}
    assert "bucket" not in (await call(client, "submit_task", **arguments))["note"]


async def test_a_wrong_constant_is_told_by_its_place(client: Client[StreamableHttpTransport]) -> None:
    message = await refusal(client, "submit_task", name="x", profile="docker-batch", constants=[{"key": "DOCKER_CMD"}])
    assert message.startswith("constants is {'key': 'DOCKER_CMD'}, which does not fit: give a value of type array.")
    assert '"value"' in message


async def test_no_message_on_arguments_has_a_word_of_the_validation_library(
    client: Client[StreamableHttpTransport],
) -> None:
    for tool, arguments in (
        ("submit_task", {"name": 5, "profile": [], "instance_count": "x", "labels": 3, "validate_only": "perhaps"}),
        ("submit_task", {}),
        ("get_task", {"task_uuid": None}),
        ("get_task_logs", {"task_uuid": {"deep": {"deeper": ["x" * 1000]}}}),
        ("list_tasks", {"x" * 500: 1}),
    ):
        message = await refusal(client, tool, **arguments)
        assert re.search(r"pydantic|https?://errors|validation error|Traceback|\bloc\b|input_type", message) is None
        assert len(message) < 1500


async def test_an_unknown_tool_is_answered_with_the_nearest(client: Client[StreamableHttpTransport]) -> None:
    message = await refusal(client, "get_logs", task_uuid="x")
    assert message.startswith("There is no tool 'get_logs' here. Did you mean get_task_logs? The tools of this server:")
    assert "Did you mean" not in await refusal(client, "quit")


@asynccontextmanager
async def broken_server(error: Exception) -> AsyncIterator[Client[StreamableHttpTransport]]:
    """A server with a defect: looking for the key of a call raises."""

    def resolve_key() -> SecretStr:
        raise error

    settings = settings_for("http://127.0.0.1:9")
    server = create_server(settings, Transport(settings.base_url, "1"), resolve_key)
    app = server.http_app(path="/mcp", stateless_http=True)
    async with serve(app) as url, Client(StreamableHttpTransport(f"{url}/mcp")) as client:
        yield client


class Model(BaseModel):
    number: int


def wrong_model() -> Exception:
    try:
        Model.model_validate({"number": "swordfish"})
    except ValueError as error:
        return error
    raise AssertionError


@pytest.mark.parametrize("error", [RuntimeError("swordfish"), wrong_model(), TimeoutError("swordfish")])
async def test_a_defect_is_masked_told_with_its_request_and_logged_with_its_traceback(
    error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "qarnot_mcp.server.middleware")
    async with broken_server(error) as client:
        message = await refusal(client, "list_profiles")
        assert await client.list_tools()
    (line,) = lines(caplog)
    assert (line.levelname, line.getMessage()) == ("ERROR", "list_profiles defect")
    assert message.startswith("list_profiles met a defect of this server, not of your call (request ")
    assert line.__dict__["request_id"] in message
    assert "list_tasks" in message
    assert "swordfish" not in message
    assert line.exc_info is not None
    assert "swordfish" in str(line.exc_info[1])


def lines(caplog: pytest.LogCaptureFixture) -> list[logging.LogRecord]:
    return [record for record in caplog.records if record.name == "qarnot_mcp.server.middleware"]


async def test_each_call_leaves_one_line_without_arguments_and_key(
    server: RunningServer, client: Client[StreamableHttpTransport], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "qarnot_mcp")
    await call(client, "get_profile", profile_name="docker-batch")
    await refusal(client, "get_task", task_uuid="swordfish-1")
    await refusal(client, "get_task", swordfish="x")
    await refusal(client, "swordfish")
    await refusal(client, "abort_task", task_uuid="../swordfish")
    told = [
        (line.__dict__["tool"], line.__dict__["outcome"], line.__dict__["upstream_calls"]) for line in lines(caplog)
    ]
    assert told == [
        ("get_profile", "ok", 1),
        ("get_task", "NotFound", 2),
        ("get_task", "refused", 0),
        ("(unknown)", "unknown tool", 0),
        ("abort_task", "InvalidArgument", 0),
    ]
    assert all(line.__dict__["milliseconds"] > 0 for line in lines(caplog))
    assert all(line.levelname == "INFO" and not line.exc_info for line in lines(caplog))
    assert len({line.__dict__["request_id"] for line in lines(caplog)}) == 5
    everything = "".join(str(record.__dict__) for record in caplog.records)
    assert "swordfish" not in everything
    assert server.key not in everything


async def test_the_request_id_of_the_line_goes_upstream_and_into_the_error(
    server: RunningServer, client: Client[StreamableHttpTransport], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "qarnot_mcp.server.middleware")
    async with httpx.AsyncClient(base_url=server.api_url) as http:
        await http.post("/sandbox/faults", json={"kind": "status", "status": 500})
        message = await refusal(client, "list_profiles")
        journal = (await http.get("/sandbox/journal")).json()["requests"]
    (line,) = lines(caplog)
    assert line.__dict__["outcome"] == "ServerFailed"
    assert [entry["request_id"] for entry in journal] == [line.__dict__["request_id"]]
    assert message.endswith(f"(request {line.__dict__['request_id']})")


@pytest.mark.parametrize("era", ERAS)
async def test_a_call_whose_caller_goes_away_is_cancelled_and_leaves_a_line(
    server: RunningServer, era: Era, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "qarnot_mcp.server.middleware")
    told = Told()
    logging.getLogger("qarnot_mcp.server.middleware").addHandler(told)
    try:
        async with httpx.AsyncClient(base_url=server.api_url) as sandbox:
            await sandbox.post("/sandbox/faults", json={"kind": "slow", "seconds": 60})
            async with httpx.AsyncClient() as http:
                asked = asyncio.create_task(posted(http, server.url, era, "list_profiles", {"X-Api-Key": server.key}))
                while not (await sandbox.get("/sandbox/journal")).json()["requests"]:
                    assert not asked.done()
                asked.cancel()
            await asyncio.wait_for(told.happened.wait(), 10)
    finally:
        logging.getLogger("qarnot_mcp.server.middleware").removeHandler(told)
    assert told.lines == ["list_profiles cancelled"]


async def posted(
    http: httpx.AsyncClient, url: str, era: Era, tool: str, headers: dict[str, str], **arguments: str
) -> httpx.Response:
    """Call a tool without a client library, which does more than that."""
    params: dict[str, Any] = {"name": tool, "arguments": arguments}
    if era == "auto":
        params["_meta"] = {
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientInfo": {"name": "test", "version": "1"},
            "io.modelcontextprotocol/clientCapabilities": {},
        }
        headers = headers | {"MCP-Protocol-Version": "2026-07-28", "Mcp-Method": "tools/call", "Mcp-Name": tool}
    return await http.post(
        url,
        json={"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params},
        headers={"Accept": "application/json, text/event-stream", **headers},
    )


class Told(logging.Handler):
    """Tells when a line was logged."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []
        self.happened = asyncio.Event()

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())
        self.happened.set()


class Lists(Middleware):
    """Counts how often the tools are listed."""

    def __init__(self) -> None:
        self.count = 0

    async def on_list_tools(
        self, context: MiddlewareContext[Any], call_next: CallNext[Any, Sequence[Tool]]
    ) -> Sequence[Tool]:
        self.count += 1
        return await call_next(context)


async def test_a_modern_call_lists_no_tools_behind_the_scenes(server: RunningServer) -> None:
    api_url = server.api_url
    fastmcp = create_server(settings_for(api_url), Transport(api_url, "1"), lambda: SecretStr("sandbox-x"))
    lists = Lists()
    fastmcp.add_middleware(lists)
    async with serve(fastmcp.http_app(path="/mcp", stateless_http=True)) as url, httpx.AsyncClient() as http:
        answer = await posted(http, f"{url}/mcp", "auto", "get_profile", {}, profile_name="docker-batch")
    assert answer.json()["result"]["structuredContent"]["name"] == "docker-batch"
    assert lists.count == 0

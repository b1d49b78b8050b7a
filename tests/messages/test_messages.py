"""Every message that a caller can get, provoked by a real call, names what was wrong and what to do next.

`pytest tests/messages -s` shows them all.
"""

import logging
import re
import socket
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import httpx
import pytest
from fastmcp import Client

from qarnot_mcp.auth.caller import resolve_key
from qarnot_mcp.qarnot import errors
from qarnot_mcp.qarnot.errors import QarnotError
from qarnot_mcp.qarnot.http.responses import Resource
from qarnot_mcp.qarnot.http.transport import Limits, Request, Transport
from qarnot_mcp.server.app import create_server
from qarnot_mcp.web.app import create_app
from tests.support.running_server import RunningServer, ended, refusal, running_server, settings_for, submitted
from tests.support.serving import serve

UUID = "52c10b2d-0687-41e1-985e-7279f6dd543a"
BATCH = {"name": "x", "profile": "docker-batch", "constants": {"DOCKER_CMD": "true"}}
KEYS = "https://tasq.qarnot.com/settings/access-token"
GPU = {"discriminator": "GpuHardwareConstraint"}
CORES = {"discriminator": "MinimumCoreHardwareConstraint"}
POST_TASKS = {"method": "POST", "path": "/tasks"}


@dataclass(frozen=True)
class Case:
    """A call that is refused: `wrong` is how the message begins, `valid` and `then` stand in it."""

    name: str
    error: str
    tool: str
    arguments: dict[str, Any]
    wrong: str
    valid: str
    then: str = ""
    faults: tuple[dict[str, Any], ...] = ()
    key: str | None = None
    server: str = "usual"


def argument(parameter: str, given: object, valid: str, then: str = "", *, tool: str = "submit_task") -> Case:
    """A case of one wrong argument; what is valid is then what to do next, too."""
    arguments = ({} if tool != "submit_task" else BATCH) | {parameter: given}
    if tool in ("get_task", "get_task_logs") and parameter != "task_uuid":
        arguments["task_uuid"] = UUID
    shown = f"'{given[:60]}" if isinstance(given, str) else given if isinstance(given, int) else ""
    wrong = f"{parameter} is {shown}"
    return Case(f"{tool}-{parameter}-{given!r:.40}", "InvalidArgument", tool, arguments, wrong, valid, then)


def together(name: str, wrong: str, valid: str, then: str, **arguments: Any) -> Case:
    """A case of arguments that do not go together."""
    return Case(name, "InvalidArgument", "submit_task", {"name": "x", **arguments}, wrong, valid, then)


def answered(name: str, error: str, wrong: str, then: str, *, tool: str = "list_profiles", **fault: Any) -> Case:
    """A case of an answer of the API that is none, or a refusal."""
    arguments = {"task_uuid": "ended"} if tool in ("abort_task", "delete_task") else {}
    server = "hasty" if fault.get("kind") == "slow" else "usual"
    return Case(name, error, tool, arguments, wrong, "", then, faults=({"kind": "status", **fault},), server=server)


LOST = ({"kind": "disconnect", "match": POST_TASKS},)
BOTH_LOST = (*LOST, {"kind": "status", "status": 500, "count": 0, "match": {"method": "GET", "path": "/tasks/*"}})
BROKE = "sandbox-broke-1"

GPUS = "hardware_constraints is "
RANGES = "advanced_ranges is '0-2'"
READ_ONLY = "This server is in read-only mode, so it does not run submit_task."
NO_BUCKET = "No bucket 'no' is visible"
NO_INSTANCE = "No instance 99 is visible"
BAD = "Qarnot rejected the arguments of this call"
TAKEN = "The shortname 'ended' is taken by the task "
ENDED = "The task 'ended' cannot be aborted"

TASK_ID = ("the UUID of a task such as", "list_tasks shows the UUIDs.")
WHOLE = "give a whole number from "
LINE = "give a text on one line of 1 to "
LOGS = partial(argument, tool="get_task_logs")
LIST = partial(argument, tool="list_tasks")

CASES = [
    argument("task_uuid", "../profiles/x", *TASK_ID, tool="abort_task"),
    argument("task_uuid", "-", *TASK_ID, tool="abort_task"),
    argument("task_uuid", "x" * 300, *TASK_ID, tool="delete_task"),
    argument("task_uuid", "paginate", *TASK_ID, tool="delete_task"),
    argument("task_uuid", "a/b", *TASK_ID, tool="abort_task"),
    argument("wait_seconds", -1, "a number of seconds from 0 to 45", tool="get_task"),
    argument("profile_name", "../tasks", "a profile such as", "list_profiles shows the names.", tool="get_profile"),
    LIST("state", "Succes", "active", "Did you mean Success"),
    LIST("limit", 0, WHOLE + "1 to 500", "next_cursor of the answer reads on."),
    LIST("cursor", "abc", "with the same filters", "Leave it out to start with the newest task."),
    LIST("cursor", "é", "next_cursor of an earlier answer", "Leave it out to start with the newest task."),
    LIST("name", "a" * 2048, LINE + "2,047"),
    LIST("tags", ["x"] * 11, "at most 10 tags"),
    LOGS("log_type", "nope", "give stdout, stderr or both"),
    LOGS("instance_id", -1, "a whole number from 0", "get_task shows the ids."),
    LOGS("tail_lines", 0, WHOLE + "1 to 10,000"),
    LOGS("context_lines", 51, WHOLE + "0 to 50"),
    LOGS("max_characters", 1, WHOLE + "500 to 100,000"),
    LOGS("search", "(", "the syntax of RE2", "missing )"),
    LOGS("search", "x" * 1001, LINE + "1,000"),
    LOGS("cursor", "nope", "the cursor of an earlier answer", "Leave it out to start"),
    argument("name", "", LINE + "2,047"),
    argument("profile", "docker-bach", "a profile of this account", "Did you mean docker-batch"),
    argument("profile", "nope", "a profile of this account", "There are: docker-batch"),
    argument("instance_count", 0, WHOLE + "1 to 1,000,000"),
    argument("advanced_ranges", "5-2", "such as 0-2,5", "'5-2' ends before it starts"),
    argument("advanced_ranges", "0-9999999", "1 to 1,000,000 instances"),
    argument("resource_buckets", ["s3://a/b"], "a bucket's name", "Give the name, without s3://"),
    argument("resource_buckets", ["a"] * 101, "at most 100 buckets"),
    argument("result_bucket", "a b", "3 to 63 lower-case letters, digits and dashes", "a-b would do"),
    argument("constants", [{"key": "a b", "value": 1}], "keys of letters", 'One constant is {"key": "DOCKER_CMD"'),
    argument("constants", [{"key": "a", "value": 1}] * 2, "each key once"),
    argument("constants", [{"key": f"a{i}", "value": 1} for i in range(151)], "at most 150 constants"),
    argument("constants", [{"key": "a", "value": "x" * 3000}], "at most 2,048 characters", "resource bucket"),
    argument("tags", [str(number) for number in range(11)], "at most 10 tags"),
    argument("tags", [" "], LINE + "511"),
    argument("shortname", "-a", "letters, digits and hyphens", "Leave it out to have one made."),
    argument("labels", {str(number): "" for number in range(101)}, "at most 100 labels"),
    argument("labels", {"a": "x" * 3000}, "texts of at most 2,048 characters"),
    argument("scheduling_type", "cheap", "give Flex, OnDemand or Reserved"),
    argument("hardware_constraints", [{"discriminator": "Gpu"}], "a discriminator of", "Did you mean Gpu"),
    argument("hardware_constraints", [CORES], "coreCount with a number above 0"),
    argument("hardware_constraints", [GPU] * 51, "at most 50 constraints"),
    argument("max_retries_per_instance", -1, WHOLE + "0 to 1,000"),
    argument("results_whitelist", "a" * 2048, LINE),
    argument("completion_time_to_live", "a day", "such as 10:00:00", "The most is ten years."),
    together("nowhere", "profile is missing", "a profile, or a pool", "list_profiles shows the names"),
    together(
        "profile-and-pool", "profile is 'b'", "not both", "A pool has its own profile.", profile="b", pool_uuid=UUID
    ),
    together("pool-and-job", "pool_uuid is ", "not both", "A job's pool", pool_uuid=UUID, job_uuid=UUID),
    together("pool", "pool_uuid is 'x'", "a UUID, such as 52c1", "", pool_uuid="x"),
    together("gpu-in-pool", GPUS, "none in a pool", "own hardware.", pool_uuid=UUID, hardware_constraints=[GPU]),
    together("ids-and-count", RANGES, "not both", "out", profile="b", instance_count=3, advanced_ranges="0-2"),
    together("no-job", "dependencies is ", "of the same job", "Give job_uuid too", profile="b", dependencies=[UUID]),
    Case("arguments", "refused", "get_task", {}, "task_uuid is missing", "The task's UUID, its shortname"),
    Case(
        "tool",
        "unknown tool",
        "get_logs",
        {},
        "There is no tool 'get_logs'",
        "list_tasks, ",
        "Did you mean get_task_logs",
    ),
    Case("no-key", "NoKey", "list_tasks", {}, "This call carries no Qarnot API key", "X-Api-Key", KEYS, key=""),
    Case(
        "two-words",
        "MalformedKey",
        "list_tasks",
        {},
        "The API key sent with this call is malformed",
        "such as spaces",
        KEYS,
        key="a b",
    ),
    Case(
        "wrong-key", "KeyRefused", "list_tasks", {}, "Qarnot refused the API key", "mistyped, expired or", KEYS, key="x"
    ),
    Case(
        "read-only", "ReadOnly", "submit_task", BATCH, READ_ONLY, "", "QARNOT_MCP_READ_ONLY=false", server="read-only"
    ),
    Case("no-task", "NotFound", "get_task", {"task_uuid": UUID}, f"No task '{UUID}'", "", "list_tasks shows"),
    Case("no-log", "NotFound", "get_task_logs", {"task_uuid": "no"}, "No task 'no' is visible", "", "list_tasks shows"),
    Case(
        "no-profile",
        "InvalidArgument",
        "get_profile",
        {"profile_name": "blendr"},
        "profile_name is 'blendr', which is not valid",
        "a profile of this account",
        "Did you mean blender?",
    ),
    Case("no-bucket", "NotFound", "submit_task", {**BATCH, "resource_buckets": ["no"]}, NO_BUCKET, "", "make it first"),
    Case(
        "no-instance", "NotFound", "get_task_logs", {"task_uuid": "ended", "instance_id": 99}, NO_INSTANCE, "", "at 0."
    ),
    Case(
        "no-pool",
        "InvalidArgument",
        "submit_task",
        {"name": "x", "pool_uuid": UUID},
        f"pool_uuid is '{UUID}'",
        "the UUID of an open pool of this account",
    ),
    Case(
        "taken",
        "ShortnameTaken",
        "submit_task",
        {**BATCH, "shortname": "ended"},
        TAKEN,
        "another shortname",
        "get_task",
    ),
    Case(
        "abort-ended",
        "TaskEnded",
        "abort_task",
        {"task_uuid": "ended"},
        ENDED,
        "state Success",
        "delete_task removes it.",
    ),
    Case(
        "no-credits",
        "NotEnoughCredits",
        "submit_task",
        BATCH,
        "The Qarnot account does not have enough",
        "Nothing was",
        "Add",
        key=BROKE,
    ),
    Case(
        "no-machine",
        "HardwareUnavailable",
        "submit_task",
        {**BATCH, "hardware_constraints": {"min_cores": 9999}, "accept_warnings": True},
        "Qarnot has no machine for these",
        "Nothing was started.",
        "Loosen or drop hardware_constraints",
    ),
    Case(
        "mistaken",
        "MistakenTask",
        "submit_task",
        {**BATCH, "constants": {"DOCKER_CMD": "a && b"}},
        "Nothing was started, as this can hardly be meant.",
        "DOCKER_CMD has && outside a shell",
        "accept_warnings=true",
    ),
    answered("rejected", "BadRequest", BAD, "Correct", status=400, message="No such thing"),
    answered("forbidden", "Forbidden", "Qarnot does not allow this", "check the identifier", status=403),
    answered(
        "quota",
        "QuotaReached",
        "A quota of the Qarnot account",
        "delete_task",
        status=403,
        message="Maximum number of tasks reached (100)",
    ),
    answered(
        "conflict",
        "Conflict",
        "Qarnot refused this: it conflicts",
        "call again once that has changed.",
        tool="delete_task",
        status=409,
        match={"method": "DELETE"},
    ),
    answered("gone", "ApiRefused", "Qarnot refused this call", "Compare the arguments", status=410),
    answered(
        "rate",
        "RateLimited",
        "Qarnot limits the number of calls",
        "Wait 30 s, then call again.",
        status=429,
        retry_after="30",
    ),
    answered("500", "ServerFailed", "The Qarnot API failed with status 500", "Try again in a moment.", status=500),
    answered(
        "503",
        "ServerFailed",
        "The Qarnot API failed with status 503",
        "Try again in 120 s.",
        status=503,
        retry_after="120",
    ),
    answered("broken", "Unreachable", "The connection to the Qarnot API broke", "QARNOT_BASE_URL", kind="disconnect"),
    answered(
        "silent",
        "TimedOut",
        "The Qarnot API said nothing within 1 s",
        "Try again in a moment.",
        kind="slow",
        seconds=60,
    ),
    answered(
        "html",
        "UnreadableResponse",
        "The response from the Qarnot API",
        "proxy on the way",
        kind="not_json",
    ),
    answered(
        "other",
        "UnreadableResponse",
        "The response from the Qarnot API",
        "proxy on the way",
        kind="wrong_type",
    ),
    answered("moved", "UnreadableResponse", "The response from the Qarnot API", "QARNOT_BASE_URL", status=302),
    answered("endless", "ResponseTooLarge", "The response from the Qarnot API is", "Ask for less", kind="endless"),
    answered(
        "abort-lost",
        "ServerFailed",
        "The Qarnot API failed",
        "it is safe to call again.",
        tool="abort_task",
        status=500,
        match={"method": "POST"},
    ),
    Case(
        "unreachable",
        "Unreachable",
        "list_tasks",
        {},
        "The Qarnot API cannot be reached",
        "QARNOT_BASE_URL",
        "Try again",
        server="alone",
    ),
    Case(
        "busy",
        "Busy",
        "list_tasks",
        {},
        "This server has 1 calls",
        "Nothing was sent.",
        "Call again in a moment.",
        server="busy",
    ),
    Case(
        "not-started",
        "NotStarted",
        "submit_task",
        BATCH,
        "Nothing was started",
        "",
        "safe to submit again",
        LOST,
        server="hasty",
    ),
    Case(
        "not-sent",
        "NotStarted",
        "submit_task",
        BATCH,
        "Nothing was started",
        "cannot be reached",
        "safe to submit",
        server="alone",
    ),
    Case(
        "submit-unknown",
        "SubmitUnknown",
        "submit_task",
        BATCH,
        "It is not known whether the task",
        "task_uuid='x-",
        "call get_task",
        BOTH_LOST,
        server="hasty",
    ),
]

# Never raised themselves: each stands for those below it.
# Its message is read where a clock can be set: in the test of a log's computing.
# Provoked in tests/tools/logs, tests/tools/tasks/test_budget.py, tests/tools/jobs and tests/qarnot/storage.
ELSEWHERE = {"LimitReached", "NoTimeLimit", "TooCostly", "NoStorage", "StorageRefused", "StorageUnavailable"} | {
    "PipelineNotStarted",
    "WrongStep",
}
BRANCHES = {"KeyProblem", "ApiUnavailable", "SubmitUncertain"}


class Servers:
    """The servers that the cases need, each built once, and the clients that call them, one for each key."""

    def __init__(
        self,
        open_until_the_end: AsyncExitStack,
        usual: RunningServer,
        hasty: RunningServer,
        read_only: RunningServer,
        alone: RunningServer,
        busy: RunningServer,
    ) -> None:
        self._by_name = {"usual": usual, "hasty": hasty, "read-only": read_only, "alone": alone, "busy": busy}
        self._open = open_until_the_end
        self._clients: dict[tuple[str, str | None], Client[Any]] = {}

    def of(self, case: Case) -> RunningServer:
        return self._by_name[case.server]

    async def client_of(self, case: Case) -> Client[Any]:
        if (case.server, case.key) not in self._clients:
            client = await self._open.enter_async_context(self.of(case).client(key=case.key))
            self._clients[case.server, case.key] = client
        return self._clients[case.server, case.key]


@pytest.fixture(scope="module")
async def servers() -> AsyncIterator[Servers]:
    async with (
        running_server(retry_seconds=0) as usual,
        running_server(retry_seconds=0, read_timeout_seconds=1, call_timeout_seconds=4) as hasty,
        running_server(read_only=True) as read_only,
        server_without_api() as alone,
        busy_server(usual.api_url) as busy,
        usual.client() as client,
        AsyncExitStack() as open_until_the_end,
    ):
        await ended(client, await submitted(client, shortname="ended"))
        yield Servers(open_until_the_end, usual, hasty, read_only, alone, busy)


@asynccontextmanager
async def server_without_api() -> AsyncIterator[RunningServer]:
    """A server whose API is not there."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))  # bound and not listening: nobody else gets it, and nobody answers
        nowhere = f"http://127.0.0.1:{found.getsockname()[1]}"
        async with serve(create_app(settings_for(nowhere, retry_seconds=0))) as url:
            yield RunningServer(url, nowhere, "sandbox-key")


@asynccontextmanager
async def busy_server(api_url: str) -> AsyncIterator[RunningServer]:
    """A server that may have one call under way, and has it."""
    settings = settings_for(api_url)
    transport = Transport(api_url, "1", limits=Limits(max_calls_in_flight=1, queue_seconds=0.1))
    server = create_server(settings, transport, partial(resolve_key, "key", None))
    async with (
        serve(server.http_app(path="/mcp", stateless_http=True)) as url,
        transport.open(Request("GET", "/settings", Resource("endpoint", "settings"))),
    ):
        yield RunningServer(url, api_url, "sandbox-key")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
async def test_the_message_says_what_was_wrong_and_what_to_do(
    case: Case, servers: Servers, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "qarnot_mcp.server.middleware")
    client = await servers.client_of(case)
    async with httpx.AsyncClient(base_url=servers.of(case).api_url) as http:
        for fault in case.faults:
            await http.post("/sandbox/faults", json=fault)
        message = await refusal(client, case.tool, **case.arguments)
        if case.faults:
            await http.delete("/sandbox/faults")
        assert await client.list_tools()
    sys.stdout.write(f"\n{case.name}: {message}\n")
    (line,) = [record for record in caplog.records if record.name == "qarnot_mcp.server.middleware"]
    assert line.__dict__["outcome"] == case.error
    assert message.startswith(case.wrong)
    assert case.valid in message
    assert case.then in message
    assert len(message) <= 1500
    assert re.search(r"Traceback|pydantic|httpx|\bNone\b|  ", message) is None


def test_every_error_has_a_case() -> None:
    raised = {case.error for case in CASES}
    assert {cls.__name__ for cls in below(QarnotError)} - BRANCHES - raised - ELSEWHERE == set()


def test_every_branch_is_one() -> None:
    assert all(getattr(errors, name).__subclasses__() for name in BRANCHES)


def below(cls: type[QarnotError]) -> Iterator[type[QarnotError]]:
    for child in cls.__subclasses__():
        yield child
        yield from below(child)

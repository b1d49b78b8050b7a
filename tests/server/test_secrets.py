"""Nothing secret leaves: what is known of a task and of the caller is hidden in all that is said, whoever echoes it."""

import io
import json
import logging
from base64 import b64encode
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from html import escape
from typing import Any
from urllib.parse import quote

import pytest
from fastmcp import Client
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from qarnot_mcp.process.log_setup import MaskedLines, TextLines
from qarnot_mcp.text.masking import HIDDEN
from qarnot_mcp.web.app import create_app
from tests.support.qarnot_api import UUID
from tests.support.running_server import (
    ERAS,
    Era,
    RunningServer,
    call,
    ended,
    refusal,
    running_server,
    settings_for,
    submitted,
)
from tests.support.serving import serve

KEY = "sandbox-key/of&a <caller>-4711".replace(" ", "_")
SECRET = 'hunter2222/"&<x>'
ENCODED = (
    SECRET,
    quote(SECRET, safe=""),
    b64encode(f"bob:{SECRET}".encode()).decode(),
    json.dumps(SECRET)[1:-1],
    escape(SECRET),
)
CONSTANTS = [
    {"key": "DOCKER_TAG", "value": "24.04"},
    {"key": "DB_PASSWORD", "value": SECRET},
    {"key": "SOURCE", "value": "https://bob:url-pass-1@example.org"},
]
COMMAND_SECRETS = {
    "--token tok-abc123": "tok-abc123",
    "--api-key=key-def456": "key-def456",
    "-p pw-ghi789": "pw-ghi789",
}


@pytest.fixture(scope="module")
async def server() -> AsyncIterator[RunningServer]:
    async with running_server(retry_seconds=0) as running:
        yield running


@pytest.fixture(params=ERAS)
async def client(server: RunningServer, request: pytest.FixtureRequest) -> AsyncIterator[Client[Any]]:
    era: Era = request.param
    async with server.client(era) as client:
        yield client


def texts_in(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    for part in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from texts_in(part)


async def test_a_secret_in_names_labels_tags_and_results_of_a_task_is_hidden(client: Client[Any]) -> None:
    uuid = await submitted(
        client,
        name=f"run with {SECRET}",
        constants=[*CONSTANTS, {"key": "DOCKER_CMD", "value": "true"}],
        tags=[SECRET, "password=other-word-1"],
        labels={"api_token": "label-token-1", "note": f"uses {SECRET}"},
    )
    await ended(client, uuid)
    for tool, arguments in (
        ("get_task", {"task_uuid": uuid}),
        ("get_task", {"task_uuid": uuid, "detail": "full"}),
        ("get_task_logs", {"task_uuid": uuid}),
        ("abort_task", {"task_uuid": uuid}),
    ):
        result = await client.call_tool(tool, arguments, raise_on_error=False)
        said = "".join(texts_in(json.loads(json.dumps([result.structured_content, result.meta])))) + str(result.content)
        for secret in (SECRET, "url-pass-1", "label-token-1", "other-word-1"):
            assert secret not in said, (tool, secret)
    (content,) = await client.read_resource(f"qarnot://tasks/{uuid}")
    assert SECRET not in "".join(texts_in(json.loads(content.text)))  # type: ignore[union-attr]


async def test_a_secret_in_the_output_of_a_task_is_hidden_in_its_usual_encodings(client: Client[Any]) -> None:
    printed = " ".join(ENCODED[1:3] + tuple(COMMAND_SECRETS.values()))
    options = " ".join(COMMAND_SECRETS)
    command = f"sh -c 'echo {printed}; true tool {options}; exit 3'"
    uuid = await submitted(client, constants=[*CONSTANTS, {"key": "DOCKER_CMD", "value": command}], tags=["leaks"])
    task = await ended(client, uuid)
    log = await call(client, "get_task_logs", task_uuid=uuid)
    rows = await call(client, "list_tasks", tags=["leaks"], limit=1)
    for said in (task, log, rows):
        text = "".join(texts_in(said))
        for secret in (*ENCODED[1:2], b64encode(SECRET.encode()).decode()[4:12], *COMMAND_SECRETS.values()):
            assert secret not in text
    assert log["text"].count(HIDDEN) == len(printed.split())


async def test_warnings_do_not_print_the_password_of_an_image(client: Client[Any]) -> None:
    for repository in ("bob:image-pw-1@registry.example.org/tool", "https://bob:image-pw-1@registry.example.org/tool"):
        checked = await call(
            client,
            "submit_task",
            name="n",
            profile="docker-batch",
            constants=[
                {"key": "DOCKER_REPO", "value": repository},
                {"key": "DOCKER_CMD", "value": "a --token t-12345 | b"},
            ],
            validate_only=True,
            accept_warnings=True,
        )
        assert checked["warnings"]
        assert "image-pw-1" not in str(checked)
        assert "t-12345" not in str(checked)


@pytest.mark.parametrize(
    "constants",
    [
        [{"k": "DB_PASSWORD", "v": SECRET}],
        [["DB_PASSWORD", SECRET]],
        [SECRET],
        {"DB_PASSWORD": [SECRET]},
        [{"key": "DB_PASSWORD", "value": {"v": SECRET}}],
        [{"key": "DB_PASSWORD", "value": SECRET * 200}],
        SECRET,
    ],
)
async def test_a_malformed_constant_is_not_repeated(client: Client[Any], constants: Any) -> None:
    text = await refusal(client, "submit_task", name="n", profile="docker-batch", constants=constants)
    assert "constants" in text
    assert "hunter2222" not in text


async def test_a_secret_cut_at_the_end_of_a_text_is_hidden(client: Client[Any]) -> None:
    for before in range(78, 118, 3):
        name = f"{'x' * before} {SECRET}{SECRET}{SECRET}{SECRET}"
        task = {
            "name": name,
            "profile": "docker-batch",
            "constants": CONSTANTS,
            "validate_only": True,
            "accept_warnings": True,
        }
        shown = (await call(client, "submit_task", **task))["name"]
        assert "more characters" in shown
        assert "hunt" not in shown


def echo_api(status: int) -> Starlette:
    """Return an API that repeats the key of each request wherever it can."""

    async def answer(request: Request) -> Response:
        key = request.headers.get("authorization", "no key")
        forms = [key, quote(key, safe=""), b64encode(f"user:{key}".encode()).decode(), escape(key)]
        said = " ".join(forms)
        if status != 200:
            return JSONResponse({"message": said}, status)
        if request.url.path.endswith(("/stdout", "/stderr")):
            return Response(f"{said}\n")
        if request.url.path.endswith("/settings"):
            return JSONResponse({"storage": None})
        if request.url.path.endswith("/profiles"):
            return JSONResponse([key, said])
        task: dict[str, Any] = {"uuid": UUID, "name": said, "state": "Failure", "tags": forms}
        task |= {"labels": {key: said, "a": key}}
        task |= {"errors": [{"code": key, "message": said}], "constants": [{"key": "DOCKER_CMD", "value": said}]}
        task |= {"profile": key, "previousState": key, "poolUuid": key, "schedulingType": key}
        return JSONResponse({**task, "data": [task], "isTruncated": True, "nextToken": "abc", "email": key})

    return Starlette(routes=[Route("/{path:path}", answer, methods=["GET", "POST", "DELETE"])])


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """Yield what the log of the whole process writes."""
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(MaskedLines(TextLines()))
    logging.getLogger().addHandler(handler)
    yield written
    logging.getLogger().removeHandler(handler)


@pytest.mark.parametrize("era", ERAS)
@pytest.mark.parametrize("status", [200, 400, 403, 404, 502])
async def test_the_callers_key_is_in_no_result_error_or_log_line_whoever_echoes_it(
    era: Era, status: int, log: io.StringIO
) -> None:
    async with AsyncExitStack() as stack:
        api_url = await stack.enter_async_context(serve(echo_api(status)))
        origin = await stack.enter_async_context(serve(create_app(settings_for(api_url, retry_seconds=0))))
        client = await stack.enter_async_context(RunningServer(origin, api_url, KEY).client(era))
        said = []
        for tool, arguments in (
            ("get_task", {"task_uuid": UUID}),
            ("get_task", {"task_uuid": UUID, "detail": "full"}),
            ("get_task_logs", {"task_uuid": UUID}),
            ("list_tasks", {}),
            ("list_profiles", {}),
            ("list_tasks", {"cursor": KEY}),
            (KEY, {}),
            ("get_task", {KEY: KEY}),
        ):
            result = await client.call_tool(tool, arguments, raise_on_error=False)
            said += [str(result.content), str(result.structured_content), str(result.meta)]
        said.append(str(await client.get_prompt("why_did_it_fail", {"task": KEY})))
    everything = "\n".join([*said, log.getvalue()])
    assert HIDDEN in everything
    for form in (KEY, quote(KEY, safe=""), escape(KEY), b64encode(KEY.encode()).decode()[4:20]):
        assert form not in everything


@pytest.mark.parametrize("arguments", [{"part": "start"}, {"search": "line"}, {"offset": 5}])
async def test_the_callers_key_and_known_shapes_of_keys_in_a_file_are_hidden(
    server: RunningServer, arguments: dict[str, Any]
) -> None:
    async with server.client(query="?toolsets=storage") as client:
        encoded = b64encode(f"x:{server.key}".encode()).decode()
        text = f"line {server.key}\nline {encoded}\nline AKIA{'A1' * 8}\nline kept\n"
        await call(client, "write_file", bucket="files", path="a.txt", text=text, create_bucket=True, overwrite=True)
        read = (await call(client, "read_file", bucket="files", path="a.txt", **arguments))["text"]
    assert "line kept" in read
    assert read.count(HIDDEN) == 3
    assert server.key not in read

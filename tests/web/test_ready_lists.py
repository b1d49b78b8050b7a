"""Lists that are ready: the same bytes as those that are made, for the same view alone."""

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from qarnot_mcp.web.ready_lists import MAX_ANSWERS, ReadyLists, list_request
from tests.support.running_server import RunningServer, full_server, running_server
from tests.support.sign_in import SignIn

ALICE = "sandbox-empty-alice"
ERAS = ("2026-07-28", "2025-11-25")
METHODS = ("tools/list", "prompts/list", "resources/list", "resources/templates/list", "server/discover")


@pytest.fixture
async def server() -> AsyncIterator[RunningServer]:
    async with running_server() as server:
        yield server


def request(version: str, method: str, request_id: object = 1, **params: Any) -> tuple[dict[str, Any], dict[str, str]]:
    headers = {"Accept": "application/json, text/event-stream", "MCP-Protocol-Version": version}
    if version == ERAS[0]:
        headers |= {"Mcp-Method": method}
        names = ("protocolVersion", "clientInfo", "clientCapabilities")
        values: tuple[Any, ...] = (version, {"name": "test", "version": "1"}, {})
        meta = {f"io.modelcontextprotocol/{name}": value for name, value in zip(names, values, strict=True)}
        params = {"_meta": meta, **params}
    return {"jsonrpc": "2.0", "id": request_id, "method": method, "params": params}, headers


async def asked(
    url: str, version: str, method: str = "tools/list", request_id: object = 1, token: str = "", **params: Any
) -> httpx.Response:
    body, headers = request(version, method, request_id, **params)
    if token:
        headers["Authorization"] = f"Bearer {token}"
    async with httpx.AsyncClient(timeout=10) as http:
        return await http.post(url, json=body, headers=headers)


def message(response: httpx.Response) -> dict[str, Any]:
    text = response.text
    decoded: dict[str, Any] = json.loads(text if text.startswith("{") else text.partition("data: ")[2])
    return decoded


@pytest.mark.parametrize("version", ERAS)
@pytest.mark.parametrize("method", METHODS)
async def test_a_ready_list_is_the_one_that_was_made_with_the_id_of_its_request(
    server: RunningServer, version: str, method: str
) -> None:
    made = await asked(server.url, version, method, 7)
    ready = [await asked(server.url, version, method, number) for number in (7, 8, "a-1")]
    assert ready[0].content == made.content
    assert ready[0].headers["content-type"] == made.headers["content-type"]
    if "result" in message(made):
        assert [message(one)["id"] for one in ready] == [7, 8, "a-1"]
        assert all(message(one)["result"] == message(made)["result"] for one in ready)


@pytest.mark.parametrize("version", ERAS)
async def test_a_ready_list_is_for_connections_that_see_the_same(server: RunningServer, version: str) -> None:
    async def names(query: str) -> set[str]:
        listed = message(await asked(server.url + query, version))
        return {tool["name"] for tool in listed["result"]["tools"]}

    for _ in range(2):
        assert "delete_task" in await names("")
        assert "delete_task" not in await names("?read_only=true")
        assert "get_account" in await names("?toolsets=account")
        assert "error" in message(await asked(server.url + "?toolsets=nonsense", version))


async def test_what_the_protocol_refuses_is_refused_each_time(server: RunningServer) -> None:
    for _ in range(2):
        wrong = await asked(server.url, ERAS[0], cursor="not a cursor")
        right = await asked(server.url, ERAS[0])
        body, headers = request(ERAS[0], "tools/list")
        async with httpx.AsyncClient(timeout=10) as http:
            mismatch = await http.post(server.url, json=body, headers=headers | {"Mcp-Method": "prompts/list"})
        assert right.status_code == 200
        assert mismatch.status_code == 400
        assert wrong.json()["id"] == 1


async def test_nobody_without_a_sign_in_gets_a_list_that_is_ready() -> None:
    async with full_server() as server, httpx.AsyncClient(timeout=10) as http:
        tokens = [(await SignIn(server.origin, http).tokens(ALICE, **form))["access_token"] for form in ({}, READ_ONLY)]
        for _ in range(2):
            writing, reading = [await asked(server.url, ERAS[0], token=token) for token in tokens]
            assert "delete_task" in writing.text
            assert '"delete_task"' not in reading.text
            assert (await asked(server.url, ERAS[0])).status_code == 401
            assert (await asked(server.url, ERAS[0], token="forged")).status_code == 401


READ_ONLY = {"read_only": "yes"}


@pytest.mark.parametrize(
    "body",
    [
        b'{"method":"tools/list"}',
        b'{"id":1.5,"method":"tools/list"}',
        b'{"id":"a\\"b","method":"tools/list"}',
        b'{"id":true,"method":"tools/list"}',
        b'{"id":1,"method":["tools/list"]}',
        b'[{"id":1,"method":"tools/list"}]',
        b'{"id":1,"method":"tools/call","params":{"name":"x/list"}}',
        b'{"id":1,"method":"tools/list"',
    ],
)
def test_what_is_unusual_is_left_to_the_server(body: bytes) -> None:
    assert list_request(body) is None


async def test_the_lists_that_are_kept_are_few() -> None:
    calls = 0

    async def app(scope: Any, receive: Any, send: Any) -> None:
        nonlocal calls
        calls += 1
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b'{"jsonrpc":"2.0","id":1,"result":{}}'})

    lists = ReadyLists(app, "/mcp", signed_in=False)

    async def ask(number: int) -> bytes:
        body = json.dumps({"id": 1, "method": "tools/list", "params": {"n": number}}).encode()
        sent = bytearray()

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": body}

        async def send(part: Any) -> None:
            sent.extend(part.get("body", b""))

        scope = {"type": "http", "method": "POST", "path": "/mcp", "query_string": b"", "headers": []}
        await lists(scope, receive, send)
        return bytes(sent)

    for number in range(MAX_ANSWERS + 1):
        await ask(number)
    assert await ask(MAX_ANSWERS) == b'{"jsonrpc":"2.0","id":1,"result":{}}'
    assert calls == MAX_ANSWERS + 1
    await ask(0)
    assert calls == MAX_ANSWERS + 2

"""The `tools/list` that a modern call would hide: counted by a middleware, over real HTTP."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
from fastmcp import FastMCP
from fastmcp.server.middleware import CallNext, Middleware, MiddlewareContext
from pydantic import SecretStr

from qarnot_mcp.qarnot.http.transport import Transport
from qarnot_mcp.sandbox.app import create_app as create_sandbox
from qarnot_mcp.server.app import create_server
from tests.support.running_server import settings_for
from tests.support.serving import serve

VERSION = "2026-07-28"


class Counter(Middleware):
    """Counts what goes through the server."""

    def __init__(self) -> None:
        self.lists = 0
        self.calls = 0

    async def on_list_tools(self, context: MiddlewareContext[Any], call_next: CallNext[Any, Any]) -> Any:
        self.lists += 1
        return await call_next(context)

    async def on_call_tool(self, context: MiddlewareContext[Any], call_next: CallNext[Any, Any]) -> Any:
        self.calls += 1
        return await call_next(context)


async def call_once(server: FastMCP[Any], tool: str, arguments: dict[str, Any]) -> Counter:
    """Serve the server, sends one modern call with arguments, and tell what was counted."""
    counter = Counter()
    server.add_middleware(counter)
    meta = {
        "io.modelcontextprotocol/protocolVersion": VERSION,
        "io.modelcontextprotocol/clientInfo": {"name": "test", "version": "1"},
        "io.modelcontextprotocol/clientCapabilities": {},
    }
    params = {"name": tool, "arguments": arguments, "_meta": meta}
    headers = {
        "Accept": "application/json, text/event-stream",
        "MCP-Protocol-Version": VERSION,
        "Mcp-Method": "tools/call",
        "Mcp-Name": tool,
    }
    async with serve(server.http_app(stateless_http=True)) as url, httpx.AsyncClient() as client:
        message = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}
        answer = (await client.post(f"{url}/mcp", json=message, headers=headers)).json()
    assert not answer["result"]["isError"], answer
    return counter


@asynccontextmanager
async def our_server() -> AsyncIterator[FastMCP[Any]]:
    async with serve(create_sandbox(seed=1)) as api_url:
        settings = settings_for(api_url)
        yield create_server(settings, Transport(api_url, "1"), lambda: SecretStr("sandbox-key"))


async def test_a_modern_call_of_ours_runs_no_hidden_list() -> None:
    async with our_server() as server:
        counter = await call_once(server, "get_profile", {"profile_name": "docker-batch"})
    assert (counter.calls, counter.lists) == (1, 0)


async def test_without_the_cure_fastmcp_still_runs_one() -> None:
    """Where this fails, FastMCP has cured it itself: `skip_hidden_list` can go."""
    bare = FastMCP[Any]("bare")

    @bare.tool
    def double(number: int) -> int:
        return 2 * number

    counter = await call_once(bare, "double", {"number": 2})
    assert (counter.calls, counter.lists) == (1, 1)

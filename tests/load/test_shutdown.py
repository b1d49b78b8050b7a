"""The end of the server under load, by request and by force."""

import asyncio
import signal
from contextlib import AsyncExitStack
from typing import Any

import httpx
import httpx2
import pytest
from fastmcp import Client
from fastmcp.client.transports import StreamableHttpTransport

from qarnot_mcp.sandbox.app import create_app as create_sandbox
from tests.support.processes import Program, server_process
from tests.support.running_server import EMPTY_KEY, ERAS, Era
from tests.support.serving import serve

pytestmark = pytest.mark.e2e

CALLS = 8
# How often a client in the test is let down before it waits for the server's return.
LOST_CALLS = 3
PROFILE = {"profile_name": "docker-batch"}


class Patient(httpx2.AsyncHTTPTransport):
    """Answers 503 where a connection breaks: without it the SDK's client ends for good, whatever the server does."""

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        try:
            response = await super().handle_async_request(request)
            await response.aread()
        except httpx2.TransportError:
            return httpx2.Response(503, request=request)
        return response


def patient_http(
    headers: dict[str, str] | None = None,
    timeout: httpx2.Timeout | None = None,
    auth: httpx2.Auth | None = None,
    **more: Any,
) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(transport=Patient(), headers=headers, timeout=timeout, auth=auth, **more)


def client_of(server: Program, era: Era) -> Client[StreamableHttpTransport]:
    return Client(StreamableHttpTransport(server.url, httpx_client_factory=patient_http), mode=era)


async def requests_seen(api_url: str, path: str) -> int:
    async with httpx.AsyncClient() as http:
        journal = (await http.get(f"{api_url}/sandbox/journal")).json()
    return sum(entry["path"] == path for entry in journal["requests"])


async def slow_down(api_url: str, path: str, seconds: float) -> None:
    """Let all answers of a path trickle."""
    fault = {"kind": "slow", "seconds": seconds, "count": 0, "match": {"path": path}}
    async with httpx.AsyncClient() as http:
        (await http.post(f"{api_url}/sandbox/faults", json=fault)).raise_for_status()


async def test_every_call_in_flight_is_answered_after_sigterm_in_both_eras() -> None:
    path = "/profiles/docker-batch"
    async with (
        serve(create_sandbox(seed=1)) as api_url,
        server_process(QARNOT_BASE_URL=api_url, QARNOT_API_KEY=EMPTY_KEY) as server,
        client_of(server, "auto") as modern,
        client_of(server, "legacy") as legacy,
    ):
        for client in (modern, legacy):
            await client.list_tools()  # else it lists them after its first call, when there is no server any more
        await slow_down(api_url, path, seconds=1)
        calls = [
            asyncio.create_task(client.call_tool("get_profile", PROFILE))
            for client in (modern, legacy)
            for _ in range(CALLS)
        ]
        while await requests_seen(api_url, path) < len(calls):  # noqa: ASYNC110 - only its journal tells
            await asyncio.sleep(0.01)
        assert not any(call.done() for call in calls)
        server.process.send_signal(signal.SIGTERM)
        results = await asyncio.gather(*calls)
        names = [result.structured_content["name"] for result in results if result.structured_content]
        assert names == ["docker-batch"] * len(calls)
        await server.end()
        assert server.process.returncode == 0


async def test_clients_go_on_without_reconnecting_after_a_kill_and_a_restart() -> None:
    async with AsyncExitStack() as stack:
        api_url = await stack.enter_async_context(serve(create_sandbox(seed=1)))
        settings = {"QARNOT_BASE_URL": api_url, "QARNOT_API_KEY": EMPTY_KEY}
        server = await stack.enter_async_context(server_process(**settings))
        is_back = asyncio.Event()
        before = asyncio.Barrier(len(ERAS) * CALLS + 1)

        async def work(client: Client[Any]) -> tuple[int, int]:
            """Call all the time; return how many calls were lost, and how many succeeded on the new process."""
            lost, after = 0, 0
            await client.call_tool("get_profile", PROFILE)
            await before.wait()
            while after < 3:
                was_back = is_back.is_set()
                try:
                    result = await client.call_tool("get_profile", PROFILE)
                except Exception:  # noqa: BLE001 - a call that is lost may fail in any way, the next ones must not
                    assert not was_back, "a call failed on the new process"
                    lost += 1
                    if lost == LOST_CALLS:
                        await is_back.wait()
                else:
                    assert result.structured_content is not None
                    after += was_back
            return lost, after

        async with client_of(server, "auto") as modern, client_of(server, "legacy") as legacy:
            workers = [asyncio.create_task(work(client)) for client in (modern, legacy) for _ in range(CALLS)]
            await before.wait()
            server.process.send_signal(signal.SIGKILL)
            await server.end()
            await stack.enter_async_context(server_process(QARNOT_MCP_PORT=str(server.port), **settings))
            is_back.set()
            counts = await asyncio.gather(*workers)
        assert all(after == 3 for _, after in counts)
        assert sum(lost for lost, _ in counts) > 0

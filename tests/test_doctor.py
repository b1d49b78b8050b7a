"""The doctor's findings, each thing right and each thing wrong."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from qarnot_mcp.doctor import Finding, findings
from qarnot_mcp.sandbox.app import create_app as create_sandbox
from qarnot_mcp.web.app import open_transport
from tests.support.ports import free_port
from tests.support.running_server import settings_for
from tests.support.serving import serve


async def found(api_url: str, **changes: Any) -> dict[str, Finding]:
    settings = settings_for(api_url, **{"port": free_port(), "retry_seconds": 0, **changes})
    return {finding.name: finding async for finding in findings(settings, open_transport(settings))}


@asynccontextmanager
async def api_at(date: str | None) -> AsyncIterator[str]:
    """A Qarnot whose clock says this in the Date header; uvicorn would write one of its own."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        said = f"Date: {date}\r\n" if date else ""
        writer.write(f"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n{said}\r\n{{}}".encode())
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def test_a_setup_that_works() -> None:
    async with serve(create_sandbox()) as api_url:
        good = await found(api_url, api_key="sandbox-key")
    assert all(finding.good for finding in good.values())
    assert list(good) == ["settings", "api", "clock", "key", "port", "tunnel"]
    assert good["api"].text == f"{api_url}/v1 answers"
    assert "sandbox@example.org" in good["key"].text
    assert str(good["api"]).startswith("ok    api ")


async def test_a_tool_set_that_is_not_known() -> None:
    async with serve(create_sandbox()) as api_url:
        finding = (await found(api_url, toolsets="storge"))["settings"]
    assert not finding.good
    assert finding.text.startswith("QARNOT_MCP_TOOLSETS is 'storge', which is not valid: ")


async def test_no_key_is_no_fault() -> None:
    async with serve(create_sandbox()) as api_url:
        finding = (await found(api_url))["key"]
    assert finding == Finding("key", True, "QARNOT_API_KEY is not set: callers bring keys of their own")


async def test_a_wrong_key_says_where_keys_are() -> None:
    async with serve(create_sandbox()) as api_url:
        finding = (await found(api_url, api_key="mistyped-key"))["key"]
    assert not finding.good
    assert "refused the API key" in finding.text
    assert "https://tasq.qarnot.com/settings/access-token" in finding.text
    assert "mistyped-key" not in finding.text
    assert str(finding).startswith("FAIL  key ")


async def test_an_api_that_is_not_there() -> None:
    wrong = await found(f"http://127.0.0.1:{free_port()}", api_key="a-key")
    assert [name for name, finding in wrong.items() if not finding.good] == ["api", "key"]
    assert "QARNOT_BASE_URL" in wrong["api"].text


async def test_a_clock_that_is_wrong() -> None:
    async with api_at("Mon, 02 Jan 2023 03:04:05 GMT") as api_url:
        finding = (await found(api_url))["clock"]
    assert not finding.good
    assert "set this machine's clock" in finding.text


@pytest.mark.parametrize("date", ["yesterday", "Mon, 02 Jan 2023 03:04:05 -0000", None])
async def test_a_date_that_says_nothing_is_no_finding(date: str | None) -> None:
    async with api_at(date) as api_url:
        assert "not compared" in (await found(api_url))["clock"].text


async def test_a_port_that_is_taken() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        async with serve(create_sandbox()) as api_url:
            finding = (await found(api_url, port=other.getsockname()[1]))["port"]
    assert not finding.good
    assert "QARNOT_MCP_PORT" in finding.text


async def test_a_public_address_is_told_with_its_mode() -> None:
    async with serve(create_sandbox()) as api_url:
        finding = (await found(api_url, public_url="https://mcp.example.org"))["tunnel"]
    assert finding.good
    assert finding.text == "mode oauth; clients connect to https://mcp.example.org/mcp"


async def test_a_tunnel_that_tells_no_address() -> None:
    async with api_at(None) as tunnel, serve(create_sandbox()) as api_url:
        finding = (await found(api_url, tunnel_metrics_url=tunnel))["tunnel"]
    assert not finding.good
    assert "is cloudflared running?" in finding.text

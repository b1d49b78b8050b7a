"""The doctor's findings, each thing right and each thing wrong."""

import asyncio
import shutil
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from qarnot_mcp.doctor import Finding, findings
from qarnot_mcp.sandbox.app import create_app as create_sandbox
from qarnot_mcp.web.app import open_transport
from tests.support.ports import free_port
from tests.support.processes import running
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
    assert list(good) == [
        *("settings", "api", "clock", "key", "port", "tunnel", "address", "path", "mode", "reach"),
    ]
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


@pytest.mark.parametrize("date", ["yesterday", "Mon, 01 Jan 99999999999999999999 00:00:00 GMT", None])
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
        told = await found(api_url, public_url="https://mcp.example.org")
    assert told["address"] == Finding("address", True, "clients connect to https://mcp.example.org/mcp")
    assert told["mode"].text.startswith("oauth: people sign in")
    assert told["reach"].text == "everybody who reaches https://mcp.example.org, after signing in"
    assert told["callbacks"].text.startswith("any on the person's machine, Claude, ")
    assert "QARNOT_MCP_ALLOWED_REDIRECTS" in told["callbacks"].text


async def test_a_key_that_the_world_can_spend_names_its_mend() -> None:
    public = {"public_url": "https://mcp.example.org", "api_key": "sandbox-key", "auth": "key"}
    async with serve(create_sandbox()) as api_url:
        told = (await found(api_url, **public))["reach"]
        container = (await found(api_url, host="0.0.0.0", api_key="sandbox-key"))["reach"]
        alone = (await found(api_url, api_key="sandbox-key"))["reach"]
    assert told.text == (
        "everybody who reaches https://mcp.example.org runs tasks with QARNOT_API_KEY and spends its credits: set "
        "QARNOT_MCP_AUTH=oauth, or take the key out"
    )
    assert "of 0.0.0.0 runs tasks" in container.text
    assert alone.text == "programs on this machine only"


async def test_the_file_that_settings_come_from_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    async with serve(create_sandbox()) as api_url:
        assert (await found(api_url))["settings"].text.endswith(f"; no {tmp_path / '.env'}")
        (tmp_path / ".env").touch()
        assert (await found(api_url))["settings"].text.endswith(f"the environment and {tmp_path / '.env'}")


async def test_a_tunnel_that_is_up_gives_the_address() -> None:
    async def quicktunnel(request: Request) -> JSONResponse:
        return JSONResponse({"hostname": "some-words.trycloudflare.com"})

    metrics = Starlette(routes=[Route("/quicktunnel", quicktunnel)])
    async with serve(metrics) as tunnel, serve(create_sandbox()) as api_url:
        told = await found(api_url, tunnel_metrics_url=tunnel)
    assert told["tunnel"] == Finding("tunnel", True, "up, as https://some-words.trycloudflare.com")
    assert told["address"].text == "clients connect to https://some-words.trycloudflare.com/mcp"


async def test_a_path_that_claude_on_the_web_does_not_find() -> None:
    async with serve(create_sandbox()) as api_url:
        finding = (await found(api_url, public_url="https://mcp.example.org", path="/qarnot/mcp"))["path"]
    assert not finding.good
    assert "QARNOT_MCP_PATH is /qarnot/mcp" in finding.text


async def test_a_tunnel_that_tells_no_address() -> None:
    async with api_at(None) as tunnel, serve(create_sandbox()) as api_url:
        finding = (await found(api_url, tunnel_metrics_url=tunnel))["tunnel"]
    assert not finding.good
    assert "is cloudflared running?" in finding.text


async def test_a_public_address_that_cannot_be_used_is_a_finding_and_no_traceback() -> None:
    async with serve(create_sandbox()) as api_url:
        finding = (await found(api_url, public_url="http://mcp.example.org"))["address"]
    assert not finding.good
    assert "which is not https" in finding.text


async def of_sign_in(tmp_path: Path, **changes: Any) -> dict[str, Finding]:
    settings = {"auth": "oauth", "secret_file": tmp_path / "secret", **changes}
    async with serve(create_sandbox()) as api_url:
        return await found(api_url, **settings)


async def test_the_secret_of_the_sign_in_is_looked_at_and_not_made(tmp_path: Path) -> None:
    assert (await of_sign_in(tmp_path))["secret"].text.startswith("made at the first start")
    assert not (tmp_path / "secret").exists()
    assert (await of_sign_in(tmp_path, secret_key=["s" * 40]))["secret"].text == "set by QARNOT_MCP_SECRET_KEY"


async def test_a_secret_file_that_the_start_would_refuse_is_a_finding(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("s" * 40)
    (tmp_path / "secret").chmod(0o644)
    finding = (await of_sign_in(tmp_path))["secret"]
    assert not finding.good
    assert "others can read or write" in finding.text
    (tmp_path / "secret").chmod(0o600)
    assert (await of_sign_in(tmp_path))["secret"].good


async def test_a_secret_file_that_would_live_in_memory_only_is_a_finding(tmp_path: Path) -> None:
    finding = (await of_sign_in(tmp_path, secret_file=tmp_path))["secret"]
    assert not finding.good
    assert "set QARNOT_MCP_SECRET_KEY" in finding.text


async def test_a_store_that_does_not_answer_is_a_finding_without_its_password(tmp_path: Path) -> None:
    assert (await of_sign_in(tmp_path))["store"].text == "in memory: for one process"
    url = SecretStr(f"redis://:hidden-password@127.0.0.1:{free_port()}/0")
    finding = (await of_sign_in(tmp_path, store_url=url))["store"]
    assert not finding.good
    assert "QARNOT_MCP_STORE_URL" in finding.text
    assert "hidden-password" not in finding.text
    wrong = (await of_sign_in(tmp_path, store_url=SecretStr("mysql://:hidden-password@somewhere")))["store"]
    assert not wrong.good
    assert "hidden-password" not in wrong.text


@pytest.mark.e2e
@pytest.mark.skipif(shutil.which("redis-server") is None, reason="Redis is not installed: apt install redis-server")
async def test_a_store_that_answers(tmp_path: Path) -> None:
    port = free_port()
    async with running("redis-server", "--port", str(port), "--save", "", "--dir", str(tmp_path)) as redis:
        await redis.until("Ready to accept connections")
        finding = (await of_sign_in(tmp_path, store_url=SecretStr(f"redis://127.0.0.1:{port}/0")))["store"]
    assert finding == Finding("store", True, "Redis answers")

"""What a server process says at its start, and which start it refuses."""

from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from tests.support.command_line import CommandLine
from tests.support.ports import free_port
from tests.support.processes import OAUTH, server_process
from tests.support.serving import serve

TUNNEL = "some-words.trycloudflare.com"


async def quicktunnel(request: Request) -> JSONResponse:
    return JSONResponse({"hostname": TUNNEL})


@pytest.mark.e2e
@pytest.mark.parametrize("server_key", ["", "the-servers-key"])
async def test_a_tunnel_is_found_announced_and_served_and_publishes_no_key(
    http: httpx.AsyncClient, tmp_path: Path, server_key: str
) -> None:
    secret_file = str(tmp_path / "secret")
    async with (
        serve(Starlette(routes=[Route("/quicktunnel", quicktunnel)])) as metrics_url,
        server_process(
            QARNOT_MCP_TUNNEL_METRICS_URL=metrics_url, QARNOT_MCP_SECRET_FILE=secret_file, QARNOT_API_KEY=server_key
        ) as server,
    ):
        text = await server.until(f"https://{TUNNEL}/mcp")
        assert "Access mode oauth" in text
        assert "was made, and is kept in" in text
        headers = {"Host": TUNNEL, "X-Forwarded-Proto": "https", "Origin": f"https://{TUNNEL}"}
        response = await http.post(server.url, headers=headers)
        assert response.status_code == 401
        assert f"https://{TUNNEL}/.well-known/" in response.headers["www-authenticate"]


@pytest.mark.e2e
async def test_a_server_with_its_own_key_in_the_open_warns(tmp_path: Path) -> None:
    async with server_process(QARNOT_API_KEY="the-servers-key", QARNOT_MCP_HOST="0.0.0.0") as server:
        text = await server.until("spend its credits")
        assert "WARNING" in text
        assert "settings from the environment" in text.splitlines()[1]
        assert "the-servers-key" not in text


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"QARNOT_MCP_PUBLIC_URL": "http://mcp.example.org"}, "which is not https"),
        ({"QARNOT_MCP_PUBLIC_URL": "https://mcp.example.org/mcp"}, "which has a path"),
        ({"QARNOT_MCP_STORE_URL": "mysql://somewhere"}, "QARNOT_MCP_STORE_URL is (hidden)"),
    ],
)
def test_a_setting_that_cannot_be_used_stops_the_start_with_one_line(
    command_line: CommandLine, settings: dict[str, str], said: str
) -> None:
    ended = command_line.run("--port", str(free_port()), **OAUTH, **settings)
    assert ended.returncode == 2
    assert said in ended.stderr
    assert len(ended.stderr.splitlines()) == 1

"""The files of docs/proxies.md as they stand there, run with the proxies that are installed."""

import re
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from tests.support.ports import free_port
from tests.support.processes import ROOT, reachable, running
from tests.support.running_server import full_server
from tests.support.sign_in import SignIn, parameters_of

pytestmark = pytest.mark.e2e

PAGE = (ROOT / "docs" / "proxies.md").read_text()
HOSTS = {"/mcp": "mcp.example.org", "/qarnot/mcp": "www.example.org"}


def snippet(language: str, host: str) -> str:
    """Return the file of a proxy for a host."""
    files: list[str] = re.findall(rf"```{language}\n(.*?)```", PAGE, re.S)
    return next(text for text in files if host in text)


@asynccontextmanager
async def nginx(file: str, folder: Path, port: int, upstream: str, host: str) -> AsyncIterator[None]:
    """Run nginx with a server block."""
    block = file.replace("listen 443 ssl", f"listen 127.0.0.1:{port}").replace(
        f"server_name {host}", "server_name localhost"
    )
    temporary = "".join(f"{kind}_temp_path {folder};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    http = f"access_log off; {temporary} {block.replace('127.0.0.1:8000', upstream)}"
    config = folder / "nginx.conf"
    config.write_text(f"daemon off; pid {folder}/pid; error_log stderr; events {{}} http {{ {http} }}")
    async with running("nginx", "-c", str(config)):
        await reachable(port)
        yield


@asynccontextmanager
async def caddy(file: str, folder: Path, port: int, upstream: str, host: str) -> AsyncIterator[None]:
    """Run Caddy with a site."""
    site = file.replace(f"{host} {{", f"http://localhost:{port} {{\n  bind 127.0.0.1").replace(
        "127.0.0.1:8000", upstream
    )
    config = folder / "Caddyfile"
    config.write_text(f"{{\n  admin off\n}}\n{site}")
    home = {"HOME": str(folder), "XDG_DATA_HOME": str(folder)}
    async with running("caddy", "run", "--config", str(config), "--adapter", "caddyfile", **home):
        await reachable(port)
        yield


PROXIES = {"nginx": nginx, "caddy": caddy}


@pytest.mark.parametrize("path", HOSTS, ids=["a host of its own", "below a path"])
@pytest.mark.parametrize("proxy", PROXIES)
async def test_a_client_signs_in_and_calls_through_the_proxy_of_the_page(proxy: str, path: str, tmp_path: Path) -> None:
    if shutil.which(proxy) is None:
        pytest.skip(f"{proxy} is not installed: apt install {proxy}")
    port = free_port()
    origin = f"http://localhost:{port}"
    async with full_server(public_url=origin, path=path) as server, httpx.AsyncClient(timeout=10) as http:
        upstream = server.origin.removeprefix("http://").replace("localhost", "127.0.0.1")
        file = snippet(proxy, HOSTS[path])
        async with PROXIES[proxy](file, tmp_path, port, upstream, HOSTS[path]):
            metadata = (await http.get(f"{origin}/.well-known/oauth-protected-resource{path}")).json()
            assert metadata["resource"] == origin + path
            sign_in = SignIn(origin, http)
            await sign_in.register()
            page = await sign_in.page(resource=origin + path)
            code = parameters_of(await sign_in.post(page, "sandbox-alice"))["code"]
            tokens = (await sign_in.exchange(code, resource=origin + path)).json()
            body = {
                "jsonrpc": "2.0",
                "id": 1,
                "method": "tools/call",
                "params": {"name": "list_profiles", "arguments": {}},
            }
            headers = {
                "Accept": "application/json, text/event-stream",
                "MCP-Protocol-Version": "2025-06-18",
                "Authorization": f"Bearer {tokens['access_token']}",
            }
            answer = await http.post(origin + path, json=body, headers=headers)
            assert (answer.status_code, "docker-batch" in answer.text) == (200, True)
            assert (await http.post(f"{origin}{path}/", json=body, headers=headers)).status_code == 200
            if path == "/mcp":
                assert (await http.get(f"{origin}/health")).status_code == 200
            else:
                assert (await http.get(f"{origin}/elsewhere")).status_code == 404

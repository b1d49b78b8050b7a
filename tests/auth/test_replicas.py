"""Two replicas behind a real nginx, with a real Redis between them."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from qarnot_mcp.sandbox.app import create_app as create_sandbox
from tests.support.ports import free_port
from tests.support.processes import OAUTH, reachable, running, server_process
from tests.support.running_server import AT_ONCE
from tests.support.serving import serve
from tests.support.sign_in import SignIn, parameters_of

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.timeout(120),
    pytest.mark.skipif(shutil.which("nginx") is None, reason="nginx is not installed: apt install nginx-light"),
    pytest.mark.skipif(shutil.which("redis-server") is None, reason="Redis is not installed: apt install redis-server"),
]

ALICE = "sandbox-alice"
NGINX = """
daemon off; pid {folder}/nginx.pid; error_log stderr; worker_processes 1;
events {{ worker_connections 256; }}
http {{
  access_log off; client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  proxy_http_version 1.1; proxy_buffering off; proxy_set_header Host $http_host;
  proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for; proxy_set_header X-Forwarded-Proto $scheme;
  upstream both {{ server 127.0.0.1:{first}; server 127.0.0.1:{second}; }}
  server {{ listen 127.0.0.1:{public}; location / {{ proxy_pass http://both; }} }}
  server {{ listen 127.0.0.1:{public_first}; location / {{ proxy_pass http://127.0.0.1:{first}; }} }}
  server {{ listen 127.0.0.1:{public_second}; location / {{ proxy_pass http://127.0.0.1:{second}; }} }}
}}
"""


@dataclass
class Replicas:
    """Two server processes; `origin` balances between them, `first` and `second` lead to one each, all by nginx."""

    api_url: str
    ports: dict[str, int]

    def address(self, name: str) -> str:
        return f"http://localhost:{self.ports[name]}"

    async def start(self, stack: AsyncExitStack) -> None:
        settings = {
            **OAUTH,
            "QARNOT_BASE_URL": self.api_url,
            "QARNOT_MCP_PUBLIC_URL": self.address("public"),
            "QARNOT_MCP_STORE_URL": f"redis://127.0.0.1:{self.ports['redis']}/0",
        }
        servers = (server_process(QARNOT_MCP_PORT=str(self.ports[name]), **settings) for name in ("first", "second"))
        await asyncio.gather(*(stack.enter_async_context(server) for server in servers))


@pytest.fixture
async def replicas(tmp_path: Path) -> AsyncIterator[Replicas]:
    names = ("first", "second", "public", "public_first", "public_second", "redis")
    ports = {name: free_port() for name in names}
    (tmp_path / "nginx.conf").write_text(NGINX.format(folder=tmp_path, **ports))
    async with AsyncExitStack() as stack:
        api_url = await stack.enter_async_context(serve(create_sandbox(speed=AT_ONCE, seed=1)))
        redis = (
            "redis-server",
            "--port",
            str(ports["redis"]),
            "--bind",
            "127.0.0.1",
            "--save",
            "",
            "--dir",
            str(tmp_path),
        )
        program = await stack.enter_async_context(running(*redis))
        await program.until("Ready to accept connections")
        await stack.enter_async_context(running("nginx", "-p", str(tmp_path), "-c", str(tmp_path / "nginx.conf")))
        await reachable(ports["public"])
        yield Replicas(api_url, ports)


async def test_a_session_lives_on_both_replicas_and_survives_parallel_refreshes_and_their_restart(
    replicas: Replicas, http: httpx.AsyncClient
) -> None:
    origin, first, second = (replicas.address(name) for name in ("public", "public_first", "public_second"))
    sign_in = SignIn(origin, http, at=first)
    async with AsyncExitStack() as stack:
        await replicas.start(stack)

        # Signed in on the first: the page may be served by either, the code is fetched at the first.
        await sign_in.register()
        code = parameters_of(await sign_in.post(await sign_in.page(), ALICE))["code"]
        tokens = (await sign_in.exchange(code)).json()

        # Called on the second.
        sign_in.at = second
        assert (await sign_in.call(tokens["access_token"], "list_profiles")).status_code == 200

        # A code that was used on one is refused on the other, and the session it began is over on both.
        thief = SignIn(origin, http, at=first)
        await thief.register()
        stolen = await thief.code(ALICE)
        begun = (await thief.exchange(stolen)).json()
        thief.at = second
        assert (await thief.exchange(stolen)).status_code == 400
        for thief.at in (first, second):
            assert (await thief.call(begun["access_token"])).status_code == 401

        # Refreshed on the first.
        sign_in.at = first
        refreshed = await sign_in.refresh(tokens["refresh_token"])
        assert refreshed.status_code == 200

        # Refreshed ten times at once, on whichever: no session ends.
        crowd = SignIn(origin, http)
        begun = await crowd.tokens(ALICE)
        responses = await asyncio.gather(*(crowd.refresh(begun["refresh_token"]) for _ in range(10)))
        for response in responses:
            assert response.status_code == 200
            assert (await crowd.call(response.json()["access_token"], "list_profiles")).status_code == 200

    # Both stop and start again: the person stays signed in.
    async with AsyncExitStack() as stack:
        await replicas.start(stack)
        current = refreshed.json()
        for sign_in.at in (first, second):
            assert (await sign_in.call(current["access_token"], "list_profiles")).status_code == 200
        latest = (await sign_in.refresh(current["refresh_token"])).json()

        # An older token that is replayed on the other ends the session on both.
        sign_in.at = first
        assert (await sign_in.refresh(tokens["refresh_token"])).status_code == 400
        for sign_in.at in (first, second):
            assert (await sign_in.call(latest["access_token"], "list_profiles")).status_code == 401
            assert (await sign_in.refresh(latest["refresh_token"])).status_code == 400
